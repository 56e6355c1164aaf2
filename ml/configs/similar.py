"""Configs of the methods for similar styles."""

from functools import cache
from typing import Annotated, ClassVar, Literal, Self

from pydantic import ConfigDict, Field, field_validator, model_validator

from ml.configs.backbones import BACKBONES
from ml.configs.base import Config, echo

MOST_DIMENSIONS = 2000  # that pgvector indexes
VISREC_BACKBONE_SIDE = 128  # pixels a side of what visrec shows to its backbone

Whitening = Annotated[
    float, Field(ge=0, le=1, description="How much the components' variances are made equal: 0 not at all, 1 fully.")
]
LearningRate = Annotated[float, Field(ge=0, le=1, description="Step size of the optimizer.")]
ImageBatch = Annotated[int, Field(ge=2, le=4096, description="Images in a training batch.")]
Components = Annotated[int, Field(ge=2, le=1024, description="Number of principal components: the length of a vector.")]
Reading = Annotated[
    Literal["corrected", "published"],
    Field(
        description="'published' has the paper's schedule and preparation of images, and keeps what we corrected; a "
        "setting that is named beside it still counts."
    ),
]
Weights = Annotated[
    str,
    Field(
        description="'imagenet' for torchvision's own weights, from its cache or hub; or a .safetensors or .pth file."
    ),
]
Preprocessing = Annotated[
    Literal["torchvision", "caffe"], Field(description="How images were normalised when the weights were trained.")
]


class PixelsConfig(Config):
    image_size: Annotated[int, Field(ge=4, le=64, description="Pixels a side.")] = 32
    dimensions: Components = 128
    whitening: Whitening = 0.5  # .605 against .578 for bare pixels (precision@5, articleType)


class HistogramConfig(Config):
    pass


class HogConfig(Config):
    dimensions: Components = 128
    whitening: Whitening = 0.5


class NetworkConfig(Config):
    """The settings that all pretrained networks have."""

    dimensions: Annotated[
        int,
        Field(ge=0, le=MOST_DIMENSIONS, description="Number of principal components; 0 takes the features themselves."),
    ] = 128
    # Half and roots: .638 against .617 for bare features (SqueezeNet, precision@5, articleType), .624 for fully white.
    whitening: Whitening = 0.5
    distance: Annotated[
        Literal["cosine", "euclidean"], Field(description="How vectors are compared; Euclidean in the InfoGAN paper.")
    ] = "cosine"


class BackboneConfig(NetworkConfig):
    """The settings of one of torchvision's networks; `backbone_config` returns the class of each network."""

    network: ClassVar[str]

    weights: Weights = "imagenet"
    preprocessing: Preprocessing = "torchvision"
    image_size: Annotated[
        int, Field(ge=0, le=1024, description="Pixels a side; 0 is what torchvision's weights were made for.")
    ] = 0

    @model_validator(mode="after")
    def _suits_the_network(self) -> Self:
        network = BACKBONES[self.network]
        if self.image_size and not network.takes_side(self.image_size):
            raise ValueError(f"image_size is {self.image_size}; {self.network} takes {network.sides}")
        if self.dimensions > network.features:
            raise ValueError(f"dimensions is {self.dimensions}; {self.network} has {network.features} features")
        return self

    @property
    def vector_length(self) -> int:
        return self.dimensions or BACKBONES[self.network].features


@cache
def backbone_config(name: str) -> type[BackboneConfig]:
    """Return the config class of a network of torchvision's, the same one at each call."""

    class NetworkConfig(BackboneConfig):
        model_config = ConfigDict(title="BackboneConfig")  # one schema for all networks
        network: ClassVar[str] = name

    return NetworkConfig


class VisrecConfig(Config):
    earlier = {"ground": "kept"}

    colour: Annotated[
        float, Field(ge=0, le=10, description="Weight of colour; shape has weight 1, and both count by their squares.")
    ] = 0.45
    backbone: Annotated[str, Field(description="'none', or a network of torchvision's whose features are added.")] = (
        "none"
    )
    weights: Weights = "imagenet"
    preprocessing: Preprocessing = "torchvision"
    ground: Annotated[
        Literal["cut out", "kept"],
        Field(description="'cut out': what a picture shows is put on white first, unless it is."),
    ] = "cut out"
    batch_size: Annotated[int, Field(ge=2, le=4096, description="Images in a batch; each gives two views.")] = 256
    learning_rate: LearningRate = 0.002
    temperature: Annotated[float, Field(ge=0.01, le=10, description="Temperature of the contrastive loss.")] = 0.2
    jitter: Annotated[
        float, Field(ge=0, le=1, description="How strongly colours change between the two views of an image.")
    ] = 1.0

    @field_validator("backbone")
    @classmethod
    def _is_known(cls, backbone: str) -> str:
        if backbone not in ("none", *BACKBONES):
            raise ValueError(f"backbone is {echo(backbone)}; it takes none or a network of torchvision's")
        if backbone != "none" and not BACKBONES[backbone].takes_side(VISREC_BACKBONE_SIDE):
            raise ValueError(
                f"backbone is {echo(backbone)}; it gets images of {VISREC_BACKBONE_SIDE} pixels a side here, and takes "
                f"{BACKBONES[backbone].sides}"
            )
        return backbone


class VaeConfig(Config):
    reading: Reading = "corrected"
    kl: Annotated[
        float, Field(ge=0, le=1e6, description="Weight of the KL term; 1000 is the published 'KL strong'.")
    ] = 1.0
    batch_size: ImageBatch = 100
    learning_rate: LearningRate = 0.001


class CaeConfig(Config):
    reading: Reading = "corrected"
    batch_size: ImageBatch = 32
    learning_rate: LearningRate = 0.001


class AgeConfig(Config):
    published = {"kl": "authors"}

    reading: Reading = "corrected"
    image_size: Annotated[Literal["32", "64"], Field(description="Pixels a side.")] = "32"
    kl: Annotated[
        Literal["corrected", "authors"],
        Field(description="'authors' computes the divergence as the authors' code does."),
    ] = "corrected"
    width: Annotated[
        int, Field(ge=1, le=512, description="Channels of the encoder's first layer; all others are in proportion.")
    ] = 64
    # The divergence is a batch's: a few dozen images are too few.
    batch_size: ImageBatch = 64
    learning_rate: LearningRate = 2e-4
    match_x: Annotated[float, Field(ge=0, le=1e6, description="mu, the weight of reconstructing images.")] = 10.0
    match_z: Annotated[
        float, Field(ge=0, le=1e6, description="lambda, the weight of reconstructing codes; 2000 for ImageNet.")
    ] = 1000.0


class InfoganConfig(Config):
    reading: Reading = "corrected"
    image_size: Annotated[Literal["64x96", "128x128"], Field(description="Height x width in pixels.")] = "64x96"
    feature: Annotated[
        Literal["by size", "trunk", "pooled"],
        Field(description="Which features are stored; 'by size': the trunk's at 64x96, pooled ones at 128x128."),
    ] = "by size"
    codes: Annotated[
        Literal["continuous", "categorical"], Field(description="Eight numbers in [-1, 1], or one of eight classes.")
    ] = "continuous"
    dropout: Annotated[
        Literal["kept", "dropped"], Field(description="Whether the published .6 is the share kept or dropped.")
    ] = "kept"
    information: Annotated[float, Field(ge=0, le=100, description="lambda, the weight of Q's loss.")] = 1.0
    width: Annotated[
        int, Field(ge=1, le=256, description="Channels of the first layer; all others are in proportion.")
    ] = 16
    batch_size: ImageBatch = 128
    discriminator_rate: Annotated[float, Field(ge=0, le=1, description="Step size of D and Q.")] = 2e-4
    generator_rate: Annotated[float, Field(ge=0, le=1, description="Step size of G.")] = 1e-3

    @model_validator(mode="after")
    def _can_be_indexed(self) -> Self:
        if self.feature == "trunk" and self.image_size == "128x128":
            raise ValueError(
                "feature is 'trunk'; at 128x128 it is 'pooled': no index can hold the trunk's 4,096 numbers"
            )
        return self
