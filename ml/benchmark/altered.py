"""Searches by pictures that were altered as people's photos differ: whether a method finds the picture itself."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from ml.benchmark.compare import Document
from ml.benchmark.tables import align, format_figure
from ml.contract import SimilarModel
from ml.data.alterations import ALTERATIONS, alter
from ml.data.decoding import StoredImage, open_image
from ml.evaluation.metrics import bootstrap, similarities
from ml.nn.photo_search import PhotoSearch

EACH = 12  # photos of each alteration
PIXELS = 512  # longest side of a picture before it is altered
FIVE = 5
ALL = "all"


def measure_altered(
    model: SimilarModel, vectors: Tensor, sources: Sequence[StoredImage], seed: int, progress: bool
) -> Document:
    """Search among images by altered ones, and return by alteration how often the image itself is found.

    vectors: (N, D), of the sources. `first` and `five`: the share of photos of which the image comes first, or among
    the first five, by the view that comes nearest to any; "all" has 95 % intervals, too.
    """

    def nearest(queries: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        best = similarities(torch.from_numpy(queries), vectors, model.metric).max(dim=1)
        return -best.values.numpy(), best.indices.numpy()

    search, rng = PhotoSearch(model, nearest), np.random.default_rng(seed)
    ranks: dict[str, list[int]] = {name: [] for name in ALTERATIONS}
    numbers = tqdm(range(EACH * len(ALTERATIONS)), unit=" photos", disable=not progress)
    for number in numbers:
        own = int(rng.integers(len(sources)))
        image = open_image(sources[own])
        image.thumbnail((PIXELS, PIXELS))
        found = search.search(alter(image, number, seed))[0]
        similar = similarities(torch.from_numpy(found.vector)[None], vectors, model.metric)[0]
        ranks[list(ALTERATIONS)[number % len(ALTERATIONS)]].append(int((similar > similar[own]).sum()))
    every = [rank for some in ranks.values() for rank in some]
    figures = {name: _shares(np.array(some)) for name, some in [*ranks.items(), (ALL, every)]}
    hits = {"first": np.array(every) < 1, "five": np.array(every) < FIVE}
    intervals = {name: list(bootstrap(each.astype(float), seed)) for name, each in hits.items()}
    return {"photos": len(every), "shares": figures, "intervals": intervals}


def _shares(ranks: np.ndarray) -> dict[str, float]:
    return {"first": float((ranks < 1).mean()), "five": float((ranks < FIVE).mean())}


def format_altered_table(results: Sequence[Document]) -> str:
    """Format a row for each alteration, two columns for each method, with half the 95 % interval over all."""
    header = ["altered pictures", *(f"{each['method']} {name}" for each in results for name in ("first", "in five"))]
    rows = [header]
    for name in [*ALTERATIONS, ALL]:
        found = [(each["altered"], kind) for each in results for kind in ("first", "five")]
        shares = [each["shares"][name][kind] for each, kind in found]
        bounds = [each["intervals"][kind] if name == ALL else None for each, kind in found]
        rows.append([name, *map(format_figure, shares, bounds)])
    return align(rows)
