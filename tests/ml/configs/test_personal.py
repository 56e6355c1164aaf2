import pytest

from ml.configs.personal import FrozenConfig, InceptionBprConfig
from ml.errors import BadSetting


@pytest.mark.parametrize("name", ["visrec", "vae", "dvbpr", "nothing"])
def test_a_method_that_learns_is_no_frozen_feature(name):
    with pytest.raises(BadSetting, match=f"features is '{name}'; it takes descriptors or a method that trains nothing"):
        FrozenConfig(features=name)


@pytest.mark.parametrize("name", ["descriptors", "pixels", "hog+histogram", "vgg16"])
def test_what_trains_nothing_is_a_frozen_feature(name):
    assert FrozenConfig(features=name).features == name


@pytest.mark.parametrize("name", ["densenet121", "vgg16", "mobilenet_v3_small"])
def test_a_network_without_a_last_map_to_flatten_is_refused(name):
    with pytest.raises(BadSetting, match=f"reading is 'flattened'; {name} has no map"):
        InceptionBprConfig(backbone=name)
    assert InceptionBprConfig(backbone=name, reading="pooled").backbone == name


def test_a_map_of_one_cell_is_not_flattened():
    with pytest.raises(BadSetting, match="last map of resnet18 is a single cell: take 'pooled', or 33 pixels a side"):
        InceptionBprConfig(backbone="resnet18", image_size=32)
    assert InceptionBprConfig(backbone="resnet18", image_size=33).image_size == 33
    assert InceptionBprConfig(backbone="resnet18", image_size=32, reading="pooled").image_size == 32


def test_a_backbone_that_torchvision_lacks_is_refused():
    with pytest.raises(BadSetting, match="backbone is 'inception_v4'; it takes a network of torchvision's"):
        InceptionBprConfig(backbone="inception_v4")


def test_an_image_size_that_the_backbone_does_not_take_is_refused():
    with pytest.raises(BadSetting, match="image_size is 74; inception_v3 takes 75 pixels a side or more"):
        InceptionBprConfig(image_size=74)
