import pytest
from django.core.management.base import CommandError

from catalog.models import Product
from tests.catalog.importers.builders import jpegs, run_command, shop_table, write_csv, write_folder

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


def foreign_table(folder):
    folder.mkdir()
    write_folder(folder, jpegs(["a.jpg"]))
    return write_csv(
        folder / "t.csv", [["7", "Hut", "Hüte", "5", "a.jpg"]], ["Nr", "Was", "Sorte", "Kosten", "Ansicht"]
    )


CHOICES = ["--set=Nr=sku", "--set=Was=title", "--set=sorte=category", "--set=Kosten=price", "--set=Ansicht=image"]


def test_columns_that_nobody_would_recognise_are_chosen_previewed_and_stored_under_a_name(tmp_path):
    source = foreign_table(tmp_path / "one")
    with pytest.raises(CommandError, match="lacks: sku, title, category, price, image"):
        run_command("import_products", source)

    shown, _ = run_command("import_products", source, *CHOICES, "--profile=ours", "--preview")
    assert "Sorte -> category\n" in shown and "7 | Hut | Hüte | 5\n" in shown
    assert not Product.objects.exists()
    with pytest.raises(CommandError, match="there is no profile ours"):
        run_command("import_products", source, "--profile=ours")

    assert run_command("import_products", source, *CHOICES, "--profile=ours")[0].startswith("1 created")
    for again in (tmp_path / "one", tmp_path):  # a folder around the folder, as in most zips
        assert run_command("import_products", again, "--profile=ours")[0].startswith(
            "0 created, 0 updated, 1 unchanged"
        )


@pytest.mark.parametrize(
    ("choice", "reason"),
    [
        ("Art=sku", "t.csv has no column Art; its columns are Nr, Was"),
        ("Nr=sku", "lacks: title, category, price, image"),
    ],
)
def test_a_choice_that_does_not_fit_the_table_is_told(tmp_path, choice, reason):
    foreign_table(tmp_path / "one")

    for source in (tmp_path, tmp_path / "one/t.csv"):
        with pytest.raises(CommandError, match=reason):
            run_command("import_products", source, f"--set={choice}")
