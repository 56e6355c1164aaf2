import gzip
import json

import pytest

from catalog.errors import ImportFailed
from catalog.importers.archive import Folder
from catalog.importers.json_file import JsonFile
from catalog.importers.rows import Problem


@pytest.mark.parametrize("packed", [False, True])
def test_lines_and_arrays_of_objects(tmp_path, packed):
    for name, text in (("t.jsonl", '{"a": 1}\n\n[2]\n{"a"\n'), ("t.json", '\ufeff[{"a": 1},\n2]')):
        name += ".gz" * packed
        (tmp_path / name).write_bytes(gzip.compress(text.encode()) if packed else text.encode())
        file = JsonFile(Folder(tmp_path), name)

        first, *others = file

        assert first[1] == {"a": 1}
        assert file.columns == ["a"]
        assert all(isinstance(other, Problem) for other in others)
        assert len(file) == len(others) + 1
    assert others == [Problem(f"{name} element 2", "the line is JSON, but not an object")]


@pytest.mark.parametrize("text", ["[{", json.dumps([1])[:-1]])
def test_an_array_that_is_cut_off(tmp_path, text):
    (tmp_path / "t.json").write_text(text)

    with pytest.raises(ImportFailed, match=r"t\.json is not JSON"):
        list(JsonFile(Folder(tmp_path), "t.json"))


def test_columns_are_those_of_all_objects(tmp_path):
    (tmp_path / "t.jsonl").write_text('{"a": 1}\n{"b": 2, "a": 1}\n')

    assert JsonFile(Folder(tmp_path), "t.jsonl").columns == ["a", "b"]


@pytest.mark.parametrize("indent", [None, 2])
def test_an_object_around_the_products_is_taken_off(tmp_path, indent):
    products = [{"sku": 1, "images": [{"src": "a"}], "b": 0, "c": 0, "d": 0, "e": 0}, {"sku": 2}]
    (tmp_path / "t.json").write_text(json.dumps({"count": 2, "products": products}, indent=indent))
    (tmp_path / "one.jsonl").write_text("\n".join(map(json.dumps, products)))

    for name in ("t.json", "one.jsonl"):
        assert [record for _, record in JsonFile(Folder(tmp_path), name)] == products


@pytest.mark.parametrize("text", ['{"a": "é"}\n{"a": "ü"}', '[{"a": "é"},\n{"a": "ü"}]'])
def test_utf_16_as_windows_writes_it(tmp_path, text):
    (tmp_path / "t.json").write_bytes(text.encode("utf-16"))

    assert [fields for _, fields in JsonFile(Folder(tmp_path), "t.json")] == [{"a": "é"}, {"a": "ü"}]


def test_utf_16_that_is_none_is_refused(tmp_path):
    (tmp_path / "t.json").write_bytes(b"\xff\xfe\x00\xd8\x00\xd8")

    with pytest.raises(ImportFailed, match="cannot be read as UTF-16"):
        list(JsonFile(Folder(tmp_path), "t.json"))


def test_lines_with_lists_of_objects_are_no_objects_around_them(tmp_path):
    (tmp_path / "t.jsonl").write_text('\n{"a": 1, "images": [{"src": "a"}]}\n\n{"a": 2, "images": [{"src": "b"}]}\n')

    assert [(place, fields["a"]) for place, fields in JsonFile(Folder(tmp_path), "t.jsonl")] == [
        ("t.jsonl line 2", 1),
        ("t.jsonl line 4", 2),
    ]


@pytest.mark.parametrize(
    "text",
    [
        '{"products": [{"a": 1}, {"a": 2}]}\n{"products": [{"a": 3}]}\n{"products": []}\n',
        '{"products": [{"a": 1}, {"a": 2}]}{"products": [{"a": 3}]}{"products": []}',
        '[{"a": 1}, {"a": 2}]\n[{"a": 3}]\n[]',
        '{"a": 1},\n{"a": 2},\n{"a": 3},\n',
        '{"data": {"products": {"items": [{"a": 1}, {"a": 2}, {"a": 3}], "total": 3}}, "extensions": {"cost": {}}}',
        '{"products": {"edges": [{"cursor": "x", "node": {"a": 1}}, {"node": {"a": 2}}, {"node": {"a": 3}}]}}',
    ],
)
def test_pages_of_an_interface_may_stand_behind_each_other_and_be_deep(tmp_path, text):
    (tmp_path / "t.json").write_text(text)

    found = list(JsonFile(Folder(tmp_path), "t.json"))

    assert [fields for _, fields in found] == [{"a": 1}, {"a": 2}, {"a": 3}]
    assert len({place for place, _ in found}) == 3


def test_one_object_that_is_named_is_one_record(tmp_path):
    (tmp_path / "t.json").write_text('{"product": {"a": 1, "images": [{"src": "b"}], "variants": [{"sku": "c"}]}}')

    [(_, fields)] = JsonFile(Folder(tmp_path), "t.json")

    assert fields["a"] == 1


@pytest.mark.parametrize("indent", [None, 1])
def test_objects_by_their_ids_are_records(tmp_path, indent):
    products = {f"A-{number}": {"title": "T", "price": number, "sku": None} for number in range(9)}
    (tmp_path / "t.json").write_text(json.dumps(products, indent=indent))

    found = [fields for _, fields in JsonFile(Folder(tmp_path), "t.json")]

    assert found == [{"id": name, **fields} for name, fields in products.items()]
