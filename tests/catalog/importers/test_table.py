import json

import pytest

from catalog.errors import ImportFailed
from catalog.importers.archive import Folder
from catalog.importers.rows import Problem, Row
from catalog.importers.table import Table
from catalog.importers.values import text_of
from tests.catalog.importers.builders import HEADER, write_csv, write_folder

PAGES = {"A": "https://shop.example/A", "B": "/p/B", "C": ""}


def rows_of(tmp_path, *rows, header=HEADER):
    write_csv(tmp_path / "products.csv", rows, header)
    return list(Table.find(Folder(tmp_path)))


def test_further_columns_are_attributes(tmp_path):
    header = [*HEADER, "currency", "in_stock", "Colour", ""]
    assert rows_of(tmp_path, ["A-1", "One", "Shoes", "12.50", "i/1.jpg", "USD", "no", "red", "x"], header=header) == [
        Row(
            place="products.csv line 2",
            sku="A-1",
            title="One",
            category="Shoes",
            image="i/1.jpg",
            price="12.50",
            currency="USD",
            in_stock=False,
            attributes={"Colour": "red"},
        )
    ]


def test_our_columns_are_known_in_any_case_and_order(tmp_path):
    [row] = rows_of(tmp_path, ["i.jpg", "3", "Hats", "One", "A"], header=["Image", "PRICE", "Category", "Title", "SKU"])

    assert (row.sku, row.price, row.image, row.currency, row.in_stock) == ("A", "3", "i.jpg", None, None)


@pytest.mark.parametrize(
    ("image", "reason"),
    [
        ("", "image: it is empty"),
        ("../1.jpg", "image: ../1.jpg lies outside; a path relative to the CSV is taken"),
        ("a/../../1.jpg", "image: a/../../1.jpg lies outside; a path relative to the CSV is taken"),
    ],
)
def test_an_image_must_lie_beside_the_table(tmp_path, image, reason):
    bad, good = rows_of(tmp_path, ["A", "One", "Shoes", "1", image], ["B", "Two", "Shoes", "1", "./a\\..\\2.jpg"])

    assert bad.place == "products.csv line 2"
    assert bad.reason.startswith(reason)
    assert good.image == "2.jpg"


@pytest.mark.parametrize(("told", "meant"), [("yes", True), ("TRUE", True), ("0", False), ("no", False), ("", None)])
def test_in_stock_is_understood(tmp_path, told, meant):
    [row] = rows_of(tmp_path, ["A", "One", "Shoes", "1", "1.jpg", told], header=[*HEADER, "in_stock"])

    assert row.in_stock is meant


def test_in_stock_that_is_neither_is_a_problem(tmp_path):
    [problem] = rows_of(tmp_path, ["A", "One", "Shoes", "1", "1.jpg", "perhaps"], header=[*HEADER, "in_stock"])

    assert problem == Problem(
        "products.csv line 2", "in_stock: 'perhaps' is neither yes nor no, nor a number of pieces"
    )


def test_a_page_is_a_link_that_leads_there_from_another_one(tmp_path):
    header = [*HEADER, "Product URL"]
    write_csv(tmp_path / "products.csv", [[sku, sku, "Shoes", "1", "1.jpg", url] for sku, url in PAGES.items()], header)
    table = Table.find(Folder(tmp_path))

    assert [row.url for row in table] == ["https://shop.example/A", None, None]
    assert table.notes[-1] == "1 address of a page is neither http nor https: left out"


def test_variants_of_a_product_are_one(tmp_path):
    write_folder(tmp_path, {"1.jpg": b"x"})
    header = [
        "Handle",
        "Title",
        "Type",
        "Variant SKU",
        "Variant Price",
        "Image Src",
        "Option1 Value",
        "Variant Inventory Qty",
    ]
    rows = [
        ["red", "Red <b>trainer</b>", "Shoes &gt; Running", "R-40", "19.95", "1.jpg", "40", "0"],
        ["red", "", "", "R-41", "19.95", "2.jpg", "41", "3"],
        ["red", "", "", "", "", "3.jpg", "", ""],
        ["blue", "Blue trainer", "Shoes", "B-40", "20", "1.jpg", "40", "0"],
    ]
    write_csv(tmp_path / "products.csv", rows, header)
    table = Table.find(Folder(tmp_path))

    red, blue = table

    assert (red.sku, red.title, red.category) == ("red", "Red trainer", "Shoes > Running")
    assert (red.images, blue.images) == (("1.jpg", "2.jpg", "3.jpg"), ("1.jpg",))
    assert (red.price, red.in_stock, blue.in_stock) == ("19.95", True, False)
    assert red.attributes == {"Variant SKU": "R-40, R-41", "Option1 Value": "40, 41"}
    assert len(table) == 2
    assert "products.csv was read as Shopify's export" in table.notes
    assert "2 rows are further variants of the product before them" in table.notes


def test_a_row_that_is_repeated_or_has_another_title_is_no_variant(tmp_path):
    one = ["A", "One", "Shoes", "1", "1.jpg"]

    assert len(rows_of(tmp_path, one, one, ["A", "Two", "Shoes", "1", "1.jpg"])) == 3


def test_words_for_nothing_are_no_value_but_of_a_title(tmp_path):
    header = [*HEADER, "care", "lining"]
    rows = [["A", "NULL", "Hats", "1", "1.jpg", "NaN", "None"], ["B", "Two", "Hats", "1", "1.jpg", "\\N", "#N/A"]]

    first, second = rows_of(tmp_path, *rows, header=header)

    assert (first.title, first.attributes) == ("NULL", {"care": "", "lining": "None"})
    assert second.attributes == {"care": "", "lining": ""}


def test_objects_and_lists_of_json_are_texts():
    images = [{"id": 1, "src": "a.jpg"}, {"id": 2, "src": "b.jpg"}]

    assert [text_of(value) for value in (images, {"name": "Acme"}, {"w": 1, "h": None}, True, 5, None)] == [
        "a.jpg, b.jpg", "Acme", "w: 1, h: ", "true", "5", "",
    ]  # fmt: skip


def test_each_column_can_be_said_to_be_an_attribute_left_out_or_whether_the_product_is_shown(tmp_path):
    header = [
        "Handle",
        "Title",
        "Type",
        "Variant Price",
        "Image Src",
        "Code",
        "Cost per item",
        "Vendor",
        "Online",
        "Foto",
    ]
    rows = [
        ["red", "Red", "Shoes", "5", "1.jpg", "R", "4", "Acme", "ja", "2.jpg"],
        ["old", "Old", "Shoes", "5", "1.jpg", "O", "4", "Acme", "Draft", ""],
        ["odd", "Odd", "Shoes", "5", "1.jpg", "X", "4", "Acme", "soon", ""],
    ]
    write_csv(tmp_path / "products.csv", rows, header)
    chosen = {
        "code": "sku", "Handle": "attribute", "Cost per item": "attribute", "Vendor": "ignore", "Online": "visible",
        "Foto": "images",
    }  # fmt: skip

    table = Table(Folder(tmp_path), "products.csv", chosen)
    red, old, odd = table

    assert (red.sku, red.is_hidden, red.images) == ("R", False, ("1.jpg", "2.jpg"))
    assert red.attributes == {"Handle": "red", "Cost per item": "4"}
    assert (old.sku, old.is_hidden) == ("O", True)
    assert odd.reason == "visible: 'soon' is neither yes nor no, nor such as draft or published"
    assert dict(table.mapping) == {
        "Handle": "attribute", "Title": "title", "Type": "category", "Variant Price": "price", "Image Src": "image",
        "Code": "sku", "Cost per item": "attribute", "Vendor": "left out", "Online": "visible",
        "Foto": "further images",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("meaning", "text", "is_hidden"),
    [
        ("hidden", "yes", True), ("hidden", "0", False), ("hidden", "draft", True), ("hidden", "", None),
        ("visible", "TRUE", False), ("visible", "no", True), ("visible", "Catalog, search", False),
    ],
)  # fmt: skip
def test_hidden_and_visible_columns_are_read_each_in_its_way(tmp_path, meaning, text, is_hidden):
    write_csv(tmp_path / "products.csv", [["A", "One", "Shoes", "1", "1.jpg", text]], [*HEADER, "Sicht"])

    [row] = Table(Folder(tmp_path), "products.csv", {"Sicht": meaning})

    assert row.is_hidden is is_hidden
    assert row.attributes == {}


def test_of_prices_that_are_ranges_the_lowest_is_taken_and_the_note_says_so(tmp_path):
    write_csv(
        tmp_path / "products.csv",
        [["A", "One", "Shoes", "10–20 €", "1.jpg"], ["B", "Two", "Shoes", "from $5", "1.jpg"]],
    )
    table = Table(Folder(tmp_path), "products.csv")

    assert [(row.price, row.currency) for row in table] == [("10", "EUR"), ("5", "USD")]
    assert "2 prices are ranges, such as 10–20 € (products.csv line 2): the lowest was taken" in table.notes


def test_errors_of_formulas_are_told_as_such_where_a_value_is_needed_and_else_left_out(tmp_path):
    header = [*HEADER, "Margin", "care"]
    rows = [
        ["A", "One", "Shoes", "#DIV/0!", "1.jpg", "", ""],
        ["#REF!", "Two", "Shoes", "5", "1.jpg", "", ""],
        ["C", "Three", "Shoes", "5", "1.jpg", "", "#N/A"],
    ]
    write_csv(tmp_path / "products.csv", rows, header)
    table = Table(Folder(tmp_path), "products.csv")

    price, sku, whole = table

    assert str(price) == (
        "products.csv line 2: price: #DIV/0! is the error of a formula in a spreadsheet: mend the formula, or write the"
        " value"
    )
    assert str(sku).startswith("products.csv line 3: sku: #REF! is the error of a formula")
    assert whole.attributes["care"] == ""
    assert "errors of formulas were left out: care #N/A" in table.notes


def test_unseen_characters_are_no_part_of_a_value(tmp_path):
    [row] = rows_of(tmp_path, ["\u200fX\u200b1", "\u202bOne\u202c", "Shoes\u200b", "\u200e19.95", "1.jpg\u200b"])

    assert (row.sku, row.title, row.category, row.price, row.image) == ("X1", "One", "Shoes", "19.95", "1.jpg")


def test_texts_that_were_encoded_twice_are_mended_and_the_note_says_so(tmp_path):
    write_csv(tmp_path / "products.csv", [["A", "GrÃ¶ÃŸe", "Shoes", "5 â‚¬", "1.jpg"]])
    table = Table(Folder(tmp_path), "products.csv")

    assert [(row.title, row.currency) for row in table] == [("Größe", "EUR")]
    assert "texts are in UTF-8 twice, such as GrÃ¶ÃŸe for Größe: they were mended" in table.notes


def test_what_is_no_currency_or_an_image_itself_is_refused(tmp_path):
    header = [*HEADER, "currency"]
    rows = [
        ["A", "One", "Shoes", "5 XXQ", "1.jpg", ""],
        ["B", "Two", "Shoes", "5", "1.jpg", "coins"],
        ["C", "Three", "Shoes", "5", "data:image/png;base64,iVBORw0KGgo=", ""],
        ["D", "Four", "Shoes", "5", "1.jpg", "€"],
    ]
    unknown, coins, inline, euro = rows_of(tmp_path, *rows, header=header)

    assert "price: '5 XXQ' is no price" in str(unknown)
    assert "currency: 'coins' is no currency; such as EUR or € is taken" in str(coins)
    assert "image: data:image/png;base64,iVBORw0K… is an image itself; name its file, or its URL" in str(inline)
    assert euro.currency == "EUR"


@pytest.mark.parametrize("image", ["https://cdn.example/1.jpg", "i/1.JPG"])
def test_a_table_without_a_header_is_refused_in_place_of_losing_its_first_product(tmp_path, image):
    write_csv(tmp_path / "products.csv", [["A-2", "Two", "Hats", "11", image]], ["A-1", "One", "Hats", "10", image])
    chosen = dict(zip(("A-1", "One", "Hats", "10", image), HEADER, strict=True))

    with pytest.raises(ImportFailed, match=r"begins with a product, not with the names of its columns: one would be"):
        Table.find(Folder(tmp_path), chosen)


def test_the_column_of_currencies_and_the_price_agree(tmp_path):
    rows = [["A", "One", "Shoes", "1,299", "1.jpg", "JPY"], ["B", "Two", "Shoes", "$10", "1.jpg", "EUR"]]

    yen, both = rows_of(tmp_path, *rows, header=[*HEADER, "currency"])

    assert (yen.price, yen.currency) == ("1299", "JPY")
    assert "price: '$10' is in USD, but the table says EUR: mend one of them" in str(both)


def test_of_several_categories_the_deepest_is_taken_and_the_note_says_so(tmp_path):
    record = {"title": "One", "price": 5, "image": "1.jpg"}
    categories = [["Coats", "Coats > Long"], "Belts, Leather", [{"name": "Hats"}], "['Caps', 'Wool']"]
    lines = [json.dumps({**record, "sku": str(number), "category": each}) for number, each in enumerate(categories)]
    (tmp_path / "t.jsonl").write_text("\n".join(lines))
    table = Table(Folder(tmp_path), "t.jsonl")

    assert [row.category for row in table] == ["Coats > Long", "Belts, Leather", "Hats", "Caps"]
    assert table.notes[-2:] == [
        "2 products have several categories, such as Coats | Coats > Long (t.jsonl line 1): the deepest was taken, or "
        "the first of these",
        "1 category has a comma or |, such as Belts, Leather (t.jsonl line 2): each is one name; call the column "
        "categories if it has several",
    ]


def test_a_number_of_google_s_taxonomy_is_no_category(tmp_path):
    header = ["id", "title", "image link", "availability", "price", "google_product_category", "product_type"]
    rows = [["A", "One", "1.jpg", "in stock", "5", "187", "Shoes"], ["B", "Two", "1.jpg", "in stock", "5", "187", ""]]

    named, number = rows_of(tmp_path, *rows, header=header)

    assert named.category == "Shoes"
    assert "category: 187 is a number of Google's taxonomy, and no name: write the name, or fill" in str(number)


def test_yes_and_no_are_no_skus(tmp_path):
    record = {"sku": True, "title": "One", "category": "Hats", "price": 5, "image": "1.jpg"}
    (tmp_path / "t.jsonl").write_text(json.dumps(record))

    [problem] = Table(Folder(tmp_path), "t.jsonl")

    assert str(problem) == "t.jsonl line 1: sku: true is no SKU: write a text or a number"
