"""Networks trained on ImageNet by others: all of torchvision's, by its own names."""

from functools import cache, partial
from pathlib import Path
from typing import Any

import torch
import torchvision
from torch import Tensor, nn

from ml.configs.backbones import BACKBONES
from ml.configs.similar import BackboneConfig
from ml.contract import SimilarModel, unit
from ml.data.images import ImageArray
from ml.nn import pretrained
from ml.nn.inference import compute_features
from ml.nn.pca import Pca, sample_indices

CAFFE_MEAN = (123.68 / 255, 116.779 / 255, 103.939 / 255)
PIXELS_AT_ONCE = 2**21  # 42 images of 224 a side, for which VGG's first maps are half a gigabyte each


class Backbone(SimilarModel[BackboneConfig]):
    """The last features before the classifier, frozen: the baselines of the InfoGAN paper's second table, and more.

    "The last layer removed": fc2 of VGG and AlexNet, the pooled last map of SqueezeNet, ResNet, DenseNet and most
    others. The square roots of the features, of length 1, are projected on a catalogue's principal components: roots
    are the Hellinger kernel of histograms (Arandjelovic & Zisserman 2012, "three things"), and pooled rectified maps
    are much like histograms. With dimensions=0 the features are compared as they are, as in the paper, though by the
    cosine.

    Images are normalised as torchvision does it for the network's weights, but are not cropped to their centre as it
    does. preprocessing=caffe is for weights that want BGR from 0 to 255 less a mean, as the paper's Keras ones did.

    The paper's InceptionResNetV2 and MobileNet (V1) are left out: torchvision lacks them, timm would be a second
    registry for two rows, and without ImageNet weights a row says nothing. Its precisions, .44 to .82, were measured on
    UT-Zappos50K with the number of neighbours and the queries unpublished: they do not compare with ours.

    Weights are stored with the version like those of any method: only training needs a file or the hub.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, config: BackboneConfig) -> None:
        super().__init__(config)
        transforms = torchvision.models.get_model_weights(self.method).DEFAULT.transforms()
        side = config.image_size or transforms.crop_size[0]
        self.image_size = (side, side)
        network = _build(self.method, config, side)
        all_keys = network.state_dict().keys()
        width = _remove_classifier(network)
        assert width == BACKBONES[self.method].features
        self.dimensions = config.dimensions or width
        self.removed_keys = all_keys - network.state_dict().keys()  # which a file of weights may still hold
        # On a CPU channels last is 1.3 (ResNet-18) to 2 times (SqueezeNet) faster.
        self.network = network.to_empty(device="cpu").requires_grad_(False).to(memory_format=torch.channels_last)
        self.pca = Pca(width, config.dimensions, config.whitening) if config.dimensions else None
        as_caffe = config.preprocessing == "caffe"
        self.register_buffer("mean", torch.tensor(CAFFE_MEAN if as_caffe else transforms.mean)[:, None, None])
        self.register_buffer("deviation", torch.tensor((1 / 255,) * 3 if as_caffe else transforms.std)[:, None, None])

    def check(self) -> None:
        self._load_weights()

    def on_fit_start(self, data: ImageArray, generator: torch.Generator) -> None:
        self._load_weights()
        if self.config.preprocessing == "caffe":
            first = next(module for module in self.network.modules() if isinstance(module, nn.Conv2d))
            first.weight.copy_(first.weight.flip(1))  # from BGR: the stored weights take RGB

    def _load_weights(self) -> None:
        if self.config.weights == "imagenet":
            tensors, source = pretrained.read_hub_weights(self.method), "torchvision's file"
        else:
            tensors, source = pretrained.read_weights(Path(self.config.weights).expanduser()), self.config.weights
        pretrained.load_weights(self.network, tensors, self.removed_keys, f"{source} for {self.method}")

    def on_fit_end(self, data: ImageArray, generator: torch.Generator) -> None:
        if self.pca is not None:
            # 2,048 images do for 128 components: .636 as with twice as many.
            sample = sample_indices(data, generator, max(2048, 4 * self.dimensions))
            self.pca.fit(compute_features(lambda images: _roots(self.extract(images)), data, sample, self.device))

    def extract(self, images: Tensor) -> Tensor:
        """Compute the bare features (B, F) of (B, 3, H, W) images in [0, 1]."""
        height, width = self.image_size
        chunk = max(1, PIXELS_AT_ONCE // (height * width))
        return torch.cat([self._extract(part) for part in images.split(chunk)])

    def _extract(self, images: Tensor) -> Tensor:
        normal = (images - self.mean) / self.deviation
        return self.network(normal.contiguous(memory_format=torch.channels_last)).flatten(1)

    def embed(self, images: Tensor) -> Tensor:
        features = self.extract(images)
        return unit(features if self.pca is None else self.pca(_roots(features)))

    def summary(self) -> dict[str, float]:
        return {} if self.pca is None else {"explained_variance": self.pca.explained.item()}


def _roots(features: Tensor) -> Tensor:
    return unit(features.sign() * features.abs().sqrt())


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
