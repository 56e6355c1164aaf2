import pytest

from ml.data.datasets import read_image_set
from ml.errors import BadData
from tests.ml.worlds import write_table, write_toy_image, zipped


def fashion(folder):
    for n in range(8):
        write_toy_image(folder / "images" / f"{n}.jpg", n % 2, n)
    rows = [[n, ["Heels", "Flats"][n % 2], "Red" if n else "", f"Shoe, number {n}", 2012] for n in range(6)]
    write_table(folder / "styles.csv", ["id", "articleType", "baseColour", "productDisplayName", "year"], rows)


def test_styles_and_images_with_labels_where_there_are_any(tmp_path):
    fashion(tmp_path)

    photos = read_image_set(tmp_path)

    assert photos.names == [f"images/{n}.jpg" for n in range(8)]
    assert list(photos.labels) == ["articleType"]  # one colour, one year and free text tell nothing
    assert photos.labels["articleType"].tolist() == [1, 0, 1, 0, 1, 0, -1, -1]


def test_two_labels_agree_where_both_do(tmp_path):
    for n in range(8):
        write_toy_image(tmp_path / "images" / f"{n}.jpg", n % 2, n)
    rows = [[n, ["Heels", "Flats"][n % 2], ["Red", "Blue", ""][n % 3]] for n in range(8)]
    write_table(tmp_path / "styles.csv", ["id", "type", "colour"], rows)

    photos = read_image_set(tmp_path)
    both = photos.with_labels(["type+colour"])

    assert both.class_names_of("type+colour")[:4] == ["Heels + Red", "Flats + Blue", "", "Flats + Red"]
    assert list(both.labels) == ["type+colour"] and both.labels["type+colour"][2] == -1
    assert photos.find("colour", "Red").tolist() == [0, 3, 6]
    with pytest.raises(BadData, match="there is no label 'size' to measure by; there are: type, colour"):
        photos.with_labels(["type+size"])


@pytest.mark.parametrize("top", ["", "fashion-dataset/"])
def test_a_zip_reads_as_its_folder_does_also_one_folder_down(tmp_path, top):
    fashion(tmp_path / "folder")

    photos = read_image_set(zipped(tmp_path / "folder", tmp_path / "all.zip", rename=lambda name: top + name))

    assert photos.labels["articleType"].tolist() == [1, 0, 1, 0, 1, 0, -1, -1]
    assert photos.decode((16, 16))[1].pixels.shape == (8, 16, 16, 3)


@pytest.mark.parametrize("inside", ["", "train/", "shop/validation/"])
def test_a_folder_a_class(tmp_path, inside):
    for n in range(4):
        write_toy_image(tmp_path / inside / ["dress", "hat"][n % 2] / f"{n}.png", n % 2, n)

    photos = read_image_set(tmp_path)

    assert photos.labels["class"].tolist() == [0, 0, 1, 1]


def test_linked_folders_are_read_and_those_that_lead_back_are_not(tmp_path):
    photos, linked = tmp_path / "photos", tmp_path / "linked"
    for n in range(4):
        write_toy_image(photos / ["dress", "hat"][n % 2] / f"{n}.png", n % 2, n)
    linked.mkdir()
    (linked / "frocks").symlink_to(photos / "dress")
    (linked / "hats").symlink_to("../photos/hat")
    (linked / "self").symlink_to(linked)
    (linked / "up").symlink_to("..")
    (photos / "hat" / "round").symlink_to(linked)
    (photos / "hat" / "gone.png").symlink_to("nowhere.png")

    found = read_image_set(linked)

    assert found.names == ["frocks/0.png", "frocks/2.png", "hats/1.png", "hats/3.png", "hats/gone.png"]
    assert found.labels["class"].tolist() == [0, 0, 1, 1, 1]
    assert found.decode((16, 16))[0].failed == 1


def test_zappos_folders_give_category_and_subcategory(tmp_path):
    for n, place in enumerate(["Shoes/Heels/A.", "Shoes/Flats/B", "Boots/Ankle/A.", "Boots/Ankle/C"]):
        for copy in range(2):
            write_toy_image(tmp_path / "ut-zap50k-images-square" / place / f"{n}.{copy}.jpg", n % 2, n)

    photos = read_image_set(tmp_path)

    by_name = dict(zip(photos.names, photos.labels["subcategory"].tolist(), strict=True))
    assert {name.split("/")[2]: label for name, label in by_name.items()} == {"Ankle": 0, "Flats": 1, "Heels": 2}
    assert sorted(photos.labels["category"].tolist()) == [0] * 4 + [1] * 4


def test_a_table_names_its_pictures_and_what_is_missing_is_passed_over(tmp_path, capsys):
    for n in range(4):
        write_toy_image(tmp_path / "pictures" / f"{n}.jpg", n % 2, n)
    rows = [[f"S{n}", f"Thing {n}", ["hat", "bag"][n % 2], 9.95, f"pictures/{n}.jpg"] for n in range(5)]
    write_table(tmp_path / "products.csv", ["sku", "title", "category", "price", "image"], rows)

    photos = read_image_set(tmp_path / "products.csv")

    assert photos.labels["category"].tolist() == [1, 0, 1, 0]
    assert photos.failed == 1
    assert "pictures/4.jpg: named in products.csv, but not there" in capsys.readouterr().err


def test_an_unreadable_picture_is_named_counted_and_passed_over(tmp_path, capsys):
    fashion(tmp_path)
    (tmp_path / "images" / "3.jpg").write_text("not a picture")

    photos, images = read_image_set(tmp_path).decode((16, 16))

    assert (len(photos.names), len(images), photos.failed) == (7, 7, 1)
    assert photos.labels["articleType"].tolist() == [1, 0, 1, 1, 0, -1, -1]
    assert "3.jpg: not a picture in a known format" in capsys.readouterr().err


def test_a_damaged_member_of_a_zip_is_one_unreadable_picture(tmp_path, capsys):
    fashion(tmp_path / "folder")
    file = zipped(tmp_path / "folder", tmp_path / "all.zip")
    data = file.read_bytes()
    picture = (tmp_path / "folder" / "images" / "3.jpg").read_bytes()
    file.write_bytes(data.replace(picture, picture[:-20] + bytes(20)))

    photos, _ = read_image_set(file).decode((16, 16))

    assert photos.failed == 1
    assert "images/3.jpg: Bad CRC-32" in capsys.readouterr().err


def test_a_path_that_is_nothing_says_so(tmp_path):
    (tmp_path / "note.txt").write_text("hello")

    for path, message in (
        (tmp_path / "none.zip", "none.zip does not exist"),
        (tmp_path / "note.txt", "neither a folder, nor a zip"),
        (tmp_path, "there are no pictures in it"),
    ):
        with pytest.raises(BadData, match=message):
            read_image_set(path)


def test_styles_without_ids_say_which_column_is_missing(tmp_path):
    write_table(tmp_path / "styles.csv", ["articleType"], [["Heels"]])

    with pytest.raises(BadData, match="styles.csv lacks the column id"):
        read_image_set(tmp_path)


def test_a_table_in_another_encoding_says_so(tmp_path):
    (tmp_path / "styles.csv").write_bytes("id,kind\n1,café".encode("latin-1"))

    with pytest.raises(BadData, match=r"styles.csv is not UTF-8: line 2, .*; save it as UTF-8"):
        read_image_set(tmp_path)


def test_a_truncated_or_damaged_zip_says_so(tmp_path):
    fashion(tmp_path / "folder")
    file = zipped(tmp_path / "folder", tmp_path / "all.zip")
    whole = file.read_bytes()
    end = whole.rfind(b"PK\x05\x06")

    for content, message in (
        (whole[: end // 2], "all.zip is cut off or damaged: no central directory"),
        (whole[: end // 2] + whole[end:], "all.zip is a damaged zip: Bad magic number for central directory"),
    ):
        file.write_bytes(content)
        with pytest.raises(BadData, match=message):
            read_image_set(file)
