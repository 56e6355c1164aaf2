import zipfile
from io import BytesIO

import pytest

from catalog.importers import workbook_parts
from catalog.importers.workbook_parts import check_elements, check_parts
from tests.catalog.importers.test_workbook import ROWS, packed


def test_an_ordinary_workbook_is_taken():
    check_parts(BytesIO(packed(("S", ROWS), ("T", ROWS))))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("<a><b><row>" + "<c/>" * 20, "x.xml is of more elements than any workbook's, at line 1"),
        ("<a>" + "<b/>" * 20, "of more elements"),
        ("<a><b><row><x><row/><c/></x>" + "<x><row/></x>" * 5 + "<c/>" * 10, "of more elements"),
        ("<a><b>" + "<row/>" * 31, "of more elements"),
        ("<a>" + "<si/>" * 31, "of more elements"),
        ("<a><b><row>" + "<c>" * 10, "over 9 elements deep"),
        ("<!DOCTYPE a><a/>", "has a DOCTYPE"),
    ],
)
def test_xml_of_more_elements_than_any_workbook_has_is_refused(monkeypatch, text, reason):
    monkeypatch.setattr(workbook_parts, "MOST_ELEMENTS", 15)
    monkeypatch.setattr(workbook_parts, "MOST_ITEMS", 30)
    monkeypatch.setattr(workbook_parts, "MOST_DEEP", 9)

    with pytest.raises(zipfile.BadZipFile, match=reason):
        check_elements("x.xml", BytesIO(text.encode()))


def test_rows_and_texts_are_taken_in_any_number_and_what_is_not_well_formed_is_left_to_others(monkeypatch):
    monkeypatch.setattr(workbook_parts, "MOST_ELEMENTS", 15)

    check_elements("x.xml", BytesIO(b"<a><b>" + b"<row><c/></row><x:row><c/></x:row>" * 100 + b"</b></a>"))
    check_elements("x.xml", BytesIO(b"<a>" + b"<si><t/></si>" * 100 + b"</a>"))
    check_elements("x.xml", BytesIO(b"<a><b></a>"))


def test_a_tag_without_an_end_is_refused():
    with pytest.raises(zipfile.BadZipFile, match="over 1,000,000 bytes without an end"):
        check_elements("x.xml", BytesIO(b"<a b='" + b"x" * 3_000_000))


def test_formulas_without_a_result_are_found_by_their_rows():
    cells = (
        '<c r="A1"><f>1+1</f></c><c r="B1"><f>1+1</f><v>2</v></c><c r="C1" t="str"><f>""</f><v></v></c>',
        '<c r="A2"><f>1+1</f><v></v></c><c r="B2"><v>2</v></c>',
        '<c r="A3"><v>1</v></c>',
        '<c r="A4"><f>1+1</f><v/></c><c r="D4"><f>1</f></c><c><f>1</f></c>',
    )
    rows = "".join(f"<row>{row}</row>" for row in cells)

    marks = check_elements("x.xml", BytesIO(f"<worksheet><sheetData>{rows}</sheetData></worksheet>".encode()))

    assert [marks.columns_without_result(row) for row in range(6)] == [[], [0], [0], [], [0, 3], []]
    assert marks.formulas == {0: [[1, 2], [4, 4]], 3: [[4, 4]]}
