"""histogram: similar colours."""

from torch import Tensor

from ml.configs.similar import HistogramConfig
from ml.contract import SimilarModel, unit
from ml.nn.descriptors import HISTOGRAM, colour_histogram


class Histogram(SimilarModel[HistogramConfig]):
    """The CIELAB histogram of the foreground; the cosine is their Hellinger affinity. Nothing is trained."""

    method = "histogram"
    image_size = (64, 64)
    dimensions = HISTOGRAM

    def embed(self, images: Tensor) -> Tensor:
        return unit(colour_histogram(images))
