from catalog.importers.archive import Folder
from catalog.importers.fashion_products import FashionProducts
from catalog.importers.rows import Problem, Row
from tests.catalog.importers.builders import STYLES, write_folder


def rows_of(tmp_path, styles=STYLES, images=("11", "12")):
    files = {f"images/{name}.jpg": b"x" for name in images}
    return list(FashionProducts.find(Folder(write_folder(tmp_path, {"styles.csv": styles} | files))))


def test_labels_become_category_and_attributes(tmp_path):
    labelled = rows_of(tmp_path)[1]

    assert labelled == Row(
        place="styles.csv line 3",
        sku="12",
        title="Red heels",
        category="Heels",
        image="images/12.jpg",
        attributes={
            "gender": "Women",
            "masterCategory": "Footwear",
            "subCategory": "Shoes",
            "articleType": "Heels",
            "baseColour": "Red",
            "season": "",
            "year": "2011",
            "usage": "Casual",
        },
    )


def test_commas_in_a_name_need_no_quotes(tmp_path):
    assert rows_of(tmp_path)[0].title == "Jersey, blue, of cotton"


def test_pictures_without_a_line_come_last_and_are_unsorted(tmp_path):
    rows = rows_of(tmp_path, images=("09", "11", "12", "shirt"))

    assert [row.sku for row in rows] == ["11", "12", "09", "shirt"]
    assert rows[2] == Row(
        place="images/09.jpg", sku="09", title="Product 09", category="Unsorted", image="images/09.jpg"
    )


def test_a_line_without_type_or_name_still_makes_a_product(tmp_path):
    [row, _] = rows_of(tmp_path, STYLES.splitlines()[0] + "\n11,Men,,,,,,,,\n")

    assert (row.category, row.title) == ("Unsorted", "Product 11")


def test_a_short_line_is_a_problem_and_the_rest_is_read(tmp_path):
    rows = rows_of(tmp_path, STYLES + "13,Men\n")

    assert rows[2] == Problem("styles.csv line 4", "it has 2 fields, the header has 10")
    assert len(rows) == 3
