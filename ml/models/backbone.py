"""Networks trained on ImageNet by others: all of torchvision's, by its own names."""

from functools import cache, partial
from pathlib import Path
from typing import Any

import torch
import torchvision
from torch import nn

from ml.configs.backbones import BACKBONES
from ml.configs.similar import BackboneConfig
from ml.models.pretrained_network import PretrainedNetwork
from ml.nn import pretrained

CAFFE_MEAN = (123.68 / 255, 116.779 / 255, 103.939 / 255)


class Backbone(PretrainedNetwork[BackboneConfig]):
    """The last features before the classifier, frozen: the baselines of the InfoGAN paper's second table, and more.

    "The last layer removed": fc2 of VGG and AlexNet, the pooled last map of SqueezeNet, ResNet, DenseNet and most
    others. With dimensions=0 and distance=euclidean they are compared as in the paper.

    Images are normalised as torchvision does it for the network's weights, but are not cropped to their centre as it
    does. preprocessing=caffe is for weights that want BGR from 0 to 255 less a mean, as the paper's Keras ones did.

    The paper's InceptionResNetV2 and MobileNet (V1) are timm's. Its precisions, .44 to .82, were measured on
    UT-Zappos50K with the number of neighbours and the queries unpublished: they do not compare with ours.
    """

    def __init__(self, config: BackboneConfig) -> None:
        transforms = torchvision.models.get_model_weights(self.method).DEFAULT.transforms()
        side = config.image_size or transforms.crop_size[0]
        network = _build(self.method, config, side)
        all_keys = network.state_dict().keys()
        width = _remove_classifier(network)
        assert width == BACKBONES[self.method].features
        as_caffe = config.preprocessing == "caffe"
        mean = torch.tensor(CAFFE_MEAN if as_caffe else transforms.mean)
        deviation = torch.tensor((1 / 255,) * 3 if as_caffe else transforms.std)
        super().__init__(config, network.to_empty(device="cpu"), width, side, mean, deviation)
        self.removed_keys = all_keys - network.state_dict().keys()  # which a file of weights may still hold

    def load_weights(self) -> None:
        if self.config.weights == "imagenet":
            tensors, source = pretrained.read_hub_weights(self.method), "torchvision's file"
        else:
            tensors, source = pretrained.read_weights(Path(self.config.weights).expanduser()), self.config.weights
        pretrained.load_weights(self.network, tensors, self.removed_keys, f"{source} for {self.method}")
        if self.config.preprocessing == "caffe":
            first = next(module for module in self.network.modules() if isinstance(module, nn.Conv2d))
            first.weight.copy_(first.weight.flip(1))  # from BGR: the stored weights take RGB


def _build(name: str, config: BackboneConfig, side: int) -> nn.Module:
    """Build the whole network, in eval mode and without memory for its weights."""
    extras: dict[str, Any] = {}
    if name in ("inception_v3", "googlenet"):
        # Their weights are TensorFlow's; given weights of its own torchvision turns its normalisation into that one.
        extras = {"transform_input": config.preprocessing == "torchvision", "init_weights": False}
    elif name.startswith("vit_"):
        extras = {"image_size": side}
    elif name.startswith("maxvit_"):
        extras = {"input_size": (side, side)}
    # RegNet computes its widths with tensors, which must be real ones.
    device = "cpu" if name.startswith("regnet_") else "meta"
    with torch.device(device):
        network: nn.Module = torchvision.models.get_model(name, weights=None, **extras)
    network = network.to("meta").eval()
    if name.startswith("mnasnet"):
        # Its own loader needs a version number, which only pickles have, to convert files from before 2019.
        load = partial(nn.Module._load_from_state_dict, network)
        network._load_from_state_dict = load  # type: ignore[method-assign]  # of this instance alone
    return network


def _remove_classifier(network: nn.Module) -> int:
    """Remove the classifier and the heads used in training alone; return the number of features that are left."""
    for auxiliary in ("AuxLogits", "aux1", "aux2"):
        if hasattr(network, auxiliary):
            setattr(network, auxiliary, None)
    path, last = [(p, m) for p, m in network.named_modules() if isinstance(m, nn.Linear | nn.Conv2d)][-1]
    network.set_submodule(path, nn.Identity())
    return last.weight.shape[1]


@cache
def _class_of(name: str) -> type[Backbone]:
    return type(name, (Backbone,), {"method": name})


def __getattr__(name: str) -> type[Backbone]:
    """Return the class of the network of that name: `backbone.vgg16`; it is created at the first use."""
    if name not in BACKBONES:
        raise AttributeError(f"torchvision has no network called {name!r}")
    return _class_of(name)
