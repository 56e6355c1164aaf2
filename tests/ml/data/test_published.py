from ml.data.datasets import read_image_set
from ml.data.published import PROBES, SHOE_CLASS, TABLE_2, label_shoe_classes
from tests.ml.worlds import write_toy_image

PLACES = {
    "Shoes/Heels": "heels",
    "Sandals/Flat": "sandals",
    "Sandals/Heel": "sandals",
    "Boots/Mid-Calf": "boots",
    "Boots/Over the Knee": "high boots",
    "Boots/Prewalker Boots": "",
    "Shoes/Clogs and Mules": "",
    "Slippers/Slipper Flats": "slippers",
}


def test_zappos_folders_make_the_eight_shoe_classes_and_the_rest_is_left_out(tmp_path):
    for place in PLACES:
        for n in range(2):
            write_toy_image(tmp_path / "ut-zap50k" / place / "Brand." / f"{n}.jpg", n, n)

    photos = label_shoe_classes(read_image_set(tmp_path))

    classes = {
        "/".join(n.split("/")[1:3]): w for n, w in zip(photos.names, photos.class_names_of(SHOE_CLASS), strict=True)
    }
    assert classes == PLACES
    assert list(photos.labels) == [SHOE_CLASS] and (photos.labels[SHOE_CLASS] == -1).sum() == 4


def test_other_data_has_no_shoe_classes(tmp_path):
    for n in range(4):
        write_toy_image(tmp_path / ["dress", "hat"][n % 2] / f"{n}.png", n % 2, n)

    assert label_shoe_classes(read_image_set(tmp_path)) is None


def test_the_published_figures_are_those_of_the_papers():
    assert TABLE_2["resnet152"].precision == 0.82 and TABLE_2["infogan"].precision == 0.84 and len(TABLE_2) == 13
    assert PROBES["age", "svm"] == (0.2354, 0.1946)
