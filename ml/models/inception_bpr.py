"""inception-bpr: one layer learns taste on the features of a network trained on ImageNet."""

import torch
from torch import Tensor, nn
from torch.func import functional_call

from ml.configs.personal import InceptionBprConfig
from ml.data.decoding import Stretched
from ml.data.images import ImageArray
from ml.models.backbone import Backbone
from ml.models.factory import create
from ml.models.frozen import FrozenFeatures
from ml.models.one_layer import OneLayer


class InceptionBpr(OneLayer[InceptionBprConfig]):
    """The second Siamese network of amitdamri/Visually-Aware-Fashion-Recommendation-System.

    f is InceptionV3 with ImageNet's weights; published AUCs, of Amazon's fashion, men's clothes and Tradesy, are .764,
    .723 and .721. reading "flattened": the last map as it is, 2048x5x5, under a layer of 2,560,050 numbers, which fits
    what it was trained on at .91. reading "pooled": the map's mean, which the source's text suggests. reading
    "published": flattened, with the source's schedule of 20 epochs of one triple for each user.
    """

    method = "inception-bpr"
    epochs = 20

    def __init__(self, config: InceptionBprConfig) -> None:
        frozen = NetworkFeatures(config)
        super().__init__(config, frozen, frozen.width)
        self.standardised = config.reading != "published"


class NetworkFeatures(FrozenFeatures):
    """The bare features of one of torchvision's networks, or its last map before pooling, flattened."""

    def __init__(self, config: InceptionBprConfig) -> None:
        super().__init__()
        backbone = create(
            config.backbone,
            weights=config.weights,
            preprocessing=config.preprocessing,
            image_size=config.image_size,
            dimensions=2,  # its principal components are not used
        )
        assert isinstance(backbone, Backbone)
        self.backbone = backbone
        self.image_size = backbone.image_size
        if config.reading == "published":
            self.image_size = Stretched(self.image_size)
        if config.reading != "pooled":
            _remove_last_pooling(backbone.network)
        self.width = _width(backbone.network, self.image_size)

    def check(self) -> None:
        self.backbone.check()

    def on_fit_start(self, images: ImageArray, generator: torch.Generator) -> None:
        self.backbone.on_fit_start(images, generator)

    def forward(self, images: Tensor) -> Tensor:
        return self.backbone.extract(images)


def _remove_last_pooling(network: nn.Module) -> None:
    pools = [path for path, module in network.named_modules() if isinstance(module, nn.AdaptiveAvgPool2d)]
    network.set_submodule(pools[-1], nn.Identity())


def _width(network: nn.Module, size: tuple[int, int]) -> int:
    """Return how many features the network computes of an image of this size, without computing any."""
    state = {name: tensor.to("meta") for name, tensor in network.state_dict().items()}
    return functional_call(network, state, torch.empty(1, 3, *size, device="meta")).flatten(1).shape[1]
