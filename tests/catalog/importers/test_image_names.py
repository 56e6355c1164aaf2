import pytest

from catalog.errors import BadRow
from catalog.importers.archive import Folder
from catalog.importers.image_names import MOST_IMAGES, find_images
from tests.catalog.importers.builders import write_folder


@pytest.mark.parametrize(
    ("cells", "found"),
    [
        (["A.JPG"], ["a.jpg"]),
        (["/a.jpg"], ["a.jpg"]),
        (["C:\\fakepath\\a.jpg"], ["a.jpg"]),
        (["/var/www/media/m/c.jpg"], ["media/m/c.jpg"]),
        (["file:///home/ada/a.jpg"], ["a.jpg"]),
        (["a.jpg?v=123"], ["a.jpg"]),
        (["caf%C3%A9.jpg"], ["café.jpg"]),
        (["/m/c.jpg,/1/f.jpg"], ["media/m/c.jpg", "1/f.jpg"]),
        (["/m/c.jpg,/nowhere.jpg | /a.jpg"], ["media/m/c.jpg", "nowhere.jpg", "a.jpg"]),
        (["C:\\Pictures, new\\a.jpg"], ["a.jpg"]),
        (["nowhere/a.jpg"], ["nowhere/a.jpg"]),
        (["cafe\u0301.jpg"], ["café.jpg"]),
        (["b|a.jpg"], ["b|a.jpg"]),
        (["M/c.jpg", "e/d.jpg", "d.jpg", "f.jpg"], ["media/m/c.jpg", "e/d.jpg", "d.jpg", "1/f.jpg"]),
        (["a.jpg, café.jpg", "", "A.jpg;nowhere.jpg"], ["a.jpg", "café.jpg", "nowhere.jpg"]),
        (["https://x.example/w_30,h_40/a.jpg, https://x.example/b.jpg"], None),
        (["https://x.example/a.jpg|HTTP://x.example/b.jpg"], ["https://x.example/a.jpg", "HTTP://x.example/b.jpg"]),
        (["//x.example/a.jpg?a=1&amp;b=2"], ["https://x.example/a.jpg?a=1&b=2"]),
        (["https://x.example/Schuh rot%20ä.jpg"], ["https://x.example/Schuh%20rot%20%C3%A4.jpg"]),
        (["a.jpg https://x.example/b.jpg"], ["a.jpg", "https://x.example/b.jpg"]),
    ],
)
def test_the_images_of_cells_are_found_in_any_spelling(tmp_path, cells, found):
    write_folder(tmp_path, {"a.jpg": b"x", "café.jpg": b"x", "b|a.jpg": b"x"})
    write_folder(tmp_path, dict.fromkeys(["media/m/c.jpg", "1/e/d.jpg", "2/e/d.jpg", "1/f.jpg"], b"x"))

    assert find_images(Folder(tmp_path), cells) == (found or cells[0].split(", "))


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("", "image: it is empty"),
        ("a\0.jpg", "image: it holds a character that cannot be stored"),
        ("https://x.example/\ud800.jpg", "image: it holds a character that cannot be stored"),
        ("../a.jpg", "image: ../a.jpg lies outside"),
        ("/x/../../a.jpg", "image: /x/../../a.jpg lies outside"),
        ("%2e%2e/a.jpg", "image: ../a.jpg lies outside"),
        (",".join(f"{number}.jpg" for number in range(MOST_IMAGES + 1)), "image: it names 101 images; a product has"),
    ],
)
def test_cells_without_an_image_that_could_be_read_are_refused(tmp_path, cell, reason):
    with pytest.raises(BadRow, match=reason):
        find_images(Folder(tmp_path), [cell])
