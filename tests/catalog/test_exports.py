import csv
import json
import tracemalloc
import zipfile

import pytest

from catalog import exports, images, products
from catalog.errors import ExportFailed
from catalog.importers import import_interactions, import_products
from catalog.models import Interaction, Product, ProductImage
from tests.factories import InteractionFactory, ProductFactory, ShopperFactory, image_bytes

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop() -> None:
    odd = ProductFactory(
        sku="A,1",
        title='Boots "Zoë"; red, warm',
        category__name="Boots & more",
        price="1249.90",
        currency="CHF",
        in_stock=False,
        attributes={"colour": "red, blue", "heel": 7.5, "waterproof": True, "text": "a\nb"},
        image=1,
    )
    ProductFactory(sku="B-2", title="Bag", category__name="Bags", is_hidden=True, attributes={"Image": "x"}, image=3)
    products.add_images(odd, [images.read_image(image_bytes(2))])


def stored() -> list[tuple]:
    rows = Product.objects.order_by("sku").values_list()
    return [list(rows), list(ProductImage.objects.order_by("pk").values_list("pk", "position", "file_hash"))]


def test_an_exported_shop_is_imported_again_unchanged(shop, tmp_path):
    before = stored()

    assert exports.export_products(tmp_path / "shop.zip", Product.objects.all()) == 2
    report = import_products(tmp_path / "shop.zip")

    assert (report.unchanged, report.updated, report.created, report.problems) == (2, 0, 0, [])
    assert stored() == before


def test_an_exported_shop_fills_an_empty_one(shop, tmp_path):
    exports.export_products(tmp_path / "shop.zip", Product.objects.all())
    columns = ("sku", "title", "category__name", "price", "currency", "in_stock", "is_hidden", "url")
    before = list(Product.objects.order_by("sku").values_list(*columns))
    hashes = list(ProductImage.objects.order_by("product__sku", "position").values_list("content_hash"))
    Product.objects.all().delete()

    assert import_products(tmp_path / "shop.zip").created == 2

    assert list(Product.objects.order_by("sku").values_list(*columns)) == before
    assert list(ProductImage.objects.order_by("product__sku", "position").values_list("content_hash")) == hashes


def test_json_lines_have_values_as_they_are(shop, tmp_path):
    exports.export_products(tmp_path / "shop.jsonl", Product.objects.filter(sku="A,1"))

    [found] = [json.loads(line) for line in (tmp_path / "shop.jsonl").read_text().splitlines()]

    assert (found["heel"], found["waterproof"], found["price"], found["in_stock"]) == (7.5, True, "1249.90", "no")
    assert found["image_2"] == Product.objects.get(sku="A,1").images.last().file.name


def test_interactions_are_imported_again_unchanged(tmp_path):
    ada = ShopperFactory(key="ada")
    InteractionFactory(shopper=ada, kind="like", event_id="e1")
    InteractionFactory(shopper=ada, kind="purchase", event_id="e2")

    InteractionFactory(shopper=None, session="guest", kind="view", event_id="")

    assert exports.export_interactions(tmp_path / "events.csv", Interaction.objects.all()) == 3
    report = import_interactions(tmp_path / "events.csv")

    assert (report.accepted, report.duplicates, Interaction.objects.count()) == (0, 3, 3)
    with (tmp_path / "events.csv").open() as file:
        assert [row["kind"] for row in csv.DictReader(file)] == ["like", "purchase", "view"]


def test_interactions_without_ids_are_new_to_another_shop_once(tmp_path):
    InteractionFactory(shopper=ShopperFactory(key="ada"), event_id="", is_verified=True)
    exports.export_interactions(tmp_path / "events.jsonl", Interaction.objects.all())
    Interaction.objects.all().delete()
    InteractionFactory(event_id="")  # of that shop, which has numbers of its own

    first, second = (import_interactions(tmp_path / "events.jsonl") for _ in range(2))

    assert (first.accepted, second.accepted, second.duplicates) == (1, 0, 1)
    exports.export_interactions(tmp_path / "back.jsonl", Interaction.objects.filter(shopper__key="ada"))
    assert (tmp_path / "back.jsonl").read_text() == (tmp_path / "events.jsonl").read_text()


def test_a_file_that_cannot_be_written_leaves_the_former_one(shop, tmp_path):
    (tmp_path / "shop.zip").write_text("former")

    with pytest.raises(ExportFailed, match=r"a name that ends in \.csv, \.jsonl, \.zip is expected"):
        exports.export_products(tmp_path / "shop.xml", Product.objects.all())
    with pytest.raises(ExportFailed, match="cannot be written: No such file or directory"):
        exports.export_products(tmp_path / "none" / "shop.csv", Product.objects.all())
    with pytest.raises(ExportFailed, match="is expected"):
        exports.export_interactions(tmp_path / "events.zip", Interaction.objects.all())

    assert (tmp_path / "shop.zip").read_text() == "former"
    assert [path.name for path in tmp_path.iterdir()] == ["shop.zip"]


def test_rows_are_written_as_they_are_read():
    tracemalloc.start()
    rows = ({"sku": f"P{number}", "title": "x" * 1000} for number in range(20_000))

    length = sum(map(len, exports.csv_lines(["sku", "title"], rows)))

    assert length > 20_000_000 and tracemalloc.get_traced_memory()[1] < 1_000_000
    tracemalloc.stop()


def test_an_image_that_is_lost_is_left_out(shop, tmp_path):
    image = ProductImage.objects.first()
    image.file.storage.delete(image.file.name)

    exports.export_products(tmp_path / "shop.zip", Product.objects.all())

    names = zipfile.ZipFile(tmp_path / "shop.zip").namelist()
    assert image.file.name not in names and len(names) == 3


FORMULAS = ("=1+1", '=HYPERLINK("x"),"y"', "-5", "-", "+41 79", "@SUM(A1)", "'=1", "'00042", '="00042"')


@pytest.mark.parametrize("name", ["shop.csv", "shop.jsonl"])
def test_texts_that_would_be_formulas_are_imported_as_they_were(tmp_path, name):
    for number, text in enumerate(FORMULAS):
        ProductFactory(sku=f"={number}", title=text, category__name=text, attributes={"=care": text}, image=number)
        ProductFactory(sku=f"A{number}", title=f"A {text}", attributes={text: "x"}, image=number + 20)
    before = stored()
    exports.export_products(tmp_path / name, Product.objects.all())
    with zipfile.ZipFile(tmp_path / "shop.zip", "w") as archive:
        archive.write(tmp_path / name, f"products{name.removeprefix('shop')}")
        for image in ProductImage.objects.all():
            archive.write(image.file.path, image.file.name)

    report = import_products(tmp_path / "shop.zip")

    assert (report.unchanged, report.updated, report.created, report.problems) == (2 * len(FORMULAS), 0, 0, [])
    assert stored() == before


def test_no_cell_of_a_csv_is_a_formula(tmp_path):
    record = {"=name": "=1+1", "price": "-5.00", "text": "\t@SUM(A1)", "list": ["-x", "y"]}

    header, row = csv.reader(exports.csv_lines(list(record), [record]))

    assert header == ["'=name", "price", "text", "list"]
    assert row == ["'=1+1", "-5.00", "'@SUM(A1)", "'-x, y"]


@pytest.mark.parametrize("name", ["events.csv", "events.jsonl"])
def test_shoppers_and_ids_that_would_be_formulas_are_imported_as_they_were(tmp_path, name):
    for number, text in enumerate(FORMULAS):
        InteractionFactory(
            shopper=ShopperFactory(key=text), product=ProductFactory(sku=f"@{number}"), event_id=f"{text} {number}"
        )
    assert exports.export_interactions(tmp_path / name, Interaction.objects.all()) == len(FORMULAS)

    report = import_interactions(tmp_path / name)

    assert (report.accepted, report.duplicates, report.problems) == (0, len(FORMULAS), [])


@pytest.mark.parametrize("name", ["events.csv", "events.jsonl"])
def test_guests_of_an_exported_shop_are_guests_of_another(tmp_path, name):
    first, second = ProductFactory(sku="A"), ProductFactory(sku="B")
    InteractionFactory(
        shopper=ShopperFactory(key="ada"), product=first, kind="purchase", event_id="order-1", is_verified=True
    )
    InteractionFactory(shopper=None, session="visitor-1", product=first, kind="view", is_verified=True)
    InteractionFactory(shopper=None, session="visitor-2", product=second, kind="like", event_id="e-1")
    columns = ("shopper__key", "session", "product__sku", "kind", "occurred_at", "is_verified")
    before = list(Interaction.objects.order_by("pk").values_list(*columns))
    assert exports.export_interactions(tmp_path / name, Interaction.objects.all()) == 3
    Interaction.objects.all().delete()

    there = import_interactions(tmp_path / name)
    again = import_interactions(tmp_path / name)

    assert list(Interaction.objects.order_by("pk").values_list(*columns)) == before
    assert (there.accepted, again.duplicates, there.problems) == (3, 3, [])
