import pytest

from ml.configs import methods
from ml.configs.backbones import BACKBONES
from ml.configs.base import Config
from ml.configs.methods import METHODS, by_summary, check_indexable, check_installed, help_lines, method_of
from ml.errors import BadSetting, MissingLibrary, UnknownMethod


def test_a_method_is_found_by_its_name():
    assert method_of("hog+histogram") is METHODS["hog+histogram"]
    assert all(name == method.name for name, method in METHODS.items())


def test_an_unknown_method_is_answered_with_the_list_of_all():
    with pytest.raises(
        UnknownMethod, match="no method is called 'vsirec'; there are: pixels, .*, lsgan, timm:NAME, open_clip:NAME$"
    ):
        method_of("vsirec")


@pytest.mark.parametrize("name", ["timm:vit_small_patch14_dinov2.lvd142m", "open_clip:ViT-B-16-SigLIP2-384"])
def test_a_network_of_a_library_is_a_similar_method(name):
    method = method_of(name)

    assert (method.name, method.role, method.library.name) == (name, "similar", name.partition(":")[0])
    assert name not in METHODS


@pytest.mark.parametrize("name", ["timm:", "timm:hf-hub:x/y", "open_clip:../x", "timm:a b", "timm:" + "a" * 200])
def test_a_name_that_no_network_has_is_answered_with_one_that_exists(name):
    with pytest.raises(UnknownMethod, match="networks of (timm|open_clip) are named as (timm:vit|open_clip:ViT)"):
        method_of(name)


def test_a_library_that_is_missing_is_named_with_the_command_that_installs_it(monkeypatch):
    check_installed(method_of("timm:resnet18"))
    check_installed(method_of("pixels"))
    monkeypatch.setattr(methods.importlib.util, "find_spec", lambda name: None)

    with pytest.raises(MissingLibrary, match="open_clip:ViT-B-32 needs the library open-clip-torch.*encoders.txt"):
        check_installed(method_of("open_clip:ViT-B-32"))
    check_installed(method_of("pixels"))


def test_vectors_that_no_index_takes_are_refused():
    check_indexable(2000)

    with pytest.raises(BadSetting, match="would have 2001 numbers, and an index takes at most 2000"):
        check_indexable(2001)


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
    assert any(line.startswith("    ") and "wide_resnet50_2" in line for line in lines)
    assert lines[-1].startswith("  open_clip:NAME\n    open_clip's network")
    assert all(len(text) <= 78 for line in lines for text in line.splitlines())
