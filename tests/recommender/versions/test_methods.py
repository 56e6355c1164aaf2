import importlib.util

import pytest

from recommender.errors import TrainingRefused
from recommender.models import Role
from recommender.versions import methods
from tests.factories import VersionFactory


def test_each_role_has_methods_and_the_help_names_them_all():
    text = methods.help_text()

    for role in Role:
        names = [name for _, names in methods.by_summary(role) for name in names]
        assert names
        assert all(methods.role_of(name) == role and name in text for name in names)
        assert f"{role.label}:" in text


def test_an_unknown_method_is_refused_with_those_there_are():
    with pytest.raises(TrainingRefused, match="'nonsense'.*visrec"):
        methods.role_of("nonsense")


@pytest.mark.parametrize("values", [{"no_such": 1}, {"epochs": "many"}, {"image_size": -1}])
def test_settings_that_the_method_does_not_take_are_refused_with_their_name(values):
    methods.check_settings("vae", {})

    with pytest.raises(TrainingRefused, match=f"vae: .*{next(iter(values))}"):
        methods.check_settings("vae", values)


def test_networks_of_libraries_are_known_by_the_form_of_their_names():
    assert methods.role_of("timm:vit_small_patch14_dinov2.lvd142m") == Role.SIMILAR
    assert list(methods.patterns()) == ["timm", "open_clip"]
    methods.check_settings("open_clip:ViT-B-16-SigLIP", {"weights": "w.safetensors"})

    with pytest.raises(TrainingRefused, match="open_clip:ViT-B-32: weights is missing"):
        methods.check_settings("open_clip:ViT-B-32", {})


def test_a_library_that_is_missing_is_named_before_a_training_is_queued(monkeypatch):
    installed = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "timm" else installed(name))

    with pytest.raises(TrainingRefused, match="timm:resnet18 needs the library timm, which is not installed: pip ins"):
        methods.check_settings("timm:resnet18", {"weights": "w.pt"})


def test_a_process_that_has_no_torch_leaves_it_to_the_workers_whether_a_library_is_installed(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)

    methods.check_settings("timm:resnet18", {"weights": "w.pt"})


def test_vectors_that_no_index_takes_are_refused():
    methods.check_settings("resnet18", {"dimensions": 0})

    with pytest.raises(TrainingRefused, match="vgg16: a vector would have 4096 numbers, and an index takes at most 20"):
        methods.check_settings("vgg16", {"dimensions": 0})


def test_the_schema_has_help_and_default_of_each_setting():
    properties = methods.settings_schema("vae")["properties"]

    assert properties
    assert all({"description", "default"} <= set(each) for each in properties.values())


def test_a_method_that_ignores_images_is_known():
    assert methods.sees_images(VersionFactory.build(method="dvbpr", number=1))
    assert not methods.sees_images(VersionFactory.build(method="bpr-mf", number=1))


def test_it_is_known_which_versions_embed_texts():
    settings = {"weights": "w.pt"}

    assert methods.takes_texts(VersionFactory.build(method="open_clip:ViT-B-32", settings=settings, number=1))
    for method, more in {"open_clip:ViT-B-32": {"text": "no"}, "timm:resnet18": {}, "resnet18": {}}.items():
        version = VersionFactory.build(method=method, settings=settings | more, number=1)
        assert not methods.takes_texts(version)


@pytest.mark.django_db
def test_a_starter_is_the_method_that_serves_its_role_from_the_first_minute():
    starters = [VersionFactory(method="hog+histogram"), VersionFactory(method="popularity", role="personal")]
    others = [VersionFactory(method="visrec"), VersionFactory(method="lsgan", role="design")]

    assert [methods.is_starter(version) for version in [*starters, *others]] == [True, True, False, False]
