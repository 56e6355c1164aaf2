from catalog.importers.archive import Folder
from catalog.importers.rows import Row
from catalog.importers.zappos import Zappos
from tests.catalog.importers.builders import write_folder

METADATA = (
    "CID,Category,SubCategory,HeelHeight,Closure\n100627-72,Shoes,Oxfords,1in - 1 3/4in,Lace up\n9,Boots,Ankle,,\n"
)


def test_folders_and_metadata_become_a_product(tmp_path):
    write_folder(tmp_path, {"Shoes/Oxfords/A.B. Inc./100627.72.jpg": b"x", "meta-data.csv": METADATA})

    assert list(Zappos.find(Folder(tmp_path))) == [
        Row(
            place="Shoes/Oxfords/A.B. Inc./100627.72.jpg",
            sku="100627-72",
            title="A.B. Inc. Oxfords",
            category="Oxfords",
            image="Shoes/Oxfords/A.B. Inc./100627.72.jpg",
            attributes={
                "Category": "Shoes",
                "Brand": "A.B. Inc.",
                "SubCategory": "Oxfords",
                "HeelHeight": "1in - 1 3/4in",
                "Closure": "Lace up",
            },
        )
    ]


def test_without_metadata_the_folders_say_enough(tmp_path):
    write_folder(tmp_path, {"Boots/Ankle/Acme/1.jpg": b"x", "Sandals/Flat/Acme/2.jpg": b"x"})

    rows = list(Zappos.find(Folder(tmp_path)))

    assert [(row.sku, row.category) for row in rows] == [("1", "Ankle"), ("2", "Flat")]
    assert rows[0].attributes == {"Category": "Boots", "Brand": "Acme"}


def test_other_trees_of_that_depth_are_left_to_others(tmp_path):
    write_folder(tmp_path, {"a/b/c/1.jpg": b"x"})

    assert Zappos.find(Folder(tmp_path)) is None


def test_mat_files_are_left_out_with_a_word(tmp_path):
    write_folder(tmp_path, {"Boots/Ankle/Acme/1.jpg": b"x", "zappos-labels.mat": b"MATLAB 5.0"})

    assert Zappos.find(Folder(tmp_path)).notes == [
        "meta-data.csv is not there: the shoes have only what their folders say",
        "zappos-labels.mat: left out; the labels of each shoe are in meta-data.csv",
    ]
