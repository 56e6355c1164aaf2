from catalog.importers.archive import Folder
from catalog.importers.hm import Hm
from tests.catalog.importers.builders import write_folder


def test_articles_have_their_names_images_and_further_columns(tmp_path):
    table = "article_id,prod_name,product_type_name,colour_group_name\n0108,Strap top,Vest top,Black\n0110,Lost,Top,\n"
    write_folder(tmp_path, {"articles.csv": table, "images/010/0108.jpg": b"x"})

    first, lost = Hm.find(Folder(tmp_path))

    assert (first.sku, first.title, first.category, first.image) == (
        "0108", "Strap top", "Vest top", "images/010/0108.jpg"
    )  # fmt: skip
    assert (first.price, first.attributes) == (None, {"colour_group_name": "Black"})
    assert lost.image == "images/011/0110.jpg"
