"""Simulated shoppers over the products in the shop's database."""

from collections.abc import Sequence

import numpy as np
from tqdm import tqdm

from catalog import interactions
from catalog.demo.simulation.image_statistics import STATISTICS, measure_image, standardize
from catalog.demo.simulation.labels import build_labels
from catalog.demo.simulation.population import Population
from catalog.demo.simulation.shoppers import simulate
from catalog.errors import CatalogError, UnreadableImage
from catalog.images import decoded, to_upright_rgb
from catalog.interactions import SIMULATED, Event
from catalog.models import Kind, Product

BATCH = 10_000  # events recorded together


def simulate_shoppers(population: Population, seed: int = 0, progress: bool = False) -> int:
    """Simulate shoppers over the shop's products and record their interactions in place of those simulated before.

    Interactions that a person made stay, also those in the name of a simulated shopper; former simulated shoppers
    without any are deleted. Returns the number of new interactions.
    Raises CatalogError for a shop of fewer than two products.
    """
    products = list(Product.objects.order_by("sku").select_related("category").prefetch_related("images"))
    if len(products) < 2:
        raise CatalogError(f"{len(products)} products in the shop; shoppers choose among at least 2")
    labels = [build_labels(product.title, product.category.name, product.attributes) for product in products]
    statistics = _image_statistics(products, progress) if population.image_taste else None
    world = simulate(labels, population, seed, statistics=statistics)
    events = [
        Event(sku=products[item].sku, user=user, kind=Kind(kind), timestamp=at, id=f"{SIMULATED}{number}")
        for number, (user, item, kind, at) in enumerate(world.events)
    ]
    interactions.delete_simulated_interactions()
    with tqdm(total=len(events), unit=" interactions", disable=not progress) as bar:
        for first in range(0, len(events), BATCH):
            interactions.record(events[first : first + BATCH], is_simulated=True)
            bar.update(min(BATCH, len(events) - first))
    interactions.delete_idle_simulated_shoppers(world.shoppers)
    return len(events)


def _image_statistics(products: Sequence[Product], progress: bool) -> np.ndarray:
    """Measure the primary images: (I, 6), standardized; 0 for a product without one or whose file is damaged."""
    rows = np.full((len(products), len(STATISTICS)), np.nan, dtype=np.float32)
    for index, product in enumerate(tqdm(products, unit=" pictures", disable=not progress)):
        image = product.primary_image
        if image is None:
            continue
        try:
            with (image.thumbnail or image.file).open() as file, decoded(file.read()) as pixels:
                rows[index] = measure_image(to_upright_rgb(pixels))
        except (OSError, UnreadableImage):
            continue
    known = np.isfinite(rows[:, 0])
    if known.any():
        rows[known] = standardize(rows[known])
    return np.nan_to_num(rows)
