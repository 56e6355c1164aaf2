"""Worker only: where in the generator's space many shoppers would like something that the shop does not have.

All of it is prediction: a model of tastes judges pictures that another model made. Nobody was asked.
"""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from django.utils import timezone
from tqdm import tqdm

from catalog.models import Category, Product
from ml.data.spacing import evenly_spaced
from ml.generation.gaps import Embedded, Region, distances, find_regions, typical_tastes
from recommender.designs import gap_reports, lifecycle
from recommender.designs.gap_reports import Gap, Report, folder_of, write
from recommender.errors import DesignFailed
from recommender.models import Metric, ModelVersion, Role, ShopperVector
from recommender.versions import previews, queries
from recommender.versions.vectors import nearest
from recommender.workers import generation

COPIED = 48  # products of a category of which the generator makes copies, to tell what near is
TASTES = 4  # typical ones, for each of which pictures are sought beside those drawn at random


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
        tried = generation.tried(generator, scorer, embedder, category, typical_tastes(tastes, TASTES))
        near = copied(generator, embedder, category, shelf)
        generated, products = Embedded(tried.vectors, tried.embeddings), Embedded(shelf.vectors, shelf.embeddings)
        for region in find_regions(generated, products, tastes, near, shelf.metric):
            file = f"gap-{len(gaps) + 1:02}.png"
            (aside / file).write_bytes(tried.pictures[region.image])
            gaps.append(gap_of(region, file, tried, shelf, category))
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
    some = evenly_spaced(len(shelf.products), COPIED)
    chosen = [shelf.products[place] for place in some]
    images = {image.product_id: image for image in queries.primary_images().filter(product__in=chosen)}
    embeddings = generation.copies(generator, embedder, category, [images[product] for product in chosen])
    return distances(embeddings, shelf.embeddings[some], shelf.metric).diagonal()


def gap_of(region: Region, file: str, tried: generation.Tried, shelf: Shelf, category: Category) -> Gap:
    """Describe a region as the report has it; `file` is its image beside the report."""
    return Gap(
        category=category.name,
        file=file,
        shoppers=region.shoppers,
        above_all=region.above_all,
        realism=round(float(tried.realism[region.image]), 3),
        apart=round(region.apart, 3),
        nearest=shelf.skus[region.nearest],
        pictures=region.images,
    )
