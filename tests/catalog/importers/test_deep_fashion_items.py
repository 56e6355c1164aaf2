import json

import pytest

from catalog.errors import ImportFailed
from catalog.importers.archive import Folder
from catalog.importers.detect import find_source
from catalog.importers.rows import Problem, Row
from tests.catalog.importers.builders import write_folder

DRESS = "WOMEN/Graphic_Tees/id_00000002"
IMAGES = {f"Img/img/{DRESS}/{name}.jpg": b"x" for name in ("01_3_back", "01_1_front", "01_2_side", "02_1_front")}
DESCRIBED = [{"item": "id_00000002", "color": "Black", "description": ["Soft &amp; light", "Cotton"]}, {"id": 3}]
BOXES = "1\nimage_name clothes_type pose_type x_1 y_1 x_2 y_2\n" + f"img/{DRESS}/01_1_front.jpg  1  1  50 49 208 235\n"


def test_an_item_is_a_product_in_each_colour_with_its_images_from_all_sides(tmp_path):
    lists = {"Anno/list_description_inshop.json": json.dumps(DESCRIBED), "Anno/list_bbox_inshop.txt": BOXES}
    source = find_source(Folder(write_folder(tmp_path, IMAGES | lists)))

    problem, first, second = source

    folder = f"Img/img/{DRESS}"
    assert first == Row(
        place=f"{folder}/01_1_front.jpg",
        sku="id_00000002-01",
        title="Graphic Tees 00000002",
        category="Graphic Tees",
        image=f"{folder}/01_1_front.jpg",
        attributes={
            "people": "Women",
            "colour": "Black",
            "description": "Soft & light, Cotton",
            "bounding box": "50, 49, 208, 235",
        },
        further_images=(f"{folder}/01_2_side.jpg", f"{folder}/01_3_back.jpg"),
    )
    assert (second.sku, second.attributes["colour"], second.attributes["bounding box"]) == ("id_00000002-02", "", "")
    assert problem == Problem("Anno/list_description_inshop.json", "1 elements name no item")
    assert (len(source), source.notes) == (3, [])


def test_the_lists_may_lack(tmp_path):
    source = find_source(Folder(write_folder(tmp_path, IMAGES)))

    assert [row.sku for row in source] == ["id_00000002-01", "id_00000002-02"]
    assert source.notes == ["list_description_inshop.json, list_bbox_inshop.txt: not there"]


@pytest.mark.parametrize("text", ["{", "{}"])
def test_descriptions_that_cannot_be_read(tmp_path, text):
    write_folder(tmp_path, IMAGES | {"list_description_inshop.json": text})

    with pytest.raises(ImportFailed, match=r"list_description_inshop\.json (cannot be read|is no JSON array)"):
        find_source(Folder(tmp_path))
