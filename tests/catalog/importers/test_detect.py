import re

import pytest

from catalog.errors import ImportFailed
from catalog.importers.class_folders import ClassFolders
from catalog.importers.detect import open_source
from catalog.importers.fashion_products import FashionProducts
from catalog.importers.hm import Hm
from catalog.importers.table import Table
from catalog.importers.zappos import Zappos
from tests.catalog.importers.builders import STYLES, jpegs, write_folder, write_zip

TABLE = "sku,title,category,price,image\n1,One,Shoes,5,1.jpg\n"
LAYOUTS = [
    (FashionProducts, {"styles.csv": STYLES, "images/11.jpg": b"x"}),
    (Zappos, {"Shoes/Flats/Nike/7.jpg": b"x"}),
    (Zappos, {"ut-zap50k-data/meta-data.csv": "CID\n7\n", "ut-zap50k-images/Shoes/Flats/Nike/7.jpg": b"x"}),
    (ClassFolders, {"dress/1.jpg": b"x", "hat/2.jpg": b"x"}),
    (ClassFolders, {"dress/1.jpg": b"x"}),
    (ClassFolders, {"train/dress/1.jpg": b"x", "validation/dress/2.jpg": b"x"}),
    (ClassFolders, {"dress/1.jpg": b"x", "hat/2.jpg": b"x", "labels.csv": "image,label\n"}),
    (ClassFolders, {"dress/1.jpg": b"x", "hat/2.jpg": b"x", "notes.csv": b"caf\xe9", "empty.csv": ""}),
    (Hm, {"articles.csv": "article_id,prod_name,product_type_name\n012,One,Top\n", "images/012/012.jpg": b"x"}),
    (Table, {"products.tsv": TABLE.replace(",", "\t"), "1.jpg": b"x"}),
    (Table, {"feed.txt": TABLE.replace(",", "\t"), "readme.txt": "hello", "1.jpg": b"x"}),
    (Table, {"products.jsonl": '{"sku": 1, "title": 2, "category": 3, "price": 4, "image": "1.jpg"}\n'}),
    (Table, {"products.csv": TABLE, "interactions.csv": "user,sku\n", "1.jpg": b"x"}),
    (Table, {"mine.csv": TABLE, "pictures/1.jpg": b"x", "pictures/more/2.jpg": b"x"}),
    (Table, {"mine.csv": TABLE, "other.csv": "a,b\n", "dress/1.jpg": b"x", "hat/2.jpg": b"x"}),
]


@pytest.mark.parametrize("around", ["", "packed/"])
@pytest.mark.parametrize("write", [write_folder, write_zip])
@pytest.mark.parametrize(("source", "files"), LAYOUTS)
def test_every_layout_is_recognised(tmp_path, source, files, write, around):
    path = write(tmp_path / "source.zip", {f"{around}{name}": content for name, content in files.items()})

    with open_source(path) as found:
        assert type(found) is source
        assert len(found) == len(list(found)) > 0


def test_a_csv_is_a_source_by_itself(tmp_path):
    write_folder(tmp_path, {"mine.CSV": TABLE, "unrelated/1.jpg": b"x", "other.csv": "a\n"})

    with open_source(tmp_path / "mine.CSV") as found:
        assert [row.sku for row in found] == ["1"]


@pytest.mark.parametrize("around", ["", "packed/"])
def test_what_nobody_recognises_is_answered_with_what_is_understood(tmp_path, around):
    files = {"notes.txt": "x", "stock.csv": "sku,title,image\n", "images/1.jpg": b"x"}
    write_folder(tmp_path, {f"{around}{name}": content for name, content in files.items()})

    with pytest.raises(ImportFailed) as failure, open_source(tmp_path):
        pass

    assert str(failure.value) == (
        f"{tmp_path} is none of what is understood: styles.csv beside images/ID.jpg; "
        "articles.csv beside images/ABC/ID.jpg (H&M); "
        "Category/SubCategory/Brand/CID.jpg (UT-Zappos50K); "
        "Anno/list_category_img.txt beside img/NAME/img_1.jpg (DeepFashion); "
        "img/WOMEN/CATEGORY/id_1/01_1_front.jpg (DeepFashion, in-shop); "
        "a CSV with the columns sku,title,category,price,image; "
        "CLASS/NAME.jpg or train/CLASS/NAME.jpg, a folder per class. "
        f"{tmp_path}/{around}stock.csv lacks: category, price; its columns are sku, title, image"
    )


@pytest.mark.parametrize(
    ("files", "name", "reason"),
    [
        ({}, "nowhere", "nowhere does not exist"),
        ({"empty/.keep": ""}, "empty", "empty is empty"),
        ({"text.zip": "hello"}, "text.zip", "is no zip"),
        ({"f/products.csv": "sku,title\n1,One\n"}, "f", "products.csv lacks: category, price, image"),
        ({"f/a.csv": TABLE, "f/b.csv": TABLE}, "f", "holds several tables of products, name one: a.csv, b.csv"),
        ({"f/styles.csv": STYLES, "f/notes.txt": ""}, "f", "no picture in images/"),
        ({"f/styles.csv": "id,colour\n", "f/images/1.jpg": b"x"}, "f", "lacks: articleType, productDisplayName"),
    ],
)
def test_a_source_that_cannot_be_read_says_why(tmp_path, files, name, reason):
    write_folder(tmp_path, files)

    with pytest.raises(ImportFailed, match=reason), open_source(tmp_path / name):
        pass


@pytest.mark.parametrize("name", ["../../x.csv", "a/../../x.csv", "/etc/x.csv", "..\\x.csv"])
def test_entries_that_lead_out_of_a_zip_are_told(tmp_path, name):
    path = write_zip(tmp_path / "evil.zip", {name: TABLE})
    half = write_zip(tmp_path / "half.zip", {name: TABLE, "products.csv": TABLE})
    reason = f"1 entry leads out of {path}, such as {name.replace(chr(92), '/')}: not read"

    with pytest.raises(ImportFailed, match=f"^{re.escape(reason)}$"), open_source(path):
        pass
    with open_source(half) as found:
        assert len(found.archive.notes) == 1


@pytest.mark.parametrize("around", ["", "packed/"])
def test_no_products_are_made_of_folders_beside_a_table_that_lacks_a_column(tmp_path, around):
    files = {"mine.csv": TABLE.replace("category", "categroy"), "images/dress/1.jpg": b"x", "images/hat/2.jpg": b"x"}
    path = write_zip(tmp_path / "c.zip", {f"{around}{name}": content for name, content in files.items()})

    with pytest.raises(ImportFailed, match=r"lacks: category; .* rename categroy -> category\?"), open_source(path):
        pass


@pytest.mark.parametrize("name", ["products.xlsx", "."])
def test_a_workbook_that_cannot_be_read_is_to_be_saved_anew(tmp_path, name):
    write_folder(tmp_path, {"products.xlsx": b"PK\x03\x04", "dress/1.jpg": b"x", "hat/2.jpg": b"x"})

    with pytest.raises(ImportFailed, match="is a workbook .*its sheet as CSV UTF-8"), open_source(tmp_path / name):
        pass


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("list.pdf", b"%PDF-1.4", "list.pdf is a PDF, whatever its name says: export CSV"),
        ("list.pdf.txt", b"%PDF-1.4", "list.pdf.txt is a PDF, whatever"),
        ("shop.sql", b"INSERT INTO p VALUES (1);", "is a dump of a database .SQL."),
        ("shop.tar.gz", b"\x1f\x8b\x08", r"is an archive .gzip.*unpack it"),
        ("photo.png", b"\x89PNG", "is a picture"),
    ],
)
def test_a_file_of_another_kind_is_told_as_what_it_is(tmp_path, name, content, reason):
    write_folder(tmp_path, {name: content})

    with pytest.raises(ImportFailed, match=reason), open_source(tmp_path / name):
        pass


def test_a_folder_without_a_table_says_what_its_files_are(tmp_path):
    write_folder(tmp_path, {"list.pdf.txt": b"%PDF-1.4"})

    with pytest.raises(ImportFailed, match="none of what is understood.*list.pdf.txt is a PDF"), open_source(tmp_path):
        pass


def test_a_table_is_told_by_its_content_whatever_its_name(tmp_path):
    write_folder(tmp_path, {"export.bak": "sku,title,category,price,image\nA,One,Hats,5,1.jpg\n"} | jpegs(["1.jpg"]))

    with open_source(tmp_path / "export.bak") as source:
        assert [row.sku for row in source] == ["A"]


def test_a_document_of_word_is_no_zip_of_products(tmp_path):
    write_zip(tmp_path / "list.docx", {"word/document.xml": "<x/>"})

    with pytest.raises(ImportFailed, match="list.docx is a document of Word"), open_source(tmp_path / "list.docx"):
        pass
