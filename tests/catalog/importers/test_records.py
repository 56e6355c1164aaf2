import gzip

import pytest

from catalog.errors import ImportFailed
from catalog.importers.archive import Folder
from catalog.importers.csv_file import CsvFile
from catalog.importers.json_file import JsonFile
from catalog.importers.records import open_records, suffix_of
from catalog.importers.workbook import OLD_OR_ENCRYPTED


@pytest.mark.parametrize(("name", "packed"), [("t.txt", False), ("t.csv.gz", True)])
@pytest.mark.parametrize(("text", "kind"), [("a,b\n1,2\n", CsvFile), ('{"a": 1}', JsonFile), (' [{"a": 1}]', JsonFile)])
def test_csv_and_json_are_told_apart_by_content(tmp_path, name, packed, text, kind):
    (tmp_path / name).write_bytes(gzip.compress(text.encode()) if packed else text.encode())

    found = open_records(Folder(tmp_path), name)

    assert (type(found), len(found)) == (kind, 1)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("old.xls", "old.xls is a workbook .*save it as .xlsx.* it is encrypted, or of Excel before 2007"),
        ("t.csv", "does not exist"),
        ("page.xls", "page.xls is a page of HTML"),
        ("bad.csv.gz", "cannot be read"),
        ("photo.csv", "photo.csv is a picture, whatever its name says"),
    ],
)
def test_what_cannot_be_read(tmp_path, name, reason):
    (tmp_path / "bad.csv.gz").write_bytes(b"hello")
    (tmp_path / "photo.csv").write_bytes(b"\xff\xd8\xff\xe0 JFIF")
    (tmp_path / "page.xls").write_bytes(b" <HTML><table><tr><td>sku")
    (tmp_path / "old.xls").write_bytes(OLD_OR_ENCRYPTED + bytes(512))

    with pytest.raises(ImportFailed, match=reason):
        open_records(Folder(tmp_path), name)


def test_the_suffix_is_that_of_what_is_packed():
    assert (suffix_of("a/T.CSV.GZ"), suffix_of("T.Json")) == (".csv", ".json")
