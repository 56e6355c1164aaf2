import pytest

from ml.configs.backbones import BACKBONES
from ml.configs.base import Config
from ml.configs.methods import METHODS, by_summary, help_lines, method_of
from ml.errors import UnknownMethod


def test_a_method_is_found_by_its_name():
    assert method_of("hog+histogram") is METHODS["hog+histogram"]
    assert all(name == method.name for name, method in METHODS.items())


def test_an_unknown_method_is_answered_with_the_list_of_all():
    with pytest.raises(UnknownMethod, match="no method is called 'vsirec'; there are: pixels, .*, lsgan$"):
        method_of("vsirec")


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS.keys())
def test_every_setting_has_a_help_text_and_a_default(method):
    fields = method.config.model_json_schema().get("properties", {})

    assert issubclass(method.config, Config)
    assert method.config().model_dump().keys() == fields.keys()
    assert all(field["description"].endswith(".") and "default" in field for field in fields.values())


@pytest.mark.parametrize("role", ["similar", "personal", "design"])
def test_each_method_of_a_role_is_listed_once_with_its_summary(role):
    listed = {name: summary for summary, names in by_summary(role) for name in names}

    assert listed == {method.name: method.summary for method in METHODS.values() if method.role == role}


def test_networks_share_one_summary():
    longest = max((names for _, names in by_summary("similar")), key=len)

    assert longest == list(BACKBONES)


def test_help_has_a_line_for_each_method_and_a_paragraph_for_all_networks():
    lines = list(help_lines("similar"))

    assert "  vae           the means of a small variational autoencoder, by distance" in lines
    assert "  torchvision's network, with ImageNet weights or weights=FILE:" in lines
    assert lines[-1].startswith("    ") and "wide_resnet50_2" in lines[-1]
    assert all(len(text) <= 78 for line in lines for text in line.splitlines())
