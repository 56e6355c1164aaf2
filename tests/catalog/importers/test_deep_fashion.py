import pytest

from catalog.errors import ImportFailed
from catalog.importers.archive import Folder
from catalog.importers.detect import find_source
from catalog.importers.rows import Problem, Row
from tests.catalog.importers.builders import write_folder

ANNOTATIONS = {
    "Anno/list_category_cloth.txt": "2\ncategory_name  category_type\nBlouse     1\nJean Shorts  2\n",
    "Anno/list_category_img.txt": (
        "4\nimage_name  category_label\nimg/Sheer_Blouse/img_00000001.jpg     1\nimg/Cut-Off/img_00000001.jpg   2\n"
        "img/Cut-Off/img_00000002.jpg   3\nimg/Cut-Off/img_00000003.jpg   x\n"
    ),
    "Anno/list_attr_cloth.txt": "3\nattribute_name  attribute_type\nabstract print   1\nchiffon  2\nfloral  1\n",
    "Anno/list_attr_img.txt": (
        "3\nimage_name  attribute_labels\nimg/Sheer_Blouse/img_00000001.jpg  1  1 1\n"
        "img/Cut-Off/img_00000001.jpg -1 0 -1\nimg/Cut-Off/img_00000002.jpg 1 -1\n"
    ),
    "Anno/list_bbox.txt": "1\nimage_name x_1 y_1 x_2 y_2\nimg/Sheer_Blouse/img_00000001.jpg 072 079 232 273\n",
}
IMAGES = {f"Img/img/{name}/img_00000001.jpg": b"x" for name in ("Sheer_Blouse", "Cut-Off")}


def test_each_image_is_a_product_with_its_category_and_attributes(tmp_path):
    source = find_source(Folder(write_folder(tmp_path, ANNOTATIONS | IMAGES)))

    short, blouse, jeans, unknown, none = source

    assert blouse == Row(
        place="Anno/list_category_img.txt line 3",
        sku="Sheer_Blouse-00000001",
        title="Sheer Blouse",
        category="Blouse",
        image="Img/img/Sheer_Blouse/img_00000001.jpg",
        attributes={
            "type": "upper body",
            "texture": "abstract print, floral",
            "fabric": "chiffon",
            "bounding box": "072, 079, 232, 273",
        },
    )
    assert (jeans.title, jeans.category, jeans.attributes) == (
        "Cut-Off", "Jean Shorts", {"type": "lower body", "bounding box": ""},
    )  # fmt: skip
    assert short == Problem("Anno/list_attr_img.txt line 5", "it has 2 attributes, list_attr_cloth.txt names 3")
    assert unknown.reason == "category_label 3 is none of 1 to 2, as in list_category_cloth.txt"
    assert none.place == "Anno/list_category_img.txt line 6"
    assert (len(source), source.notes) == (5, [])


def test_attributes_and_boxes_may_lack_and_that_is_told(tmp_path):
    kept = {name: text for name, text in ANNOTATIONS.items() if "category" in name}
    source = find_source(Folder(write_folder(tmp_path, {f"DeepFashion/{n}": t for n, t in (kept | IMAGES).items()})))

    rows = [entry for entry in source if isinstance(entry, Row)]

    assert [row.sku for row in rows] == ["Sheer_Blouse-00000001", "Cut-Off-00000001"]
    assert source.notes == ["list_attr_cloth.txt, list_attr_img.txt, list_bbox.txt: not there, or empty"]


def test_categories_without_names_are_refused(tmp_path):
    write_folder(tmp_path, {"Anno/list_category_img.txt": ANNOTATIONS["Anno/list_category_img.txt"]})

    with pytest.raises(ImportFailed, match=r"list_category_img\.txt needs list_category_cloth\.txt beside it"):
        find_source(Folder(tmp_path))
