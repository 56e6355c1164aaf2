import pytest

from ml.configs.encoders import LIBRARIES, OpenClipConfig, TimmConfig
from ml.errors import BadSetting

FILE = {"weights": "w.safetensors"}


@pytest.mark.parametrize("config", [TimmConfig, OpenClipConfig])
@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, r"weights is missing; it takes a \.safetensors, \.pth, \.pt or \.bin file"),
        ({"weights": "imagenet"}, r"weights is 'imagenet'; it takes a \.safetensors"),
        ({"weights": "hf-hub:Marqo/x"}, r"weights is 'hf-hub:Marqo/x'; it takes a \.safetensors"),
        (FILE | {"preprocessing": "caffe"}, "preprocessing is not a setting here"),
    ],
)
def test_weights_come_from_a_file(config, given, message):
    with pytest.raises(BadSetting, match=message):
        config(**given)


@pytest.mark.parametrize("suffix", ["safetensors", "pth", "pt", "bin"])
def test_all_kinds_of_files_are_taken(suffix):
    assert TimmConfig(weights=f"w.{suffix}").dimensions == 128


def test_words_are_compared_with_bare_features_alone():
    assert (OpenClipConfig(**FILE).text, OpenClipConfig(**FILE).dimensions) == (True, 0)
    assert OpenClipConfig(**FILE, dimensions="64", text="no").dimensions == 64

    with pytest.raises(BadSetting, match="dimensions is 64 and text is yes; words are compared"):
        OpenClipConfig(**FILE, dimensions=64)
    with pytest.raises(BadSetting, match="distance is euclidean and text is yes; words are compared"):
        OpenClipConfig(**FILE, distance="euclidean")


def test_a_tokenizer_without_text_makes_no_sense():
    with pytest.raises(BadSetting, match="tokenizer is 'folder' and text is no"):
        OpenClipConfig(**FILE, tokenizer="folder", text=False)


def test_the_examples_are_names():
    assert all(library.names.fullmatch(library.example) for library in LIBRARIES.values())
