"""Regions of generated images that many users would prefer and that no product resembles. NumPy alone.

All of it is prediction: a model of tastes scores images that another model generated. Nobody was asked.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ml.data.spacing import pick_evenly

Array = npt.NDArray[np.floating]

REGIONS = 4  # of a category, at most
LEAST_SHARE = 0.01  # of all users, who would want what is in a region
TOP = 0.99  # a user wants an image that scores above this share of the category's products
APART = 0.9  # an image is in a gap if at least this share of products is nearer to its own reconstruction
NEAR = 0.1  # images are of one region up to the distance of the nearest tenth of all pairs of products
ROUNDS = 20  # of k-means
CHUNK = 4096  # users scored at once


@dataclass(frozen=True)
class Embedded:
    """Images as a personal and as a similar model embed them, row by row."""

    vectors: Array  # (N, K), of the personal one
    embeddings: Array  # (N, D), of the similar one


@dataclass(frozen=True)
class Region:
    """A region, by the generated image in it that most users want and no earlier region has given them."""

    image: int  # index of that image
    shoppers: int  # users who want it
    above_all: int  # users for whom it scores above all products
    apart: float  # share of products that are nearer to their own reconstruction than this image is to any product
    nearest: int  # index of the nearest product
    images: int  # how many of the generated images are in the region


def find_regions(
    generated: Embedded, products: Embedded, tastes: Array, reconstruction_distances: Array, metric: str
) -> Iterator[Region]:
    """Yield at most REGIONS regions that many users want and no product is near, most wanted first.

    Greedy: each region is chosen for the users that none before it has, and every image near its own belongs to it.
    tastes: (U, K). reconstruction_distances: (P,), of products from what the generator makes of them, which is the
    measure of what is near. metric: "cosine" or "euclidean", of the embeddings.
    """
    wanted, above_all = rank_high(generated.vectors, products.vectors, tastes)
    to_products = compute_distances(generated.embeddings, products.embeddings, metric)  # (N, M)
    apart = (reconstruction_distances[:, None] < to_products.min(axis=1)[None]).mean(axis=0)
    among = compute_distances(generated.embeddings, generated.embeddings, metric)
    own = compute_distances(products.embeddings, products.embeddings, metric)
    radius = np.quantile(own[np.triu_indices(len(own), 1)], NEAR)
    open_to = wanted & (apart >= APART)[None]
    for _ in range(REGIONS):
        best = int(open_to.sum(axis=0).argmax())
        if open_to[:, best].sum() < max(1, LEAST_SHARE * len(tastes)):
            return
        members = among[best] <= radius
        yield Region(
            image=best,
            shoppers=int(wanted[:, best].sum()),
            above_all=int(above_all[:, best].sum()),
            apart=float(apart[best]),
            nearest=int(to_products[best].argmin()),
            images=int(members.sum()),
        )
        open_to[:, members] = False
        open_to[wanted[:, best]] = False


def rank_high(vectors: Array, products: Array, tastes: Array) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Mark the images (U, N) that each user would rank above the share TOP of the products, and those above all.

    vectors: (N, K) of the images. products: (M, K). tastes: (U, K).
    """
    most, all_ = [], []
    for begin in range(0, len(tastes), CHUNK):
        some = tastes[begin : begin + CHUNK]
        scores, real = some @ vectors.T, some @ products.T
        most.append(scores > np.quantile(real, TOP, axis=1, keepdims=True))
        all_.append(scores > real.max(axis=1, keepdims=True))
    return np.concatenate(most), np.concatenate(all_)


def compute_distances(these: Array, those: Array, metric: str) -> Array:
    """Return the (N, M) distances of rows, cosine or else Euclidean. these: (N, D), those: (M, D)."""
    if metric == "cosine":
        these, those = (rows / (np.linalg.norm(rows, axis=1, keepdims=True) + 1e-12) for rows in (these, those))
        return 1 - these @ those.T
    squares = (these**2).sum(axis=1)[:, None] + (those**2).sum(axis=1)[None] - 2 * these @ those.T
    roots: Array = np.sqrt(np.maximum(squares, 0))
    return roots


def cluster_tastes(tastes: Array, count: int) -> Array:
    """Return (C, K) centres of at most `count` clusters of tastes (U, K), by k-means from evenly spaced rows."""
    centres = tastes[pick_evenly(len(tastes), count)]
    for _ in range(ROUNDS):
        cluster = compute_distances(tastes, centres, "euclidean").argmin(axis=1)
        centres = np.stack(
            [tastes[cluster == c].mean(axis=0) if (cluster == c).any() else centres[c] for c in range(len(centres))]
        )
    return centres
