"""Worker only: where in the generator's space many shoppers would like something that the shop does not have.

All of it is prediction: a model of tastes judges pictures that another model made. Nobody was asked.
"""

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from django.utils import timezone
from tqdm import tqdm

from catalog.models import Category, Product
from recommender.designs import gap_reports, lifecycle
from recommender.designs.gap_reports import Gap, Report, folder_of, write
from recommender.errors import DesignFailed
from recommender.models import Metric, ModelVersion, Role, ShopperVector
from recommender.versions import previews, queries
from recommender.versions.vectors import nearest
from recommender.workers import generation

REGIONS = 4  # told of a category, at most
LEAST_SHARE = 0.01  # of all shoppers, who would want what is in a region
TOP = 0.99  # a picture is wanted by a shopper who would rank it above this share of the category's products
APART = 0.9  # it is in a gap if at least this share of products, made by the generator, is nearer to itself
COPIED = 48  # products of a category of which the generator makes copies, to tell what near is
NEAR = 0.1  # pictures are of one region up to the distance of the nearest tenth of all pairs of products
TASTES = 4  # typical ones, for each of which pictures are sought beside those drawn at random
ROUNDS = 20  # of k-means
CHUNK = 4096  # shoppers asked together


def find(categories: Sequence[Category] | None = None, *, progress: bool = False) -> tuple[Report, Path]:
    """Look through these categories, or all that the generator has learnt, and keep the report beside the generator.

    Raises AlreadyLooking, NoActiveVersion, BlindTaste, UnknownToGenerator, or DesignFailed where nobody can be asked.
    """
    with gap_reports.alone():
        return find_in(categories, progress)


def find_in(categories: Sequence[Category] | None, progress: bool) -> tuple[Report, Path]:
    generator, scorer = queries.active_or_raise(Role.DESIGN), lifecycle.active_scorer()
    embedder = queries.active_or_raise(Role.SIMILAR)
    categories = list(lifecycle.categories_of(generator)) if categories is None else list(categories)
    rows = ShopperVector.objects.filter(version=scorer).order_by("shopper").values_list("vector", flat=True)
    tastes = np.asarray(list(rows), dtype=np.float32)  # (U, K)
    if not len(tastes):
        raise DesignFailed(f"{scorer} knows the taste of no shopper")
    folder = folder_of(generator)
    aside = folder.with_name("gaps.partial")
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True)
    gaps: list[Gap] = []
    for category in tqdm(categories, unit=" categories", disable=not progress):
        shelf = Shelf.of(category, scorer, embedder)
        if len(shelf.products) < 2:
            continue
        tried = generation.tried(generator, scorer, embedder, category, typical(tastes, TASTES))
        near = copied(generator, embedder, category, shelf)
        for picture, gap in regions(tried, tastes, shelf, near, category):
            file = f"gap-{len(gaps) + 1:02}.png"
            (aside / file).write_bytes(picture)
            gaps.append(Gap(file=file, **gap))
    names = [category.name for category in categories]
    report = Report(str(generator), str(scorer), timezone.now().isoformat(), len(tastes), gaps, names)
    write(report, aside)
    if gaps:
        captions = [f"{gap.category}: {gap.shoppers} of {len(tastes)}" for gap in gaps]
        previews.captioned([aside / gap.file for gap in gaps], captions).save(aside / "gaps.png")
    shutil.rmtree(folder, ignore_errors=True)
    aside.rename(folder)
    return report, folder


@dataclass(frozen=True)
class Shelf:
    """What of a category can be bought, as two versions see it."""

    products: list[int]  # their ids
    skus: list[str]
    vectors: np.ndarray  # (M, K), of the personal version
    embeddings: np.ndarray  # (M, D), of the similar one
    metric: Metric

    @classmethod
    def of(cls, category: Category, scorer: ModelVersion, embedder: ModelVersion) -> "Shelf":
        products = dict(Product.objects.visible().in_stock().filter(category=category).values_list("pk", "sku"))
        vectors, embeddings = nearest.vectors_of(scorer, products), nearest.vectors_of(embedder, products)
        seen = [product for product in products if product in vectors and product in embeddings]
        return cls(
            seen,
            [products[product] for product in seen],
            np.asarray([vectors[product] for product in seen], dtype=np.float32),
            np.asarray([embeddings[product] for product in seen], dtype=np.float32),
            embedder.metric,
        )


def copied(generator: ModelVersion, embedder: ModelVersion, category: Category, shelf: Shelf) -> np.ndarray:
    """(N,): how far products look from themselves as the generator makes them.

    That is near: what a generator makes never looks quite like a photo, whatever it is of.
    """
    some = np.unique(np.linspace(0, len(shelf.products) - 1, COPIED).astype(int))
    chosen = [shelf.products[place] for place in some]
    images = {image.product_id: image for image in queries.primary_images().filter(product__in=chosen)}
    embeddings = generation.copies(generator, embedder, category, [images[product] for product in chosen])
    return distances(embeddings, shelf.embeddings[some], shelf.metric).diagonal()


def regions(
    tried: generation.Tried, tastes: np.ndarray, shelf: Shelf, near: np.ndarray, category: Category
) -> Iterator[tuple[bytes, dict]]:
    """Of what was tried, the best picture of each region that many want and no product is near; most wanted first.

    Greedy: each region is chosen for the shoppers that none before it has, and whatever is near its picture belongs to
    it. near: (N,), distances that are.
    """
    wanted, above_all = ranked_high(tried.vectors, tastes, shelf)
    to_shelf = distances(tried.embeddings, shelf.embeddings, shelf.metric)  # (N, M)
    apart = (near[:, None] < to_shelf.min(axis=1)[None]).mean(axis=0)
    among = distances(tried.embeddings, tried.embeddings, shelf.metric)
    own = distances(shelf.embeddings, shelf.embeddings, shelf.metric)
    radius = np.quantile(own[np.triu_indices(len(own), 1)], NEAR)
    open_to = wanted & (apart >= APART)[None]
    for _ in range(REGIONS):
        best = int(open_to.sum(axis=0).argmax())
        if open_to[:, best].sum() < max(1, LEAST_SHARE * len(tastes)):
            return
        members = among[best] <= radius
        yield (
            tried.pictures[best],
            {
                "category": category.name,
                "shoppers": int(wanted[:, best].sum()),
                "above_all": int(above_all[:, best].sum()),
                "realism": round(float(tried.realism[best]), 3),
                "apart": round(float(apart[best]), 3),
                "nearest": shelf.skus[int(to_shelf[best].argmin())],
                "pictures": int(members.sum()),
            },
        )
        open_to[:, members] = False
        open_to[wanted[:, best]] = False


def ranked_high(vectors: np.ndarray, tastes: np.ndarray, shelf: Shelf) -> tuple[np.ndarray, np.ndarray]:
    """Which shoppers would rank which pictures (U, N) above most of the shelf, and which above all of it."""
    most, all_ = [], []
    for begin in range(0, len(tastes), CHUNK):
        some = tastes[begin : begin + CHUNK]
        scores, real = some @ vectors.T, some @ shelf.vectors.T
        most.append(scores > np.quantile(real, TOP, axis=1, keepdims=True))
        all_.append(scores > real.max(axis=1, keepdims=True))
    return np.concatenate(most), np.concatenate(all_)


def distances(these: np.ndarray, those: np.ndarray, metric: Metric) -> np.ndarray:
    """(N, M). these: (N, D), those: (M, D)."""
    if metric == Metric.COSINE:
        these, those = (rows / (np.linalg.norm(rows, axis=1, keepdims=True) + 1e-12) for rows in (these, those))
        return 1 - these @ those.T
    squares = (these**2).sum(axis=1)[:, None] + (those**2).sum(axis=1)[None] - 2 * these @ those.T
    return np.sqrt(np.maximum(squares, 0))


def typical(tastes: np.ndarray, count: int) -> np.ndarray:
    """(C, K): the middles of at most `count` groups of tastes, by k-means from tastes spread over the list."""
    middles = tastes[np.linspace(0, len(tastes) - 1, min(count, len(tastes))).astype(int)]
    for _ in range(ROUNDS):
        group = distances(tastes, middles, Metric.EUCLIDEAN).argmin(axis=1)
        middles = np.stack(
            [tastes[group == one].mean(axis=0) if (group == one).any() else middles[one] for one in range(len(middles))]
        )
    return middles
