"""Layout of a version's products in the plane: some by t-SNE, all others beside those they look like. Workers only."""

from collections.abc import Iterator
from functools import partial

import numpy as np
import torch
from django.db.models import Max

from catalog.models import Product
from catalog.rows import VISIBLE, Sql, fetch
from ml.nn import tsne
from ml.runtime import best_device
from recommender import leases
from recommender.maps import making
from recommender.maps.cells import SIDE
from recommender.maps.models import TasteMap
from recommender.models import ModelVersion
from recommender.versions.vectors import nearest, scores

SAMPLE = 2000  # products laid out by t-SNE: 16 MB for their pairs, half a minute of one core
BATCH = 5000  # products placed at once
MARGIN = 0.02  # of the map's side, on each side of what was laid out
JITTER = 0.004  # of the map's side: products placed in one spot are apart, once one zooms in
SAMPLED = f"SELECT p.id FROM catalog_product p WHERE {VISIBLE.text} ORDER BY md5(p.id::text) LIMIT {SAMPLE}"
BY_POPULARITY = f"""
    SELECT p.id FROM catalog_product p LEFT JOIN recommender_popularity y ON y.product_id = p.id
    WHERE {VISIBLE.text} ORDER BY y.shoppers DESC NULLS LAST, p.id
"""


def run(claimed: TasteMap) -> None:
    """Compute a map that was claimed, and store it."""
    with leases.renewing(partial(making.renew, claimed), interval=making.LEASE.total_seconds() / 4, row=claimed):
        last = Product.objects.aggregate(last=Max("pk"))["last"] or 0
        rows = np.concatenate([np.zeros((0, 4), dtype=np.int64), *lay_out(claimed)])
        rows[:, 1] = np.arange(1, len(rows) + 1)
        making.finish(claimed, rows, last)


def lay_out(claimed: TasteMap) -> Iterator[np.ndarray]:
    """Yield rows (N, 4) of the visible products that the version has embedded, those most popular first.

    Their columns: id of the product, 0, x and y.
    """
    version = claimed.version
    sample, points = vectors_of(version, [product for (product,) in fetch(Sql(SAMPLED))])
    if not sample:
        return
    pca = tsne.reduce(points, version.seed)
    placed = pca(points)
    layout = tsne.lay_out(placed, lambda share: making.follow(claimed, 0.5 * share))
    known = dict(zip(sample, layout, strict=True))
    everything = [product for (product,) in fetch(Sql(BY_POPULARITY))]
    low, high = layout.min(dim=0).values, layout.max(dim=0).values
    generator = torch.Generator().manual_seed(version.seed)
    for begin in range(0, len(everything), BATCH):
        products, vectors = vectors_of(version, everything[begin : begin + BATCH])
        if not products:
            continue
        found = tsne.transform(pca(vectors), placed, layout).cpu()
        found += JITTER * (high - low).cpu() * (torch.rand(len(found), 2, generator=generator) - 0.5)
        for index, product in enumerate(products):
            if product in known:
                found[index] = known[product]
        coordinates = on_map(found, low.cpu(), high.cpu()).numpy()
        yield np.column_stack([products, np.zeros(len(products), dtype=np.int64), coordinates])
        making.follow(claimed, 0.5 + 0.5 * begin / len(everything))


def vectors_of(version: ModelVersion, products: list[int]) -> tuple[list[int], torch.Tensor]:
    """Return those of the products that have a vector, and their vectors (N, D), which Euclidean distance compares."""
    found = nearest.vectors_of(version, products)
    ids = [product for product in products if product in found]
    matrix = np.stack([found[product] for product in ids]) if ids else np.zeros((0, version.dimensions or 1))
    return ids, torch.from_numpy(scores.normalize_if_cosine(version, matrix)).to(best_device())


def on_map(points: torch.Tensor, low: torch.Tensor, high: torch.Tensor) -> torch.Tensor:
    """Return points (N, 2) of a layout as coordinates of a map. low, high: (2,), the edges of the layout."""
    shares = (points - low) / (high - low).clamp(min=1e-9)  # of a layout without extent all are in the middle
    shares = torch.where(high - low > 1e-9, shares, torch.full_like(shares, 0.5))
    return ((MARGIN + (1 - 2 * MARGIN) * shares) * SIDE).long().clamp(0, SIDE - 1)
