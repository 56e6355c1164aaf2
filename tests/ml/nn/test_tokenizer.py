import json

import pytest

from ml.errors import BadWeights
from ml.nn.tokenizer import StoredTokenizer, read_tokenizer
from tests.ml.encoders import save_tokenizer


def test_texts_are_padded_and_cut_to_the_length(tmp_path):
    save_tokenizer(tmp_path)

    tokenizer = StoredTokenizer(read_tokenizer(tmp_path, 5), "canonicalize")

    assert tokenizer(["A red  bag.", "blue, blue; red! a shoe?"]).tolist() == [[3, 4, 6, 0, 1], [5, 5, 4, 3, 0]]


def test_cleaning_is_open_clips(tmp_path):
    save_tokenizer(tmp_path)

    tokenizer = StoredTokenizer(read_tokenizer(tmp_path, 3), "whitespace")

    assert tokenizer([" RED "]).tolist() == [[2, 0, 1]]  # unknown in capitals


def test_a_padding_token_may_be_plain_text(tmp_path):
    save_tokenizer(tmp_path)
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({"pad_token": "</s>"}))  # as SigLIP's

    tokenizer = StoredTokenizer(read_tokenizer(tmp_path, 4), "lower")

    assert tokenizer(["red"]).tolist() == [[4, 0, 0, 0]]


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("tokenizer.json", None, r"tokenizer\.json: there is no such file"),
        ("tokenizer_config.json", None, r"tokenizer_config\.json: there is no such file"),
        ("tokenizer.json", "{", "cannot be read as a tokenizer"),
        ("tokenizer_config.json", "{", "cannot be read as a tokenizer"),
        ("tokenizer_config.json", "{}", "pad_token is None, which is no token"),
        ("tokenizer_config.json", '{"pad_token": "<no>"}', "pad_token is '<no>', which is no token"),
    ],
)
def test_a_folder_that_is_no_tokenizer_is_refused_with_the_reason(tmp_path, name, content, reason):
    save_tokenizer(tmp_path)
    (tmp_path / name).unlink() if content is None else (tmp_path / name).write_text(content)

    with pytest.raises(BadWeights, match=reason):
        read_tokenizer(tmp_path, 8)
