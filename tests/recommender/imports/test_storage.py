import os
import time

import pytest

from recommender.imports import storage
from recommender.imports.models import ImportRun
from tests.recommender.imports.conftest import row

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("name", "stored"), [("../../shop.csv", "shop.csv"), (".csv", "csv.txt"), ("x" * 300 + ".csv", "x" * 96 + ".csv")]
)
def test_a_file_is_stored_in_a_folder_of_its_own_import(name, stored):
    run = ImportRun(source=name)

    path = storage.store(run, name, [b"sku,", b"title"])

    assert path == storage.folder_of(run) / "source" / stored == storage.source_of(run)
    assert path.read_bytes() == b"sku,title"


def test_a_file_without_a_suffix_is_named_by_its_content():
    assert storage.store(ImportRun(), "feed", [b"sku,title\n"]).name == "feed.txt"


def test_of_a_file_that_breaks_off_nothing_stays():
    def broken():
        yield b"half"
        raise OSError("the line is cut")

    run = ImportRun()
    with pytest.raises(OSError, match="the line is cut"):
        storage.store(run, "shop.csv", broken())

    assert storage.source_of(run) is None
    assert list(storage.folder_of(run).iterdir()) == []


def test_files_are_not_where_visitors_can_read_them(settings):
    assert not storage.folder_of(ImportRun()).is_relative_to(settings.MEDIA_ROOT)


def test_folders_that_no_import_has_are_removed_after_a_day(uploaded, settings):
    run = uploaded(row("A"))
    lost, fresh = settings.IMPORTS_ROOT / "lost", settings.IMPORTS_ROOT / "fresh"
    for folder in (lost, fresh):
        folder.mkdir()
    long_ago = time.time() - 2 * storage.AGE.total_seconds()
    for folder in (lost, storage.folder_of(run)):
        os.utime(folder, (long_ago, long_ago))

    assert storage.remove_unnamed(10) == 1

    assert [folder.exists() for folder in (lost, fresh, storage.folder_of(run))] == [False, True, True]
