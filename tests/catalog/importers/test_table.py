import pytest

from catalog.importers.archive import Folder
from catalog.importers.rows import Problem, Row
from catalog.importers.table import Table
from tests.catalog.importers.builders import HEADER, write_csv


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
        ("/etc/1.jpg", "image: /etc/1.jpg lies outside; a path relative to the CSV is taken"),
        ("a/../../1.jpg", "image: a/../../1.jpg lies outside; a path relative to the CSV is taken"),
    ],
)
def test_an_image_must_lie_beside_the_table(tmp_path, image, reason):
    bad, good = rows_of(tmp_path, ["A", "One", "Shoes", "1", image], ["B", "Two", "Shoes", "1", "./a\\..\\2.jpg"])

    assert bad == Problem("products.csv line 2", reason)
    assert good.image == "2.jpg"


@pytest.mark.parametrize(("told", "meant"), [("yes", True), ("TRUE", True), ("0", False), ("no", False), ("", None)])
def test_in_stock_is_understood(tmp_path, told, meant):
    [row] = rows_of(tmp_path, ["A", "One", "Shoes", "1", "1.jpg", told], header=[*HEADER, "in_stock"])

    assert row.in_stock is meant


def test_in_stock_that_is_neither_is_a_problem(tmp_path):
    [problem] = rows_of(tmp_path, ["A", "One", "Shoes", "1", "1.jpg", "perhaps"], header=[*HEADER, "in_stock"])

    assert problem == Problem("products.csv line 2", "in_stock: 'perhaps' is neither yes nor no")
