"""Networks that others have trained on ImageNet: all of torchvision's, by its own names."""

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
from ml.errors import BadSetting
from ml.nn import pretrained
from ml.nn.inference import features_of
from ml.nn.pca import Pca, sample_of

CAFFE_MEAN = (123.68 / 255, 116.779 / 255, 103.939 / 255)
MOST_DIMENSIONS = 2000  # that pgvector indexes
AT_ONCE = 2**21  # pixels: 42 pictures of 224 a side, for which VGG's first maps are half a gigabyte each


class Backbone(SimilarModel[BackboneConfig]):
    """The last features before the classifier, frozen: the baselines of the InfoGAN paper's second table, and more.

    "The last layer removed": fc2 of VGG and AlexNet, the pooled last map of SqueezeNet, ResNet, DenseNet and most
    others. The square roots of the features, of length 1, are brought to a catalogue's principal components: roots are
    Hellinger's way with histograms (Arandjelovic & Zisserman 2012, "three things"), and pooled rectified maps are much
    like histograms. With dimensions=0 the features are compared as they are, as in the paper, though by the cosine.

    Pictures are normalised as torchvision does it for the network's weights, but come whole where it crops the middle
    out. preprocessing=caffe is for weights that want BGR from 0 to 255 less a mean, as the paper's Keras ones did.

    The paper's InceptionResNetV2 and MobileNet (V1) are left out: torchvision lacks them, timm would be a second
    registry for two rows, and without ImageNet weights a row says nothing. Its precisions, .44 to .82, were measured on
    UT-Zappos50K with the number of neighbours and the queries unpublished: they do not compare with ours.

    Weights are stored with the version like those of any method: only training asks for a file or a hub.
    """

    def __init__(self, config: BackboneConfig) -> None:
        super().__init__(config)
        transforms = torchvision.models.get_model_weights(self.method).DEFAULT.transforms()
        side = config.image_size or transforms.crop_size[0]
        self.image_size = (side, side)
        network = _built(self.method, config, side)
        known = network.state_dict().keys()
        width = _beheaded(network)
        if config.image_size:
            _try(network, self.method, side)
        self.dimensions = config.dimensions or width
        if self.dimensions > min(width, MOST_DIMENSIONS):
            raise BadSetting(
                f"dimensions is {config.dimensions}; {self.method} has {width} features, and an index takes at most "
                f"{MOST_DIMENSIONS}"
            )
        self.beheaded = known - network.state_dict().keys()  # what files may have all the same
        # On a CPU channels last is 1.3 (ResNet-18) to 2 times (SqueezeNet) faster.
        self.network = network.to_empty(device="cpu").requires_grad_(False).to(memory_format=torch.channels_last)
        self.pca = Pca(width, config.dimensions, config.whitening) if config.dimensions else None
        as_caffe = config.preprocessing == "caffe"
        self.register_buffer("mean", torch.tensor(CAFFE_MEAN if as_caffe else transforms.mean)[:, None, None])
        self.register_buffer("deviation", torch.tensor((1 / 255,) * 3 if as_caffe else transforms.std)[:, None, None])

    def check(self) -> None:
        self._fill()

    def on_fit_start(self, data: ImageArray, generator: torch.Generator) -> None:
        self._fill()
        if self.config.preprocessing == "caffe":
            first = next(module for module in self.network.modules() if isinstance(module, nn.Conv2d))
            first.weight.copy_(first.weight.flip(1))  # from BGR: what is stored takes RGB

    def _fill(self) -> None:
        if self.config.weights == "imagenet":
            tensors, source = pretrained.from_hub(self.method), "torchvision's file"
        else:
            tensors, source = pretrained.read(Path(self.config.weights).expanduser()), self.config.weights
        pretrained.fill(self.network, tensors, self.beheaded, f"{source} for {self.method}")

    def on_fit_end(self, data: ImageArray, generator: torch.Generator) -> None:
        if self.pca is not None:
            # 2,048 pictures do for 128 components: .636 as with twice as many.
            sample = sample_of(data, generator, max(2048, 4 * self.dimensions))
            self.pca.fit(features_of(lambda images: _roots(self.see(images)), data, sample, self.device))

    def see(self, images: Tensor) -> Tensor:
        """(B, 3, H, W) in [0, 1] to (B, F), the bare features."""
        height, width = self.image_size
        few = max(1, AT_ONCE // (height * width))
        return torch.cat([self._see(part) for part in images.split(few)])

    def _see(self, images: Tensor) -> Tensor:
        normal = (images - self.mean) / self.deviation
        return self.network(normal.contiguous(memory_format=torch.channels_last)).flatten(1)

    def embed(self, images: Tensor) -> Tensor:
        features = self.see(images)
        return unit(features if self.pca is None else self.pca(_roots(features)))

    def summary(self) -> dict[str, float]:
        return {} if self.pca is None else {"explained_variance": self.pca.explained.item()}


def _roots(features: Tensor) -> Tensor:
    return unit(features.sign() * features.abs().sqrt())


def _built(name: str, config: BackboneConfig, side: int) -> nn.Module:
    """The whole network, in eval mode and without memory for its weights."""
    extras: dict[str, Any] = {}
    if name in ("inception_v3", "googlenet"):
        # Their weights are TensorFlow's; given weights of its own torchvision turns its normalisation into that one.
        extras = {"transform_input": config.preprocessing == "torchvision", "init_weights": False}
    elif name.startswith("vit_"):
        extras = {"image_size": side}
    elif name.startswith("maxvit_"):
        extras = {"input_size": (side, side)}
    # RegNet reckons its widths with tensors, which must be real ones.
    device = "cpu" if name.startswith("regnet_") else "meta"
    try:
        with torch.device(device):
            network = torchvision.models.get_model(name, weights=None, **extras).to("meta").eval()
    except (AssertionError, ValueError) as error:
        raise _wrong_size(name, side, error) from error
    if name.startswith("mnasnet"):
        # Its own way of loading wants a version number, which only pickles have, to mend files from before 2019.
        network._load_from_state_dict = partial(nn.Module._load_from_state_dict, network)
    return network


def _beheaded(network: nn.Module) -> int:
    """Take out the classifier, and what there is for training alone; returns how many features are left."""
    for auxiliary in ("AuxLogits", "aux1", "aux2"):
        if hasattr(network, auxiliary):
            setattr(network, auxiliary, None)
    path, last = [(p, m) for p, m in network.named_modules() if isinstance(m, nn.Linear | nn.Conv2d)][-1]
    network.set_submodule(path, nn.Identity())
    return last.weight.shape[1]


def _try(network: nn.Module, name: str, side: int) -> None:
    try:
        network(torch.empty(1, 3, side, side, device="meta"))
    except (AssertionError, RuntimeError, ValueError) as error:
        raise _wrong_size(name, side, error) from error


def _wrong_size(name: str, side: int, error: Exception) -> BadSetting:
    reason = str(error).partition("\n")[0]
    return BadSetting(f"image_size is {side}; {name} cannot take pictures of that size: {reason}")


@cache
def _method(name: str) -> type[Backbone]:
    return type(name, (Backbone,), {"method": name})


def __getattr__(name: str) -> type[Backbone]:
    """`backbone.vgg16` is the method of that name: a class a network, made when it is asked for."""
    if name not in BACKBONES:
        raise AttributeError(f"torchvision has no network called {name!r}")
    return _method(name)
