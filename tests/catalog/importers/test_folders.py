from typing import ClassVar

from catalog.importers.archive import Folder
from catalog.importers.folders import ImageFolders
from catalog.importers.rows import Problem, Row
from tests.catalog.importers.builders import write_folder


class Flat(ImageFolders):
    layout: ClassVar[str] = "one image a product, without folders"

    @staticmethod
    def is_product(parts: list[str]) -> bool:
        return len(parts) == 1

    def row(self, image: str) -> Row:
        return Row(place=image, sku=image, title=image, category="All", image=image)


def test_each_image_of_the_layout_is_a_product_and_other_files_are_not(tmp_path):
    write_folder(tmp_path, {"a.jpg": b"x", "b.PNG": b"x", "notes.txt": b"x", "folder/c.jpg": b"x"})

    source = Flat.find(Folder(tmp_path))

    assert [row.sku for row in source] == ["a.jpg", "b.PNG"]
    assert len(source) == 2


def test_problems_come_first_and_are_counted(tmp_path):
    source = Flat(Folder(tmp_path), ["a.jpg"])
    source.problems.append(Problem("meta.csv line 3", "damaged"))

    assert len(source) == 2
    assert next(iter(source)) == Problem("meta.csv line 3", "damaged")


def test_an_archive_without_such_images_has_another_layout(tmp_path):
    assert Flat.find(Folder(write_folder(tmp_path, {"folder/c.jpg": b"x"}))) is None
