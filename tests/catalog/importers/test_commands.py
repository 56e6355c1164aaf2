import io

import pytest
from django.core.management import CommandError, call_command

from catalog.models import Interaction, Product, Shopper
from tests.catalog.importers.builders import HEADER, shop_table, write_csv
from tests.factories import ProductFactory

pytestmark = pytest.mark.django_db


def run(*words):
    out, err = io.StringIO(), io.StringIO()
    call_command(*(str(word) for word in words), stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def test_import_products_ends_with_the_counts(tmp_path):
    source = shop_table(tmp_path, 3)
    (source / "images/P1.jpg").write_bytes(b"text")

    out, err = run("import_products", source)

    assert out == "2 created, 0 updated, 0 unchanged, 1 failed\n"
    assert err.startswith("products.csv line 3: images/P1.jpg: not a picture that can be read")
    assert run("import_products", source)[0] == "0 created, 0 updated, 2 unchanged, 1 failed\n"


def test_limit_and_dry_run(tmp_path):
    source = shop_table(tmp_path, 3)

    assert run("import_products", source, "--limit=2", "--dry-run") == (
        "2 created, 0 updated, 0 unchanged, 0 failed (dry run: nothing was written)\n",
        "",
    )
    assert not Product.objects.exists()


@pytest.mark.parametrize("limit", ["0", "-1", "many"])
def test_a_limit_that_makes_no_sense(tmp_path, limit):
    with pytest.raises(CommandError, match=f"'{limit}' is not a whole number above 0"):
        run("import_products", shop_table(tmp_path), f"--limit={limit}")


@pytest.mark.parametrize("command", ["import_products", "import_interactions"])
def test_a_source_that_cannot_be_read_is_one_clear_error(tmp_path, command):
    with pytest.raises(CommandError, match="nowhere does not exist"):
        run(command, tmp_path / "nowhere")


def test_a_bar_shows_the_progress(tmp_path, capsys):
    run("import_products", shop_table(tmp_path, 3))
    assert "3/3" in capsys.readouterr().err

    run("import_products", tmp_path, "--verbosity=0")
    assert capsys.readouterr().err == ""


def test_only_the_first_problems_are_printed_and_the_others_counted(tmp_path):
    rows = [[f"P{number}", "Title", "Shoes", "1", "no.jpg"] for number in range(53)]

    out, err = run("import_products", write_csv(tmp_path / "t.csv", rows, HEADER))

    assert out == "0 created, 0 updated, 0 unchanged, 53 failed\n"
    assert len(err.splitlines()) == 51
    assert err.splitlines()[49:] == ["t.csv line 51: no.jpg: there is no such file", "… and 3 more"]


def test_import_interactions_ends_with_the_counts(tmp_path):
    ProductFactory(sku="A")
    rows = [["u1", "A", "like", "2026-01-02"], ["u1", "NOPE", "like", "2026-01-02"]]
    file = write_csv(tmp_path / "t.csv", rows, ["user", "sku", "kind", "timestamp"])

    out, err = run("import_interactions", file, "--simulated")

    assert out == "1 accepted, 0 duplicates, 1 failed\n"
    assert err == "t.csv line 3: There is no product 'NOPE'.\n"
    assert Interaction.objects.count() == 1
    assert Shopper.objects.get().is_simulated
