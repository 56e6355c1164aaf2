import pytest

from catalog.importers import import_products
from catalog.importers.preview import preview
from catalog.models import ImageDownload, Product

HEADER = (
    "TITLE,DESCRIPTION,PRICE,CURRENCY_CODE,QUANTITY,TAGS,MATERIALS,"
    + ",".join(f"IMAGE{number}" for number in range(1, 11))
    + ","
    + ",".join(f"VARIATION {number} {word}" for number in (1, 2) for word in ("TYPE", "NAME", "VALUES"))
    + ",SKU"
)
IMAGES = "https://i.etsystatic.com/1/r/il/a/1/il_fullxfull.1.jpg,https://i.etsystatic.com/1/r/il/b/2/il_fullxfull.2.jpg"
ROWS = f"""\
"Fern print, vintage style wall art","Green ""leaf"" poster
in two sizes",16.00,USD,5,"fern,wall_art,green",paper,{IMAGES},,,,,,,,,Size,Size,"A4,A3",,,,"FERN-A4,FERN-A3"
"Speckled mug &amp; saucer, Küche",Clay,20.00,USD,0,mug,"clay,glaze",{IMAGES},,,,,,,,,,,,,,,
"""
pytestmark = pytest.mark.django_db


@pytest.fixture
def listings(tmp_path, settings):
    settings.IMAGE_HOSTS = ["i.etsystatic.com"]
    path = tmp_path / "EtsyListingsDownload.csv"
    path.write_text(f"{HEADER}\n{ROWS}")
    return path


def test_listings_become_products_with_their_options_and_all_images(listings):
    report, again = import_products(listings), import_products(listings)

    fern, mug = Product.objects.order_by("price")
    assert (report.created, report.failed, report.awaited, again.unchanged) == (2, 0, 4, 2)
    assert (fern.sku, fern.title, fern.category.name) == ("FERN-A4", "Fern print, vintage style wall art", "Unsorted")
    assert (str(fern.price), fern.currency, fern.in_stock, mug.in_stock) == ("16.00", "USD", True, False)
    assert fern.attributes == {
        "description": 'Green "leaf" poster in two sizes', "tags": "fern, wall art, green", "materials": "paper",
        "Size": "A4, A3", "Variant SKU": "FERN-A3",
    }  # fmt: skip
    assert (mug.sku, mug.attributes["materials"]) == ("speckled-mug-amp-saucer-küche", "clay, glaze")
    assert [row.position for row in ImageDownload.objects.filter(product=fern).order_by("position")] == [0, 1]


def test_what_is_made_up_is_said_and_a_column_can_be_chosen_for_the_category(listings):
    lines = preview(listings, {})

    assert any("Etsy's listings: it has no categories: all are in Unsorted" in line for line in lines)
    assert import_products(listings, columns={"category": "ignore", "materials": "category"}).created == 2
    assert Product.objects.get(sku="FERN-A4").category.name == "paper"
