import json
import time

import pytest

from catalog.errors import ImportFailed
from catalog.importers import json_documents
from catalog.importers.json_documents import Documents, decode, is_deep


def elements(text: str, size: int = 1000) -> list[object]:
    data = text.encode()
    return list(Documents((data[at : at + size] for at in range(0, len(data), size)), lambda found: [found]))


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_elements_are_the_same_however_the_file_is_cut(size):
    values = [{"a": [1, -2.5e3, None]}, 'é€😀"]', 12345, [], {}, True, {"b": {"c": "x" * 50}}]
    text = f"\n {json.dumps(values, indent=1)} ,\n[] [7]{json.dumps({'d': values}, ensure_ascii=False)}  8 "

    assert elements(text, size) == [*values, 7, {"d": values}, 8]


@pytest.mark.parametrize(
    "text", ["[1", "[1,", "[", '[{"a": 1}', "[1 2]", "[1,]", "[,1]", '{"a"', "[1]]", "[01]", '["a', "nul", '["\udcff"]']
)
def test_what_is_no_json_raises(text):
    with pytest.raises(ValueError, match=r".") as raised:
        list(Documents([text.encode(errors="surrogateescape")], lambda found: [found]))

    assert not isinstance(raised.value, ImportFailed)


def test_time_grows_with_the_file_alone():
    values = [{"a": number, "b": "x" * 50} for number in range(40_000)]
    data = json.dumps([["x" * 5_000_000], *values]).encode()  # in one block, which begins with a long element
    began = time.process_time()

    assert sum(1 for _ in Documents([data], lambda found: [found])) == 40_001

    assert time.process_time() - began < 5  # where it took minutes


def test_an_element_that_takes_too_much_memory_raises(monkeypatch):
    monkeypatch.setattr(json_documents, "MOST_CHARACTERS", 100)
    monkeypatch.setattr(json_documents, "MOST_VALUES", 20)

    assert len(elements("[" + ",".join(["[1,2]"] * 100) + "]", 10)) == 100
    with pytest.raises(ImportFailed, match="over 100 characters in one object"):
        elements(json.dumps(["x" * 200]), 10)
    with pytest.raises(ImportFailed, match="over 20 values in one object"):
        elements(json.dumps([[1] * 30]), 10)


@pytest.mark.parametrize("most", [101, 5000])
def test_what_is_too_deep_raises(most):
    for text in ("[" * most + "]" * most, '{"a":' * most + "1" + "}" * most):
        with pytest.raises(ValueError, match="over 100 deep"):
            decode(text)
    assert decode("[" * 100 + "]" * 100)[1] == 200


def test_depth_is_that_of_lists_and_objects():
    assert [is_deep(value, 1) for value in (1, [1], [{}], [[[]]], {"a": [[1]]}, {"a": "[[["})] == [
        False, False, True, True, True, False,
    ]  # fmt: skip
