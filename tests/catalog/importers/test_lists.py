import pytest

from catalog.errors import ImportFailed
from catalog.importers.archive import Folder
from catalog.importers.lists import ListFile
from catalog.importers.rows import Problem
from tests.catalog.importers.builders import write_folder


def opened(tmp_path, text: str | bytes, **options) -> ListFile:
    write_folder(tmp_path, {"l.txt": text})
    return ListFile(Folder(tmp_path), "l.txt", **options)


def test_names_may_have_spaces_where_the_number_of_values_is_known(tmp_path):
    text = "2\nattribute_name  attribute_type\nabstract print   1\n\na-line 3\n"

    assert list(opened(tmp_path, text, ends_with=1)) == [
        ("l.txt line 3", "abstract print", ["1"]),
        ("l.txt line 5", "a-line", ["3"]),
    ]


def test_lines_without_values_and_a_wrong_count_are_told(tmp_path):
    assert list(opened(tmp_path, "3\nimage_name category_label\nimg/a.jpg\nimg/b.jpg 7\n")) == [
        Problem("l.txt line 3", "it has a name alone: img/a.jpg"),
        ("l.txt line 4", "img/b.jpg", ["7"]),
        Problem("l.txt line 1", "it says 3 rows, but 2 follow: is the file cut off?"),
    ]


@pytest.mark.parametrize("text", ["", "image_name label\nimg/a.jpg 1\n", "3\n", b"1\na b\nc \xff\n"])
def test_a_file_that_is_no_list(tmp_path, text):
    with pytest.raises(ImportFailed, match="no count in its first line|not UTF-8"):
        list(opened(tmp_path, text))
