"""Colour alone."""

from dataclasses import dataclass

from torch import Tensor

from ml.configs import Config
from ml.contract import SimilarModel, unit
from ml.nn.descriptors import HISTOGRAM, colour_histogram


@dataclass(frozen=True)
class HistogramConfig(Config):
    pass


class Histogram(SimilarModel):
    """The CIELAB histogram of the foreground; the cosine is Hellinger's affinity. Nothing is trained."""

    method = "histogram"
    Config = HistogramConfig
    image_size = (64, 64)
    dimensions = HISTOGRAM

    def embed(self, images: Tensor) -> Tensor:
        return unit(colour_histogram(images))
