import pytest

from catalog.errors import ImportFailed
from catalog.importers.file_kinds import document_of, kind_of, refusal


@pytest.mark.parametrize(
    ("start", "kind"),
    [
        (b"%PDF-1.7", "a PDF"),
        (b"\x00\x00\x00\x1cftypheic", "a picture"),
        (b"PAR1....", "a table of columns (Parquet)"),
        (b"Rar!\x1a\x07", "an archive (RAR)"),
        (b"-- MySQL dump 10.13\n--\n/*!40101 SET x */;\nDROP TABLE IF EXISTS `p`;", "a dump of a database (SQL)"),
        (b"insert into products values (1, 'a');", "a dump of a database (SQL)"),
        (b"/**/" * 200 + b"x", ""),
        (b"PK\x03\x04", ""),
        (b"sku,title,category,price,image\n", ""),
        (b"insert,title\n", ""),
        (b"", ""),
    ],
)
def test_a_file_is_told_by_its_first_bytes(start, kind):
    assert kind_of(start) == kind


def test_documents_of_office_programs_are_zips():
    assert document_of(["[Content_Types].xml", "word/document.xml"]) == "a document of Word"
    assert document_of(["xl/workbook.xml"]) == document_of(["styles.csv"]) == ""


def test_the_error_says_what_would_help():
    errors = [refusal("list.pdf.txt", "a PDF"), refusal("shop.rar", "an archive (RAR)")]

    assert all(isinstance(error, ImportFailed) for error in errors)
    assert list(map(str, errors)) == [
        "list.pdf.txt is a PDF, whatever its name says: export CSV, .xlsx, JSON or XML",
        "shop.rar is an archive (RAR), whatever its name says: unpack it, or pack it as .zip",
    ]
