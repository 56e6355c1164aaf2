import pytest

from catalog.models import Product
from tests.catalog.importers.builders import run_command, shop_table

pytestmark = pytest.mark.django_db


def test_import_products_ends_with_the_counts(tmp_path):
    source = shop_table(tmp_path, 3)
    (source / "images/P1.jpg").write_bytes(b"text")

    out, err = run_command("import_products", source)

    assert out == "2 created, 0 updated, 0 unchanged, 1 failed\n"
    assert err.startswith("products.csv line 3: images/P1.jpg: not a picture that can be read")
    assert run_command("import_products", source)[0] == "0 created, 0 updated, 2 unchanged, 1 failed\n"


def test_limit_and_dry_run_of_products(tmp_path):
    source = shop_table(tmp_path, 3)

    assert run_command("import_products", source, "--limit=2", "--dry-run") == (
        "2 created, 0 updated, 0 unchanged, 0 failed (dry run: nothing was written)\n",
        "",
    )
    assert not Product.objects.exists()
