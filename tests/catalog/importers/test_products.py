import struct
import zlib
from pathlib import Path

import pytest

from catalog import products, signals
from catalog.errors import ImportFailed
from catalog.images import read_image
from catalog.importers import import_products
from catalog.importers import products as importing
from catalog.importers.archive import Folder
from catalog.importers.table import Table
from catalog.models import Category, Product, ProductImage
from tests.catalog.importers.builders import HEADER, STYLES, jpegs, shop_table, write_csv, write_folder, write_zip
from tests.factories import image_bytes

pytestmark = pytest.mark.django_db


def counts(report):
    return report.created, report.updated, report.unchanged, report.failed


def stored_files(settings) -> list[Path]:
    return sorted(file for file in Path(settings.MEDIA_ROOT).rglob("*") if file.is_file())


def everything():
    return list(Product.objects.order_by("sku").values()), list(ProductImage.objects.order_by("pk").values())


def test_products_arrive_with_all_that_the_table_tells(tmp_path):
    report = import_products(shop_table(tmp_path, 2, currency="USD", in_stock="no", colour="red", size=""))

    first = Product.objects.get(sku="P0")
    assert counts(report) == (2, 0, 0, 0)
    assert (first.title, first.category.name, str(first.price), first.currency) == (
        "Product 0",
        "Shoes",
        "10.50",
        "USD",
    )
    assert first.in_stock is False
    assert first.attributes == {"colour": "red"}
    image = first.images.get()
    assert (image.width, image.height, image.position) == (24, 24, 0)
    assert Path(image.file.path).read_bytes() == (tmp_path / "images/P0.jpg").read_bytes()


@pytest.mark.parametrize(
    ("files", "skus"),
    [
        ({"styles.csv": STYLES} | jpegs(["images/11.jpg", "images/12.jpg", "images/13.jpg"]), ["11", "12", "13"]),
        (jpegs(["Shoes/Flats/Nike Inc./7.1.jpg", "Boots/Ankle/Nike/8.jpg"]), ["7-1", "8"]),
        (jpegs(["train/hat/a.jpg", "validation/dress/b.jpg"]), ["a", "b"]),
        ({"s.csv": "sku,title,category,price,image\nA,One,Shoes,1,a.jpg\n"} | jpegs(["a.jpg"]), ["A"]),
    ],
)
def test_every_source_is_imported_from_a_zip_and_then_unchanged_from_a_folder(tmp_path, files, skus):
    first = import_products(write_zip(tmp_path / "source.zip", files))
    before = everything()
    second = import_products(write_folder(tmp_path / "folder", files))

    assert sorted(Product.objects.values_list("sku", flat=True)) == skus
    assert counts(first) == (len(skus), 0, 0, 0)
    assert counts(second) == (0, 0, len(skus), 0)
    assert everything() == before


def test_generated_prices_are_admitted_and_leave_a_price_set_by_hand(tmp_path):
    write_folder(tmp_path, jpegs(["hat/1.jpg", "dress/2.jpg"]))
    report = import_products(tmp_path)
    assert str(report) == "2 created, 0 updated, 0 unchanged, 0 failed; the prices are made up, for the source has none"

    Product.objects.filter(sku="1").update(price="3.00", currency="CHF", in_stock=False)
    second = import_products(tmp_path)

    product = Product.objects.get(sku="1")
    assert (str(product.price), product.currency, product.in_stock) == ("3.00", "CHF", False)
    assert str(second) == "0 created, 0 updated, 2 unchanged, 0 failed"


def test_only_what_differs_is_written_and_what_the_shop_did_stays(tmp_path):
    source = shop_table(tmp_path, 3, colour="red", season="summer")
    import_products(source)
    Product.objects.filter(sku="P0").update(
        is_hidden=True, attributes={"colour": "red", "season": "summer", "ours": "x"}
    )
    rows = [
        ["P0", "Renamed", "Boots", "10.50", "images/P0.jpg", "red", ""],
        ["P1", "Product 1", "Shoes", "11.5", "images/P1.jpg", "red", "summer"],
        ["P2", "Product 2", "Shoes", "99", "images/P2.jpg", "red", "summer"],
    ]
    write_csv(source / "products.csv", rows, [*HEADER, "colour", "season"])
    before = {product.sku: product for product in Product.objects.all()}

    report = import_products(source)

    after = {product.sku: product for product in Product.objects.all()}
    assert counts(report) == (0, 2, 1, 0)
    assert (after["P0"].title, after["P0"].category.name, after["P0"].is_hidden) == ("Renamed", "Boots", True)
    assert after["P0"].attributes == {"colour": "red", "ours": "x"}
    assert after["P0"].updated_at > before["P0"].updated_at
    assert after["P1"].updated_at == before["P1"].updated_at
    assert after["P2"].price == 99


def test_a_category_is_one_however_it_is_written(tmp_path):
    write_folder(tmp_path, jpegs(["a.jpg", "b.jpg", "c.jpg", "d.jpg"]))
    Category.objects.create(name="Shoes")
    names = {"a": "shoes", "b": "High heels", "c": "high  Heels", "d": "SHOES"}
    rows = [[sku, sku, name, "1", f"{sku}.jpg"] for sku, name in names.items()]
    source = write_csv(tmp_path / "t.csv", rows)

    assert counts(import_products(source)) == (4, 0, 0, 0)
    before = everything()
    again = import_products(source)

    placed = dict(Product.objects.values_list("sku", "category__name"))
    assert placed == {"a": "Shoes", "b": "High heels", "c": "High heels", "d": "Shoes"}
    assert Category.objects.count() == 2
    assert counts(again) == (0, 0, 4, 0)
    assert everything() == before


def test_a_changed_picture_replaces_the_primary_one_and_its_file(
    tmp_path, settings, django_capture_on_commit_callbacks
):
    source = shop_table(tmp_path / "shop", 2)
    import_products(source)
    product = Product.objects.get(sku="P0")
    [second] = products.add_images(product, [read_image(image_bytes(77))])
    former = product.images.first()
    (source / "images/P0.jpg").write_bytes(image_bytes(50, format="JPEG"))

    with django_capture_on_commit_callbacks(execute=True):
        report = import_products(source)

    now = list(product.images.all())
    assert counts(report) == (0, 1, 1, 0)
    assert Path(now[0].file.path).read_bytes() == image_bytes(50, format="JPEG")
    assert now[1:] == [second]
    assert not Path(former.file.path).exists()
    assert len(stored_files(settings)) == 3


def test_the_same_picture_replaces_one_whose_file_is_lost(tmp_path, django_capture_on_commit_callbacks):
    source = shop_table(tmp_path / "shop", 2)
    import_products(source)
    Path(ProductImage.objects.get(product__sku="P0").file.path).unlink()

    with django_capture_on_commit_callbacks(execute=True):
        assert counts(import_products(source)) == (0, 1, 1, 0)

    assert all(Path(image.file.path).exists() for image in ProductImage.objects.all())
    assert counts(import_products(source)) == (0, 0, 2, 0)


def test_the_same_picture_in_another_file_is_no_change(tmp_path):
    source = shop_table(tmp_path, 1)
    (source / "images/P0.jpg").write_bytes(image_bytes(1, format="PNG"))
    import_products(source)
    before = everything()
    (source / "images/P0.jpg").write_bytes(image_bytes(1, format="BMP"))

    assert counts(import_products(source)) == (0, 0, 1, 0)
    assert everything() == before


def test_a_product_without_a_picture_is_given_one(tmp_path):
    source = shop_table(tmp_path, 1)
    shoes = Category.objects.create(name="Shoes")
    Product.objects.create(sku="P0", title="Product 0", category=shoes, price="10.50")

    assert counts(import_products(source)) == (0, 1, 0, 0)
    assert ProductImage.objects.get().product.sku == "P0"


def bomb() -> bytes:
    """A PNG that says it has 30,000 by 30,000 pixels."""
    size = struct.pack(">IIBBBBB", 30_000, 30_000, 1, 0, 0, 0, 0)
    chunks = ((b"IHDR", size), (b"IDAT", zlib.compress(bytes(1000))), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks
    )


def test_bad_rows_and_pictures_are_told_and_the_rest_is_imported(tmp_path):
    pictures = {
        "good.jpg": image_bytes(1, format="JPEG"),
        "cut.jpg": image_bytes(2, size=64, format="JPEG")[:-300],
        "text.jpg": b"hello",
        "bomb.png": bomb(),
        "empty.jpg": b"",
        "folder.jpg/1.txt": b"",
    }
    write_folder(tmp_path, pictures)
    rows = [
        ["A", "Good", "Shoes", "1", "good.jpg"],
        ["B", "Cut", "Shoes", "1", "cut.jpg"],
        ["C", "Text", "Shoes", "1", "text.jpg"],
        ["D", "Bomb", "Shoes", "1", "bomb.png"],
        ["E", "Empty", "Shoes", "1", "empty.jpg"],
        ["F", "Missing", "Shoes", "1", "missing.jpg"],
        ["A", "Again", "Shoes", "1", "good.jpg"],
        ["H", "Price", "Shoes", "cheap", "good.jpg"],
        ["I", "Price", "Shoes", "-1", "good.jpg"],
        ["J", "Price", "Shoes", "1.999", "good.jpg"],
        ["K", "Price", "Shoes", "NaN", "good.jpg"],
        ["L", "x" * 301, "", "1", "good.jpg"],
        ["M N", "Spaces", "Shoes", "1", "good.jpg"],
        ["O", "NUL \0", "Shoes", "1", "good.jpg"],
        ["P", "Last", "Only bad ones", "1e9", "good.jpg"],
        ["Q", "Last", "Shoes", "1", "good.jpg"],
        ["R", "Long", "Shoes", "1", "x" * 5000],
        ["S", "Folder", "Shoes", "1", "folder.jpg"],
    ]
    heard = []

    report = import_products(write_csv(tmp_path / "t.csv", rows), on_problem=heard.append)

    assert counts(report) == (2, 0, 0, 16)
    assert list(Product.objects.order_by("pk").values_list("sku", flat=True)) == ["A", "Q"]
    assert list(Category.objects.values_list("name", flat=True)) == ["Shoes"]
    assert heard == report.problems
    told = {problem.place.removeprefix("t.csv line "): problem.reason for problem in heard}
    skus = {problem.place.removeprefix("t.csv line "): problem.sku for problem in heard}
    assert (skus["8"], bool(skus["9"]), bool(skus["7"])) == ("A", True, True)  # so that a report names the product
    assert told["3"].startswith("cut.jpg: damaged: ")
    assert told["4"].startswith("text.jpg: not a picture that can be read")
    assert told["5"] == "bomb.png: 30000×30000 pixels; at most 16,000 are taken on a side"
    assert told["6"] == "empty.jpg: the file is empty"
    assert told["7"] == "missing.jpg: there is no such file"
    assert told["8"] == "SKU A: duplicate of t.csv line 2"
    assert told["9"] == "price: 'cheap' is no price; such as 19.95, 19,95 or 19.95 EUR is taken"
    assert all(told[line].startswith("price: ") for line in ("10", "11", "12", "16"))
    assert told["13"].startswith("category: ")
    assert "title: " in told["13"] and "Ensure this value has at most 300 characters" in told["13"]
    assert (
        told["14"].startswith("sku: '") and "': A SKU has neither spaces nor slashes, and is not . or .." in told["14"]
    )
    assert "File name too long" in told["18"]
    assert "Is a directory" in told["19"]
    assert told["15"].endswith("holds a character that cannot be stored, such as NUL: delete it")


def test_a_bad_picture_leaves_the_product_as_it_was(tmp_path):
    source = shop_table(tmp_path, 1)
    import_products(source)
    before = everything()
    (source / "images/P0.jpg").write_bytes(b"broken")

    assert counts(import_products(source)) == (0, 0, 0, 1)
    assert everything() == before


def test_a_picture_whose_path_is_its_place_is_named_once(tmp_path):
    write_folder(tmp_path, jpegs(["hat/1.jpg"]) | {"hat/2.jpg": b"text"})

    [problem] = import_products(tmp_path).problems

    assert str(problem).startswith("hat/2.jpg: not a picture")


def test_a_file_name_that_is_not_utf8_is_a_problem(tmp_path):
    write_folder(tmp_path, jpegs(["hat/1.jpg", b"hat/caf\xe9.jpg".decode(errors="surrogateescape")]))

    report = import_products(tmp_path)

    assert counts(report) == (1, 0, 0, 1)
    assert report.problems[0].reason.endswith("holds a character that cannot be stored, such as NUL: delete it")


def test_limit_takes_the_first(tmp_path):
    source = shop_table(tmp_path, 5)

    assert counts(import_products(source, limit=2)) == (2, 0, 0, 0)
    assert sorted(Product.objects.values_list("sku", flat=True)) == ["P0", "P1"]
    assert counts(import_products(source, limit=99)) == (3, 0, 2, 0)
    with pytest.raises(ValueError, match="limit is 0"):
        import_products(source, limit=0)


def test_a_dry_run_counts_the_same_and_writes_nothing(tmp_path, settings):
    source = shop_table(tmp_path / "shop", 4)
    import_products(source, limit=2)
    (source / "images/P1.jpg").write_bytes(image_bytes(50, format="JPEG"))
    (source / "images/P3.jpg").write_bytes(b"broken")
    before, files = everything(), stored_files(settings)

    dry = import_products(source, dry_run=True)

    assert counts(dry) == (1, 1, 1, 1)
    assert (everything(), stored_files(settings)) == (before, files)
    assert import_products(source) == dry


def test_a_table_without_rows_is_an_error(tmp_path):
    with pytest.raises(ImportFailed, match="holds no products"):
        import_products(write_csv(tmp_path / "products.csv", []))


def test_listeners_hear_of_new_pictures_once_a_batch(tmp_path, monkeypatch):
    monkeypatch.setattr(importing, "BATCH_ROWS", 2)
    heard = []

    def listen(image_ids, **kwargs):
        heard.append(image_ids)

    signals.images_added.connect(listen)
    try:
        import_products(shop_table(tmp_path, 3))
        import_products(tmp_path)
    finally:
        signals.images_added.disconnect(listen)

    assert [len(ids) for ids in heard] == [2, 1]
    assert {pk for ids in heard for pk in ids} == set(ProductImage.objects.values_list("pk", flat=True))


def test_batches_are_bounded_by_rows_and_by_bytes(tmp_path, monkeypatch):
    archive = Folder(shop_table(tmp_path, 5))
    monkeypatch.setattr(importing, "BATCH_ROWS", 3)
    items = list(importing.check_rows(Table.find(archive)))

    assert [len(batch) for batch in importing.split_batches(items, archive)] == [3, 2]
    monkeypatch.setattr(importing, "BATCH_BYTES", 1)
    assert [len(batch) for batch in importing.split_batches(items, archive)] == [1, 1, 1, 1, 1]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("interruption", "files"),
    [(RuntimeError, 2), (KeyboardInterrupt, 4)],  # which may come in the commit: the sweep removes what no row names
)
def test_an_interruption_loses_the_batch_in_work_and_no_file_of_another(
    tmp_path, settings, monkeypatch, interruption, files
):
    monkeypatch.setattr(importing, "BATCH_ROWS", 2)
    source = shop_table(tmp_path / "shop", 6)

    def interrupt(image_ids, **kwargs):
        if Product.objects.filter(sku="P3").exists():
            raise interruption

    signals.images_added.connect(interrupt)
    try:
        with pytest.raises(interruption):
            import_products(source)
    finally:
        signals.images_added.disconnect(interrupt)

    assert sorted(Product.objects.values_list("sku", flat=True)) == ["P0", "P1"]
    assert len(stored_files(settings)) == files
    assert counts(import_products(source)) == (4, 0, 2, 0)
    assert len(stored_files(settings)) == files + 4
