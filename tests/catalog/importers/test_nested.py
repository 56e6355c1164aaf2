import json

from catalog.importers.archive import Folder
from catalog.importers.nested import NestedFile, open_rows
from catalog.importers.rows import Problem

PRODUCT = {"handle": "red", "title": "Red", "variants": [{"sku": "A"}, {"sku": "B"}], "images": []}


def test_each_product_has_rows_at_its_place_and_what_is_none_stays_a_problem(tmp_path):
    (tmp_path / "t.jsonl").write_text(f"{json.dumps(PRODUCT)}\n7\n{json.dumps(PRODUCT | {'handle': 'blue'})}\n")

    file = open_rows(Folder(tmp_path), "t.jsonl")

    assert isinstance(file, NestedFile)
    found = [entry if isinstance(entry, Problem) else (entry[0], entry[1]["Handle"]) for entry in file]
    assert found == [
        ("t.jsonl line 1", "red"),
        ("t.jsonl line 1", "red"),
        Problem("t.jsonl line 2", "the line is JSON, but not an object"),
        ("t.jsonl line 3", "blue"),
        ("t.jsonl line 3", "blue"),
    ]
    assert len(file) == 5
    assert "Variant SKU" in file.columns and "Image Src" not in file.columns


def test_other_files_are_read_as_they_are(tmp_path):
    (tmp_path / "t.json").write_text('[{"sku": "A", "variants": []}]')
    (tmp_path / "t.csv").write_text("handle,variants\nred,2\n")

    assert [fields for _, fields in open_rows(Folder(tmp_path), "t.json")] == [{"sku": "A", "variants": []}]
    assert [fields for _, fields in open_rows(Folder(tmp_path), "t.csv")] == [{"handle": "red", "variants": "2"}]
