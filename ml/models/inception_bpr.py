"""inception-bpr: one layer learns taste on what a network trained on ImageNet sees."""

import torch
from torch import Tensor, nn
from torch.func import functional_call

from ml.configs.personal import InceptionBprConfig
from ml.data.images import ImageArray
from ml.errors import BadSetting
from ml.models.factory import create
from ml.models.frozen import FrozenFeatures
from ml.models.one_layer import OneLayer


class InceptionBpr(OneLayer[InceptionBprConfig]):
    """The second Siamese network of amitdamri/Visually-Aware-Fashion-Recommendation-System.

    f is InceptionV3 with ImageNet's weights; published AUCs, of Amazon's fashion, men's clothes and Tradesy, are .764,
    .723 and .721. reading "flattened": the last map as it is, 2048x5x5, under a layer of 2,560,050 numbers, which fits
    what it was trained on at .91. reading "pooled": the map's mean, which the source's text suggests.
    """

    method = "inception-bpr"
    epochs = 20

    def __init__(self, config: InceptionBprConfig) -> None:
        frozen = NetworkFeatures(config)
        super().__init__(config, frozen, frozen.width)


class NetworkFeatures(FrozenFeatures):
    """The bare features of one of torchvision's networks, or with `flattened` the map that they are the mean of."""

    def __init__(self, config: InceptionBprConfig) -> None:
        super().__init__()
        asked = {"weights": config.weights, "preprocessing": config.preprocessing, "image_size": config.image_size}
        self.backbone = create(config.backbone, dimensions=2, **asked)  # its components are not asked for
        self.image_size = self.backbone.image_size
        self.width = _width(self.backbone.network, self.image_size)
        if config.reading == "flattened":
            self.width = _flattened(self.backbone.network, self.image_size, self.width, config.backbone)

    def check(self) -> None:
        self.backbone.check()

    def on_fit_start(self, images: ImageArray, generator: torch.Generator) -> None:
        self.backbone.on_fit_start(images, generator)

    def forward(self, images: Tensor) -> Tensor:
        return self.backbone.see(images)


def _flattened(network: nn.Module, size: tuple[int, int], pooled: int, name: str) -> int:
    """Take out the last pooling; returns how many features there are now."""
    pools = [path for path, module in network.named_modules() if isinstance(module, nn.AdaptiveAvgPool2d)]
    try:
        network.set_submodule(pools[-1], nn.Identity())
        width = _width(network, size)
    except (IndexError, RuntimeError):
        width = pooled
    if width == pooled:
        raise BadSetting(f"reading is 'flattened'; {name} has no map that is pooled right before its classifier")
    return width


def _width(network: nn.Module, size: tuple[int, int]) -> int:
    nowhere = {name: tensor.to("meta") for name, tensor in network.state_dict().items()}
    return functional_call(network, nowhere, torch.empty(1, 3, *size, device="meta")).flatten(1).shape[1]
