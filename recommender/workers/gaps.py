"""Search for demand gaps: images that many shoppers would like and no product resembles. Workers only.

All of it is prediction: a model of tastes scores images that another model generated. No shopper was asked.
"""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import numpy as np
from django.utils import timezone
from tqdm import tqdm

from catalog.models import Category, Product
from ml.data.spacing import pick_evenly
from ml.generation.gaps import Embedded, Region, cluster_tastes, compute_distances, find_regions
from recommender.designs import gap_reports, lifecycle
from recommender.designs.gap_reports import Gap, Report
from recommender.errors import DesignFailed
from recommender.models import Metric, ModelVersion, Role, ShopperVector
from recommender.versions import previews, queries
from recommender.versions.vectors import nearest
from recommender.workers import generation

RECONSTRUCTED = 48  # products of a category that the generator reconstructs, to measure what near is
TASTES = 4  # typical ones, for each of which images are searched for beside the random ones


def find(categories: Sequence[Category] | None = None, *, progress: bool = False) -> tuple[Report, Path]:
    """Search these categories, or all that the generator has learned, and save the report beside the generator.

    Raises GapSearchRunning, NoActiveVersion, ScorerIgnoresImages, CategoryNotLearned, or DesignFailed if no shopper's
    taste is known.
    """
    with gap_reports.lock_search():
        return _find(categories, progress)


def _find(categories: Sequence[Category] | None, progress: bool) -> tuple[Report, Path]:
    generator, scorer = queries.active_or_raise(Role.DESIGN), lifecycle.active_scorer()
    embedder = queries.active_or_raise(Role.SIMILAR)
    categories = list(lifecycle.categories_of(generator)) if categories is None else list(categories)
    rows = ShopperVector.objects.filter(version=scorer).order_by("shopper").values_list("vector", flat=True)
    tastes = np.asarray(list(rows), dtype=np.float32)  # (U, K)
    if not len(tastes):
        raise DesignFailed(f"{scorer} knows the taste of no shopper")
    folder = gap_reports.folder_of(generator)
    partial = folder.with_name("gaps.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    gaps: list[Gap] = []
    for category in tqdm(categories, unit=" categories", disable=not progress):
        products = CategoryProducts.load(category, scorer, embedder)
        if len(products.ids) < 2:
            continue
        trials = generation.generate_trials(generator, scorer, embedder, category, cluster_tastes(tastes, TASTES))
        near = reconstruction_distances(generator, embedder, category, products)
        for region in find_regions(trials.embedded, products.embedded, tastes, near, products.metric):
            file = f"gap-{len(gaps) + 1:02}.png"
            (partial / file).write_bytes(trials.images[region.image])
            vectors = {str(scorer.pk): trials.embedded.vectors, str(embedder.pk): trials.embedded.embeddings}
            own = {version: matrix[region.image].tolist() for version, matrix in vectors.items()}
            gaps.append(replace(describe_gap(region, file, trials, products, category), vectors=own))
    names = [category.name for category in categories]
    report = Report(str(generator), str(scorer), timezone.now().isoformat(), len(tastes), gaps, names)
    gap_reports.save_report(report, partial)
    if gaps:
        captions = [f"{gap.category}: {gap.shoppers} of {len(tastes)}" for gap in gaps]
        previews.draw_captioned([partial / gap.file for gap in gaps], captions).save(partial / "gaps.png")
    shutil.rmtree(folder, ignore_errors=True)
    partial.rename(folder)
    return report, folder


@dataclass(frozen=True)
class CategoryProducts:
    """The visible products in stock of a category that have a vector by both versions."""

    ids: list[int]
    skus: list[str]
    embedded: Embedded  # by the personal and by the similarity version
    metric: Metric  # of the similarity version

    @classmethod
    def load(cls, category: Category, scorer: ModelVersion, embedder: ModelVersion) -> Self:
        """Read the products with their vectors."""
        skus = dict(Product.objects.visible().in_stock().filter(category=category).values_list("pk", "sku"))
        vectors, embeddings = nearest.vectors_of(scorer, skus), nearest.vectors_of(embedder, skus)
        ids = [product for product in skus if product in vectors and product in embeddings]
        return cls(
            ids,
            [skus[product] for product in ids],
            Embedded(
                np.asarray([vectors[product] for product in ids], dtype=np.float32),
                np.asarray([embeddings[product] for product in ids], dtype=np.float32),
            ),
            Metric(embedder.metric),
        )


def reconstruction_distances(
    generator: ModelVersion, embedder: ModelVersion, category: Category, products: CategoryProducts
) -> np.ndarray:
    """Compute the distances (N,) of some products from themselves as the generator reconstructs them.

    They are the measure of what is near: a generated image never looks quite like a photo, whatever it shows.
    """
    some = pick_evenly(len(products.ids), RECONSTRUCTED)
    chosen = [products.ids[index] for index in some]
    images = {image.product_id: image for image in queries.primary_images().filter(product__in=chosen)}
    embeddings = generation.reconstruct_products(generator, embedder, category, [images[product] for product in chosen])
    return compute_distances(embeddings, products.embedded.embeddings[some], products.metric).diagonal()


def describe_gap(
    region: Region, file: str, trials: generation.Trials, products: CategoryProducts, category: Category
) -> Gap:
    """Describe a region for the report. file: the name of its image, beside the report."""
    return Gap(
        category=category.name,
        file=file,
        shoppers=region.shoppers,
        above_all=region.above_all,
        realism=round(float(trials.realism[region.image]), 3),
        apart=round(region.apart, 3),
        nearest=products.skus[region.nearest],
        pictures=region.images,
    )
