"""Imports of workbooks, written by openpyxl as Excel writes them."""

import gzip
import zipfile
from datetime import date, datetime
from io import BytesIO

import pytest
from openpyxl import Workbook

from catalog.errors import ImportFailed
from catalog.importers import import_products, workbook_parts
from catalog.importers.archive import Folder
from catalog.importers.workbook import WorkbookFile
from catalog.models import Product
from tests.catalog.importers.builders import HEADER, jpegs, write_folder, write_zip

ROWS = [[*HEADER, "size"], [12345, "One", "Shoes", 19.95, "a.jpg", 40], ["00123", "Two", "Shoes", 5, "b.jpg", 41.5]]


def packed(*sheets, formats=None, prepare=None) -> bytes:
    """Sheets of rows, each (title, rows), and the formats of cells of the last one."""
    book = Workbook()
    book.remove(book.active)
    for title, rows in sheets:
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    for cell, number_format in (formats or {}).items():
        sheet[cell].number_format = number_format
    if prepare:
        prepare(book)
    file = BytesIO()
    book.save(file)
    return file.getvalue()


def records(tmp_path, data: bytes, name: str = "t.xlsx"):
    write_folder(tmp_path, {name: data})
    return list(WorkbookFile(Folder(tmp_path), name))


@pytest.mark.django_db
@pytest.mark.parametrize("write", [write_folder, write_zip])
def test_products_arrive_from_a_workbook_beside_its_images_and_then_are_unchanged(tmp_path, write):
    source = write(tmp_path / "s.zip", {"products.xlsx": packed(("Products", ROWS))} | jpegs(["a.jpg", "b.jpg"]))

    assert str(import_products(source)) == "2 created, 0 updated, 0 unchanged, 0 failed"
    assert str(import_products(source)) == "0 created, 0 updated, 2 unchanged, 0 failed"

    found = {product.sku: (str(product.price), product.attributes) for product in Product.objects.all()}
    assert found == {"12345": ("19.95", {"size": "40"}), "00123": ("5.00", {"size": "41.5"})}


def test_cells_are_texts_as_they_are_shown(tmp_path):
    values = [123, 19.95, 1299, 5, 12345.0, 0.1 + 0.2, date(2024, 1, 31), datetime(2024, 1, 31, 10, 30), True, " x "]
    formats = {"A2": "00000", "B2": '#,##0.00 "€"', "C2": "[$CHF-807] #,##0", "D2": "[$-409]0.00"}
    header = [f"c{number}" for number in range(len(values))]

    [(place, fields)] = records(tmp_path, packed(("S", [header, values]), formats=formats))

    assert place == "t.xlsx row 2"
    assert list(fields.values()) == [
        "00123", "19.95 €", "1299 CHF", "5", "12345", "0.3", "2024-01-31", "2024-01-31T10:30:00", "true", "x",
    ]  # fmt: skip


def test_the_first_sheet_with_a_header_is_read_from_it_on(tmp_path):
    rows = [["Our catalogue"], [], ["Made by", "Ada"], HEADER, [], ["A", "One", "Shoes", "1", "a.jpg", "beside"]]
    hidden = packed(
        ("Old", ROWS),
        ("Read me", [["how to", "use this"]]),
        ("Products", rows),
        ("More", ROWS),
        prepare=lambda book: setattr(book["Old"], "sheet_state", "hidden"),
    )

    [(place, fields)] = records(tmp_path, hidden)

    assert (place, fields["sku"], "beside" in fields.values()) == ("t.xlsx row 6", "A", False)
    assert WorkbookFile(Folder(tmp_path), "t.xlsx").notes == ["t.xlsx: the sheet Products was read, not Read me, More"]


def test_a_packed_workbook_and_wrong_dimensions_are_read(tmp_path):
    data = BytesIO(packed(("S", ROWS)))
    changed = BytesIO()
    with zipfile.ZipFile(data) as old, zipfile.ZipFile(changed, "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name).replace(b'ref="A1:F3"', b'ref="A1:XFD1048576"'))

    assert len(records(tmp_path, gzip.compress(changed.getvalue()), "t.xlsx.gz")) == 2


def damaged(name: str, content: bytes) -> bytes:
    """A workbook with one of its parts replaced."""
    data, changed = BytesIO(packed(("S", ROWS))), BytesIO()
    with zipfile.ZipFile(data) as old, zipfile.ZipFile(changed, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.namelist():
            new.writestr(part, content if part == name else old.read(part))
    return changed.getvalue()


ENTITIES = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b SYSTEM "file:///etc/passwd">]><worksheet>&a;&b;</worksheet>'
SHEET = "xl/worksheets/sheet1.xml"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (lambda: packed(("S", ROWS))[:-600], "File is not a zip file"),
        (lambda: damaged("xl/workbook.xml", b"<workbook/>"), "is a workbook .* that cannot be read"),
        (lambda: damaged(SHEET, b"<worksheet><sheetData><row"), "is a workbook .* that cannot be read"),
        (lambda: damaged(SHEET, ENTITIES), "sheet1.xml has a DOCTYPE"),
        (
            lambda: damaged("xl/styles.xml", bytes(workbook_parts.MOST_STRINGS + 1)),
            "64,000,001 bytes; at most 64,000,000",
        ),
        (
            lambda: packed(("S", [["only"], ["one column"]])),
            "t.xlsx is a workbook .* no sheet that is shown has a header",
        ),
        (lambda: packed(("S", [["a", "b", "a"]])), "t.xlsx has twice: a"),
    ],
)
def test_a_workbook_that_cannot_be_read_says_why(tmp_path, data, reason):
    with pytest.raises(ImportFailed, match=reason):
        records(tmp_path, data())


def test_what_is_a_zip_but_no_workbook_says_so(tmp_path):
    write_zip(tmp_path / "t.ods", {"mimetype": "application/vnd.oasis.opendocument.spreadsheet", "content.xml": "<x/>"})

    with pytest.raises(ImportFailed, match="save it as .xlsx .* it is an OpenDocument of LibreOffice"):
        WorkbookFile(Folder(tmp_path), "t.ods")


def test_a_row_far_below_all_others_ends_the_import(tmp_path):
    far = (
        b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData><row r="1"><c r="A1">'
    )
    far += (
        b'<v>1</v></c><c r="B1"><v>2</v></c></row><row r="9000000000"><c r="A9000000000"><v>1</v></c></row></sheetData>'
    )

    with pytest.raises(ImportFailed, match="over 1,048,576 rows"):
        records(tmp_path, damaged(SHEET, far + b"</worksheet>"))


def test_errors_of_formulas_are_read_as_what_the_sheet_shows(tmp_path):
    workbook = Workbook()
    for row in [["sku", "title", "price"], ["A", "One", "#DIV/0!"], ["B", "Two", "#N/A"]]:
        workbook.active.append(row)
    for number in (2, 3):
        workbook.active.cell(number, 3).data_type = "e"
    workbook.save(tmp_path / "products.xlsx")

    assert [fields["price"] for _, fields in WorkbookFile(Folder(tmp_path), "products.xlsx")] == ["#DIV/0!", "#N/A"]


def test_sheets_with_the_same_columns_are_all_read(tmp_path):
    men, women = (["sku", "title", "price"], ["A", "One", 5]), (["price", "sku", "title"], [6, "B", "Two"])
    data = packed(("Men", men), ("Women", women), ("Notes", [["by", "hand"]]))
    (tmp_path / "t.xlsx").write_bytes(data)
    file = WorkbookFile(Folder(tmp_path), "t.xlsx")

    assert [(place, fields["sku"], fields["price"]) for place, fields in file] == [
        ("t.xlsx sheet Men row 2", "A", "5"), ("t.xlsx sheet Women row 2", "B", "6"),
    ]  # fmt: skip
    assert file.notes == ["t.xlsx: the sheets Men, Women were read, not Notes"]


def test_cells_that_are_merged_across_rows_have_their_value_in_each(tmp_path):
    book = Workbook()
    rows = [
        ["Catalogue"],
        ["sku", "title", "category"],
        ["A", "One", "Shoes"],
        ["B", "Two"],
        [],
        ["C", "Three"],
        ["D", "Four"],
    ]
    for row in rows:
        book.active.append(row)
    for cells in ("A1:C1", "C3:C6"):
        book.active.merge_cells(cells)
    book.save(tmp_path / "t.xlsx")

    found = [fields["category"] for _, fields in WorkbookFile(Folder(tmp_path), "t.xlsx")]

    assert found == ["Shoes", "Shoes", "Shoes", ""]


def test_a_formula_without_its_result_is_named_where_a_product_needs_it_and_left_out_elsewhere(db, tmp_path):
    rows = [
        [*HEADER, "size"],
        ["A", "One", "Shoes", "=10*2", "a.jpg", 40],
        ["B", "Two", "Shoes", 5, "b.jpg", "=40+1"],
        ["C", "Three", "Shoes", None, "b.jpg", 42],
    ]
    write_folder(tmp_path, {"t.xlsx": packed(("S", rows))} | jpegs(["a.jpg", "b.jpg"]))

    report = import_products(tmp_path / "t.xlsx")

    assert [(problem.place, problem.reason) for problem in report.problems] == [
        (
            "t.xlsx row 2",
            "price: the cell has a formula without its result, as a program has written it: open the workbook in a "
            "spreadsheet and save it, or write the value",
        ),
        ("t.xlsx row 4", "price: it is empty"),
    ]
    assert {product.sku: product.attributes for product in Product.objects.all()} == {"B": {}}
    assert "errors of formulas were left out: size #NO RESULT" in report.notes
