from catalog.importers.archive import Folder
from catalog.importers.class_folders import ClassFolders
from catalog.importers.rows import Row
from tests.catalog.importers.builders import write_folder


def rows_of(tmp_path, *names):
    return list(ClassFolders.find(Folder(write_folder(tmp_path, dict.fromkeys(names, b"x")))))


def test_the_folder_is_the_category(tmp_path):
    assert rows_of(tmp_path, "t-shirt/a1.jpg", "hat/b2.png") == [
        Row(place="hat/b2.png", sku="b2", title="Hat b2", category="hat", image="hat/b2.png"),
        Row(place="t-shirt/a1.jpg", sku="a1", title="T-shirt a1", category="t-shirt", image="t-shirt/a1.jpg"),
    ]


def test_splits_are_not_categories(tmp_path):
    rows = rows_of(tmp_path, "train/dress/1.jpg", "validation/dress/2.jpg", "validation/hat/3.jpg")

    assert [row.category for row in rows] == ["dress", "dress", "hat"]


def test_numbers_that_every_class_begins_anew_are_told_apart(tmp_path):
    rows = rows_of(tmp_path, "high boots/1.jpg", "hat/1.jpg", "hat/2.jpg")

    assert [row.sku for row in rows] == ["hat-1", "2", "high-boots-1"]


def test_a_sku_has_no_spaces(tmp_path):
    [row] = rows_of(tmp_path, "hat/IMG 12 (1).jpg")

    assert row.sku == "IMG-12-(1)"
