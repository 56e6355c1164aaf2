import pytest
from django.core.management import CommandError, call_command

from catalog.importers import import_products
from catalog.models import Product
from tests.factories import ProductFactory, image_bytes

pytestmark = pytest.mark.django_db


def feed(folder, *rows: str):
    """A table of these SKUs, or of whole rows."""
    (folder / "a.png").write_bytes(image_bytes(1))
    lines = [row if "," in row or not row else f"{row},Boots,Shoes,9.50,a.png" for row in rows]
    (folder / "products.csv").write_text("\n".join(["sku,title,category,price,image", *lines, ""]))
    return folder


def shown() -> list[str]:
    return sorted(Product.objects.visible().values_list("sku", flat=True))


def test_what_has_left_the_source_is_hidden_and_shown_again_when_it_is_back(tmp_path):
    import_products(feed(tmp_path, "A", "B", "C"), retire=True)
    Product.objects.filter(sku="C").update(is_hidden=True)  # by staff

    left = import_products(feed(tmp_path, "A", "C"), retire=True)
    after = shown()
    back = import_products(feed(tmp_path, "A", "B", "C"), retire=True)

    assert left.notes[-1] == "0 shown again, 1 hidden, as the source does not name them"
    assert (after, shown()) == (["A"], ["A", "B"])
    assert back.notes[-1] == "1 shown again, 0 hidden, as the source does not name them"
    assert not Product.objects.exclude(retired_at=None).exists()


def test_what_had_left_a_feed_is_shown_again_by_any_other_import_of_it(tmp_path):
    import_products(feed(tmp_path, "A", "B"), retire=True)
    import_products(feed(tmp_path, "A"), retire=True)

    trial = import_products(feed(tmp_path, "B"), dry_run=True)
    assert (trial.notes[-1], shown()) == ("1 product that had left its feed is shown again", ["A"])
    import_products(feed(tmp_path, "B"))
    assert shown() == ["A", "B"]
    assert import_products(feed(tmp_path, "B")).notes == []


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        (["A"], "the source lacks 3 of 4 products"),
        (["A", "B", ",Hat,Hats,5,a.png"], "1 row has no SKU that can be read"),
    ],
)
def test_an_incomplete_source_hides_nothing(tmp_path, rows, reason):
    for sku in "ABCD":
        ProductFactory(sku=sku, image=False)

    report = import_products(feed(tmp_path, *rows), retire=True)

    assert report.notes[-1] == f"0 shown again; nothing was hidden: {reason}"
    assert shown() == ["A", "B", "C", "D"]


def test_a_product_whose_row_is_refused_has_not_left(tmp_path):
    for sku in "ABC":
        ProductFactory(sku=sku, image=False)

    report = import_products(feed(tmp_path, "A", "B,Boots,Shoes,cheap,a.png"), retire=True)

    assert (report.failed, shown()) == (1, ["A", "B"])


def test_a_trial_hides_nothing(tmp_path):
    for sku in "ABC":
        ProductFactory(sku=sku, image=False)

    report = import_products(feed(tmp_path, "A", "B"), retire=True, dry_run=True)

    assert "1 hidden" in report.notes[-1]
    assert shown() == ["A", "B", "C"]


def test_a_part_of_the_source_is_not_taken_for_all(tmp_path):
    with pytest.raises(CommandError, match="leave --limit away"):
        call_command("import_products", str(feed(tmp_path, "A")), retire=True, limit=1)
