import zipfile
from io import BytesIO

import pytest

from catalog.importers.zip_directory import check_directory, check_packing
from tests.catalog.importers.bombs import directory, packed


@pytest.mark.parametrize(
    ("entries", "number", "size", "reason"),
    [
        (5, 5, None, "over 4 files, or claims to"),
        (5, 1, None, "over 4 files, or claims to"),
        (1, 5, None, "over 4 files, or claims to"),
        (1, 1, 10**6, "its directory is said to have 1,000,000 bytes"),
    ],
)
def test_a_zip_that_has_or_claims_too_many_files_is_refused(entries, number, size, reason):
    with pytest.raises(zipfile.BadZipFile, match=reason):
        check_directory(BytesIO(directory(entries, number, size)), 4)


def test_any_other_file_is_taken():
    check_directory(BytesIO(packed({str(number): b"x" for number in range(4)})), 4)
    check_directory(BytesIO(b"no zip"), 4)


@pytest.mark.parametrize(("way", "name"), [(zipfile.ZIP_BZIP2, "bzip2"), (zipfile.ZIP_LZMA, "lzma")])
def test_what_cannot_be_unpacked_piece_by_piece_is_refused(way, name):
    [member] = zipfile.ZipFile(BytesIO(packed({"a": b"x" * 1000}, way))).infolist()

    with pytest.raises(zipfile.BadZipFile, match=f"packed by {name}"):
        check_packing(member)
