from catalog.importers.preview import preview
from tests.catalog.importers.builders import STYLES, jpegs, write_folder


def test_a_table_is_shown_with_its_columns_and_first_products(tmp_path, settings):
    settings.IMAGE_HOSTS = ["img.example"]
    rows = [
        "Handle,Title,Type,Variant Price,Image Src,Status,Option1 Name,Option1 Value,Vendor,Cost per item",
        "red,Red trainer,Shoes,19.95 €,1.jpg,draft,Size,40,Acme,4.10",
        "red,,,,https://img.example/2.jpg,,,41,",
        "blue,Blue trainer,Shoes,,1.jpg,active,,,",
        *(f"S{number},Shoe,Shoes,1,no.jpg,active,,," for number in range(20)),
    ]
    write_folder(tmp_path, {"t.csv": "\n".join(rows)} | jpegs(["1.jpg"]))

    lines = preview(tmp_path / "t.csv", {})

    assert lines.pop(9) == "Cost per item -> left out"
    assert lines[:9] == [
        "Handle -> sku", "Title -> title", "Type -> category", "Variant Price -> price", "Image Src -> image",
        "Status -> hidden", "Option1 Name -> attribute", "Option1 Value -> attribute", "Vendor -> attribute",
    ]  # fmt: skip
    assert lines[9:17] == [
        "The first 10 of 22:",
        "red | Red trainer | Shoes | 19.95 EUR | hidden",
        "    1.jpg: 24 x 24 pixels",
        "    https://img.example/2.jpg: to be fetched",
        "    Vendor: Acme; Size: 40, 41",
        "t.csv line 4: price: it is empty",
        "S0 | Shoe | Shoes | 1",
        "    no.jpg: there is no such file",
    ]
    assert "Note: t.csv was read as Shopify's export" in lines


def test_other_layouts_are_shown_by_their_products(tmp_path):
    write_folder(tmp_path, {"styles.csv": STYLES} | jpegs(["images/11.jpg", "images/12.jpg"]))

    assert preview(tmp_path, {})[:2] == ["The first 2 of 2:", "11 | Jersey, blue, of cotton | Tshirts | price made up"]
