"""Configs of the methods for personal recommendations."""

from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from ml.configs.backbones import BACKBONES
from ml.configs.base import Config, echo
from ml.configs.similar import LearningRate, Preprocessing, Reading, Weights

FEATURES = ("descriptors", "pixels", "histogram", "hog", "hog+histogram", *BACKBONES)

TripleBatch = Annotated[int, Field(ge=1, le=65536, description="Triples in a training batch.")]
SharedOrTriples = Annotated[
    int, Field(ge=2, le=4096, description="Images in a batch if sampling is shared, triples otherwise.")
]
Dimensions = Annotated[int, Field(ge=2, le=1024, description="K, the length of a shopper's and of a product's vector.")]


Text = Annotated[
    Literal["no", "yes"], Field(description="'yes' joins the words of titles and attributes to what images say.")
]


class FrozenConfig(Config):
    """The settings of methods that learn tastes from frozen features."""

    features: Annotated[
        str, Field(description="'descriptors' (shape, colour, layout), or a similar method that trains nothing.")
    ] = "descriptors"
    weights: Weights = "imagenet"
    preprocessing: Preprocessing = "torchvision"
    text: Text = "no"

    @field_validator("features")
    @classmethod
    def _is_known(cls, features: str) -> str:
        if features not in FEATURES:
            raise ValueError(
                f"features is {echo(features)}; it takes descriptors or a method that trains nothing: "
                "pixels, histogram, hog, hog+histogram or a network of torchvision's"
            )
        return features


class PopularityConfig(Config):
    pass


class BprMfConfig(Config):
    factors: Annotated[
        int, Field(ge=1, le=1023, description="K, the length of the factors; 50 as in DVBPR's comparison.")
    ] = 50
    batch_size: Annotated[
        int,
        Field(ge=0, le=65536, description="Triples in a batch; 0 is a twentieth of the pairs, from 1,024 to 4,096."),
    ] = 0
    learning_rate: Annotated[float, Field(ge=0, le=1, description="Step size at first; it falls along a cosine.")] = (
        0.02
    )
    decay: Annotated[float, Field(ge=0, le=10, description="lambda, L2 penalty of the vectors in each triple.")] = 0.03
    bias_decay: Annotated[
        float, Field(ge=0, le=10, description="lambda_b, L2 penalty of the biases in each triple.")
    ] = 0.01


class FmConfig(BprMfConfig):
    """The settings of a factorisation machine, which are those of `bpr-mf`."""


class IalsConfig(Config):
    factors: Annotated[int, Field(ge=1, le=1024, description="K, the length of the factors.")] = 50
    # Of .003 to .1 and .03 to .3 these rank best on the validation items of real people and of simulated shoppers.
    regularisation: Annotated[
        float, Field(gt=0, le=10, description="lambda, penalty of the factors, times the weight of a row's pairs.")
    ] = 0.01
    unobserved: Annotated[
        float, Field(gt=0, le=1, description="alpha_0, weight of a pair that was not observed; the others have 1 more.")
    ] = 0.03


class EaseConfig(Config):
    # Of 20 to 1,000 this ranks best on the validation items of real people; on those of simulated shoppers 50 to 200
    # are level. With 1,000 singular vectors the ranking is no better than with 256.
    regularisation: Annotated[
        float, Field(gt=0, le=1e6, description="lambda, the ridge on the diagonal of the items' Gram matrix.")
    ] = 200.0
    factors: Annotated[
        int,
        Field(ge=1, le=2000, description="Singular vectors of the regression that are used."),
    ] = 256


class LightGcnConfig(Config):
    # Of 1 to 3 layers one ranks best on the validation items of real people, two on those of simulated shoppers; the
    # paper has 3, a rate of .001 and a thousand epochs.
    factors: Annotated[int, Field(ge=1, le=1024, description="K, the length of the factors; 64 in the paper.")] = 64
    layers: Annotated[int, Field(ge=1, le=8, description="How many steps of the graph a factor is averaged over.")] = 1
    batch_size: TripleBatch = 2048
    learning_rate: LearningRate = 0.03
    decay: Annotated[
        float, Field(ge=0, le=100, description="lambda, L2 penalty of the factors in each triple, before averaging.")
    ] = 0.01


class WarpConfig(Config):
    # LightFM has 10 factors.
    factors: Annotated[
        int, Field(ge=1, le=1023, description="K, the length of the factors; 50 as in DVBPR's comparison.")
    ] = 50
    batch_size: TripleBatch = 1024
    learning_rate: LearningRate = 0.05
    max_sampled: Annotated[
        int,
        Field(ge=1, le=1000, description="How many items are drawn at most in search of one that is ranked too high."),
    ] = 10
    # LightFM has none. Validation AUC over the drawn catalogue is .73 with .02, .75 with .3 and .78 with 1: hinges
    # weigh up to ln |I| times as much as BPR's terms.
    decay: Annotated[float, Field(ge=0, le=100, description="lambda, L2 penalty of the vectors in each triple.")] = 1.0


class VisrankConfig(FrozenConfig):
    pass


class VbprConfig(FrozenConfig):
    # Cornac has K = D = 10, batches of 100, .005, .01, .01 and 0. The first four here are those of `bpr-mf`, to compare
    # like with like; the docstring of ml.models.vbpr explains the last.
    factors: Annotated[int, Field(ge=1, le=500, description="K, the length of the identity factors.")] = 50
    visual_factors: Annotated[int, Field(ge=1, le=500, description="D, the length of the visual factors.")] = 50
    batch_size: TripleBatch = 1024
    learning_rate: LearningRate = 0.01
    lambda_w: Annotated[float, Field(ge=0, le=10, description="Regulariser on the vectors of each triple.")] = 0.02
    lambda_b: Annotated[float, Field(ge=0, le=10, description="Regulariser on the biases of each triple.")] = 0.01
    lambda_e: Annotated[float, Field(ge=0, le=1000, description="Regulariser on E and beta', once a batch.")] = 0.1


class DeepstyleConfig(FrozenConfig):
    # Elliot has 100, 128, 5e-4, 2.5e-5 and nothing on E; these are those of `vbpr`, and E is held for its reason.
    factors: Annotated[int, Field(ge=1, le=1024, description="D, the length of a style vector.")] = 50
    batch_size: TripleBatch = 1024
    learning_rate: LearningRate = 0.01
    lambda_w: Annotated[float, Field(ge=0, le=10, description="Regulariser on the vectors of each triple.")] = 0.02
    lambda_e: Annotated[float, Field(ge=0, le=1000, description="Regulariser on E, once a batch.")] = 0.1


class SasrecConfig(FrozenConfig):
    # The paper has 50, 50 to 200, 2, .2 to .5, one product drawn for each, 128 and .001.
    factors: Annotated[int, Field(ge=1, le=1024, description="K, the length of the vectors.")] = 50
    length: Annotated[int, Field(ge=1, le=1000, description="L, how many of a shopper's latest products.")] = 50
    blocks: Annotated[int, Field(ge=1, le=12, description="Layers of attention.")] = 2
    dropout: Annotated[float, Field(ge=0, lt=1, description="Share of the transformer's numbers left out.")] = 0.2
    negatives: Annotated[int, Field(ge=1, le=65536, description="Products drawn against those taken, a batch.")] = 256
    batch_size: Annotated[int, Field(ge=1, le=65536, description="Shoppers in a training batch.")] = 32
    learning_rate: LearningRate = 0.003
    without_factors: Annotated[
        float, Field(ge=0, le=1, description="Share of the products that are known by their image alone, in training.")
    ] = 0.3
    lambda_e: Annotated[float, Field(ge=0, le=1000, description="Regulariser on E, once a batch.")] = 1e-4


class DvbprConfig(Config):
    published = {"encoder": "cnn-f"}

    reading: Annotated[
        Literal["ours", "published"],
        Field(description="'published' is the paper's network, sampling and schedule, on stretched images."),
    ] = "ours"
    encoder: Annotated[
        Literal["small", "cnn-f"],
        Field(description="'small' trains in minutes of a CPU at 64 pixels; 'cnn-f' is the paper's, at 224."),
    ] = "small"
    # The paper has 50, the authors' code 100.
    dimensions: Dimensions = 50
    sampling: Annotated[
        Literal["by encoder", "shared", "triples"],
        Field(description="How batches are drawn; 'by encoder': shared for small, triples for cnn-f."),
    ] = "by encoder"
    batch_size: SharedOrTriples = 128
    lambda_theta: Annotated[
        float, Field(ge=0, le=100, description="Regulariser on the network's weights, not on its biases.")
    ] = 1e-3


class HybridConfig(Config):
    factors: Annotated[int, Field(ge=1, le=1000, description="Length of the identity factors.")] = 50
    dimensions: Annotated[int, Field(ge=2, le=1000, description="Length of the image factors, K of dvbpr.")] = 50
    text: Text = "no"


# How the Siamese networks were trained (amitdamri/Visually-Aware-Fashion-Recommendation-System).
SOURCE = {"sampling": "users", "learning_rate": 1e-4, "lambda_u": 1.0, "lambda_theta": 1e-3}


class OneLayerConfig(Config):
    """The settings of methods that learn one linear layer on a network's output."""

    dimensions: Dimensions = 50
    sampling: Annotated[
        Literal["shared", "triples", "users"],
        Field(description="How batches are drawn; the source draws one triple for each user, 'users'."),
    ] = "shared"
    batch_size: SharedOrTriples = 128
    learning_rate: LearningRate = 0.01
    lambda_u: Annotated[float, Field(ge=0, le=100, description="Regulariser on the shoppers' vectors of a batch.")] = (
        0.3
    )
    lambda_theta: Annotated[
        float, Field(ge=0, le=100, description="Regulariser on the layer's weights, not on its biases.")
    ] = 0.03


class CaeBprConfig(OneLayerConfig):
    published = SOURCE

    reading: Reading = "corrected"
    cae_epochs: Annotated[
        int, Field(ge=0, le=10000, description="The first epochs of the training, for the autoencoder alone.")
    ] = 3


class InceptionBprConfig(OneLayerConfig):
    published = SOURCE

    backbone: Annotated[str, Field(description="A network of torchvision's.")] = "inception_v3"
    weights: Weights = "imagenet"
    preprocessing: Preprocessing = "torchvision"
    reading: Annotated[
        Literal["flattened", "pooled", "published"],
        Field(
            description="The last map as it is, or its mean, a 25th as wide; 'published': as it is, with the source's "
            "schedule, on stretched images."
        ),
    ] = "flattened"
    # Not Inception's own 299.
    image_size: Annotated[int, Field(ge=32, le=1024, description="Pixels a side.")] = 224

    @field_validator("backbone")
    @classmethod
    def _is_known(cls, backbone: str) -> str:
        if backbone not in BACKBONES:
            raise ValueError(f"backbone is {echo(backbone)}; it takes a network of torchvision's")
        return backbone

    @model_validator(mode="after")
    def _suits_the_network(self) -> Self:
        network = BACKBONES[self.backbone]
        if not network.takes_side(self.image_size):
            raise ValueError(f"image_size is {self.image_size}; {self.backbone} takes {network.sides}")
        if self.reading != "pooled" and not network.flattened_from:
            raise ValueError(
                f"reading is {self.reading!r}; {self.backbone} has no map that is pooled right before its classifier"
            )
        if self.reading != "pooled" and self.image_size < network.flattened_from:
            raise ValueError(
                f"reading is {self.reading!r}; with image_size {self.image_size} the last map of {self.backbone} is a "
                f"single cell: take 'pooled', or {network.flattened_from} pixels a side or more"
            )
        return self
