import pickle
import struct

import numpy as np
import pytest

from ml.data.partitioned import CLASSES, Partitioned, decode_text, get_category, get_field, get_image


def write(file, values: list):
    array = np.empty(len(values), dtype=object)
    array[:] = values
    np.save(file, array, allow_pickle=True)
    return file


@pytest.mark.parametrize(
    ("value", "text"),
    [("Café", "Café"), (b"Caf\xc3\xa9", "Café"), ("CafÃ©", "Café"), (b"Caf\xe9", "Café"), (None, ""), ("€", "€")],
)
def test_text_is_decoded_however_it_was_loaded(value, text):
    assert decode_text(value) == text


def test_a_field_has_a_key_of_text_or_of_bytes():
    assert get_field({b"a": 1}, "a") == get_field({"a": 1}, "a") == 1
    assert get_field({}, "a") is None


def test_an_image_is_bytes_again():
    assert get_image({"imgs": "\xff\xd8"}) == get_image({b"imgs": b"\xff\xd8"}) == b"\xff\xd8"
    assert get_image({}) is None


def test_a_category_is_a_class_or_the_end_of_the_shops_path():
    marks = np.arange(6) == 4

    assert get_category({"c": marks, "categories": [["x"]]}) == CLASSES[4] == "men's shoes"
    assert get_category({"c": np.zeros(6, bool)}) == ""
    assert get_category({b"categories": [[b"Clothing", b"Boots"], [b"Other"]]}) == "Boots"
    assert get_category({}) == ""


def test_pairs_count_once_a_part_and_a_position_stands_for_a_missing_time(tmp_path):
    train = {0: [{"productid": 7, "overall": 4.0}, {"productid": 0, "unixReviewTime": 5}, {"productid": 7}]}
    test = {0: [{"productid": 7}]}

    partitioned = Partitioned(write(tmp_path / "set.npy", [train, {}, test, {7: {}, 0: {}}, 1, 2]))

    assert list(partitioned.interactions()) == [(0, 7, 0, 4.0, "train"), (0, 0, 5, "", "train"), (0, 7, 0, "", "test")]
    assert partitioned.items.keys() == {7, 0}


def test_a_name_that_no_data_needs_is_refused(tmp_path):
    with pytest.raises(pickle.UnpicklingError, match="which no data needs"):
        Partitioned(write(tmp_path / "set.npy", [struct.Struct, {}, {}, {}, 0, 0]))
