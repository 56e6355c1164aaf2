import pytest

from ml.configs.backbones import BACKBONES
from ml.configs.methods import METHODS
from ml.configs.similar import AgeConfig, BackboneConfig, InfoganConfig, VisrecConfig, backbone_config
from ml.errors import BadSetting


@pytest.mark.parametrize(
    ("name", "given", "message"),
    [
        ("squeezenet1_1", {"dimensions": "600"}, "dimensions is 600; squeezenet1_1 has 512 features"),
        ("vgg16", {"dimensions": 2001}, "dimensions is 2001; it takes a whole number from 0 to 2000"),
        ("squeezenet1_1", {"image_size": 16}, "image_size is 16; squeezenet1_1 takes 17 pixels a side or more"),
        ("maxvit_t", {"image_size": 96}, "image_size is 96; maxvit_t takes multiples of 224 pixels a side, or up to 3"),
        ("vit_b_16", {"image_size": 100}, "image_size is 100; vit_b_16 takes multiples of 16 pixels a side"),
    ],
)
def test_what_a_network_cannot_do_is_refused_without_torch(name, given, message):
    with pytest.raises(BadSetting, match=message):
        METHODS[name].config(**given)


def test_what_a_network_can_do_is_accepted():
    assert backbone_config("squeezenet1_1")(image_size="17", dimensions=512).image_size == 17
    assert backbone_config("maxvit_t")(image_size=221).dimensions == 128


def test_bare_features_may_be_longer_than_an_index_takes():
    assert METHODS["resnet50"].config(dimensions=0).vector_length == 2048
    assert METHODS["resnet50"].config().vector_length == 128


def test_every_network_takes_its_defaults():
    assert {METHODS[name].config().image_size for name in BACKBONES} == {0}


def test_all_networks_have_one_schema_and_each_one_class():
    schema = METHODS["vgg16"].config.model_json_schema()

    assert schema == METHODS["vit_b_16"].config.model_json_schema()
    assert schema["title"] == "BackboneConfig"
    names = {"weights", "preprocessing", "image_size", "dimensions", "whitening", "distance"}
    assert set(schema["properties"]) == names
    assert METHODS["vgg16"].config is backbone_config("vgg16")
    assert issubclass(METHODS["vgg16"].config, BackboneConfig)


@pytest.mark.parametrize(
    ("backbone", "message"),
    [
        ("resnet", "backbone is 'resnet'; it takes none or a network of torchvision's"),
        ("maxvit_t", "backbone is 'maxvit_t'; it gets images of 128 pixels a side here, and takes multiples of 224"),
        ("vit_h_14", "backbone is 'vit_h_14'; it gets images of 128 pixels a side here, and takes multiples of 14"),
    ],
)
def test_visrec_refuses_a_backbone_that_it_cannot_use(backbone, message):
    with pytest.raises(BadSetting, match=message):
        VisrecConfig(backbone=backbone)


def test_visrec_takes_every_other_network():
    refused = {"maxvit_t", "vit_h_14"}

    assert all(VisrecConfig(backbone=name).backbone == name for name in {"none", *BACKBONES} - refused)


def test_infogan_refuses_features_that_no_index_holds():
    with pytest.raises(BadSetting, match="feature is 'trunk'; at 128x128 it is 'pooled'.* 4,096"):
        InfoganConfig(feature="trunk", image_size="128x128")
    assert InfoganConfig(feature="trunk").feature == "trunk"


def test_age_takes_its_image_size_as_a_number_too():
    assert AgeConfig(image_size=64) == AgeConfig(image_size="64")
    with pytest.raises(BadSetting, match="image_size is 48; it takes one of: 32, 64"):
        AgeConfig(image_size=48)
