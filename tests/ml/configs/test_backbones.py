"""The table of networks against the networks themselves, which are built on torch's meta device."""

import copy
from dataclasses import replace
from functools import cache

import pytest
import torch
import torchvision
from torch import nn

from ml.configs.backbones import BACKBONES, Network
from ml.configs.methods import METHODS

pytestmark = pytest.mark.slow

# One of each family, and two where they differ within it.
SAMPLE = [
    *("alexnet", "convnext_tiny", "densenet121", "efficientnet_b6", "googlenet", "inception_v3", "maxvit_t"),
    *("mnasnet0_5", "mobilenet_v3_small", "regnet_y_400mf", "resnet18", "resnet50", "shufflenet_v2_x2_0"),
    *("squeezenet1_0", "squeezenet1_1", "swin_t", "swin_v2_t", "vgg11_bn", "vit_b_16", "vit_h_14", "vit_l_32"),
]


@cache
def build(name: str, side: int = 224) -> nn.Module:
    """A network that nobody may change, built once for all tests: the weights that it draws take a second of some."""
    extras = {}
    if name in ("inception_v3", "googlenet"):
        extras = {"init_weights": False}
    elif name.startswith("vit_"):
        extras = {"image_size": side}
    elif name.startswith("maxvit_"):
        extras = {"input_size": (side, side)}
    with torch.device("cpu" if name.startswith("regnet_") else "meta"):
        return torchvision.models.get_model(name, weights=None, **extras).to("meta").eval()


def last_layer(network: nn.Module) -> tuple[str, nn.Linear | nn.Conv2d]:
    return [(path, m) for path, m in network.named_modules() if isinstance(m, nn.Linear | nn.Conv2d)][-1]


def runs(network: nn.Module, side: int) -> bool:
    try:
        network(torch.empty(1, 3, side, side, device="meta"))
    except (AssertionError, RuntimeError, ValueError):
        return False
    return True


def takes(name: str, side: int) -> bool:
    try:
        return runs(build(name, side), side)
    except (AssertionError, ValueError):
        return False


def test_all_of_torchvisions_classifiers_are_methods_by_its_own_names():
    assert sorted(BACKBONES) == torchvision.models.list_models(module=torchvision.models)
    assert set(BACKBONES) < set(METHODS)


@pytest.mark.parametrize("name", SAMPLE)
def test_the_features_are_those_that_the_classifier_reads(name):
    _, classifier = last_layer(build(name))

    assert BACKBONES[name].features == classifier.weight.shape[1]


@pytest.mark.parametrize("name", [name for name in SAMPLE if BACKBONES[name].side_step == 1])
def test_a_network_takes_sides_from_the_least_on(name):
    least, network = BACKBONES[name].least_side, build(name)

    assert runs(network, least)
    assert not runs(network, least - 1)


@pytest.mark.parametrize("name", [name for name in SAMPLE if BACKBONES[name].side_step > 1])
def test_a_network_takes_multiples_of_its_step(name):
    step, slack = BACKBONES[name].side_step, BACKBONES[name].side_slack
    sides = {step - slack - 1, step - slack, step, step + 1, 3 * step - slack - 1, 3 * step - slack, 3 * step}

    assert {side for side in sides if takes(name, side)} == {side for side in sides if BACKBONES[name].takes_side(side)}


@pytest.mark.parametrize("name", SAMPLE)
def test_a_map_can_be_flattened_from_the_side_that_the_table_says(name):
    network, facts = copy.deepcopy(build(name)), BACKBONES[name]
    network.set_submodule(last_layer(network)[0], nn.Identity())
    pools = [path for path, module in network.named_modules() if isinstance(module, nn.AdaptiveAvgPool2d)]
    if pools:
        network.set_submodule(pools[-1], nn.Identity())

    def width(side: int) -> int:
        return network(torch.empty(1, 3, side, side, device="meta")).flatten(1).shape[1]

    if facts.flattened_from:
        assert width(facts.flattened_from) > facts.features
        assert width(facts.flattened_from - 1) == facts.features
    else:
        assert not pools or not runs(network, 224) or width(224) == facts.features


@pytest.mark.parametrize(
    ("network", "fits", "words"),
    [
        (Network(8, least_side=5), [5, 6, 7, 8, 9, 10, 11, 12, 13, 14], "5 pixels a side or more"),
        (Network(8, side_step=7), [7, 14], "multiples of 7 pixels a side"),
        (Network(8, side_step=7, side_slack=2), [5, 6, 7, 12, 13, 14], "multiples of 7 pixels a side, or up to 2 less"),
    ],
)
def test_sides_are_named_as_they_are_checked(network, fits, words):
    assert [side for side in range(1, 15) if network.takes_side(side)] == fits
    assert network.sides == words


def test_a_network_cannot_be_changed():
    assert replace(BACKBONES["alexnet"], features=1) != BACKBONES["alexnet"]
    with pytest.raises(AttributeError):
        BACKBONES["alexnet"].features = 1
