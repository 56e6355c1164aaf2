"""Simulated shoppers over whatever the shop holds."""

from collections.abc import Sequence

import numpy as np
from tqdm import tqdm

from catalog import interactions
from catalog.demo.simulation.labels import labels_of
from catalog.demo.simulation.looks import LOOKS, looks, standardised
from catalog.demo.simulation.population import Population
from catalog.demo.simulation.shoppers import simulate
from catalog.errors import CatalogError, UnreadableImage
from catalog.images import decode, to_upright_rgb
from catalog.interactions import SIMULATED, Event
from catalog.models import Kind, Product

BATCH = 10_000  # events recorded together


def simulate_shoppers(population: Population, seed: int = 0, progress: bool = False) -> int:
    """Shoppers with hidden tastes over the shop's products, in place of those simulated before.

    What a person did, also in the name of a simulated shopper, stays; former shoppers whom nobody needs go. Returns how
    many interactions there are of the new ones.
    Raises CatalogError for a shop of fewer than two products.
    """
    products = list(Product.objects.order_by("sku").select_related("category").prefetch_related("images"))
    if len(products) < 2:
        raise CatalogError(f"{len(products)} products in the shop; shoppers choose among at least 2")
    labels = [labels_of(product.title, product.category.name, product.attributes) for product in products]
    shown = _looks(products, progress) if population.pictures else None
    world = simulate(labels, population, seed, looks=shown)
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


def _looks(products: Sequence[Product], progress: bool) -> np.ndarray:
    """(I, 6) of the primary pictures; whose cannot be read is an average one."""
    rows = np.full((len(products), len(LOOKS)), np.nan, dtype=np.float32)
    for place, product in enumerate(tqdm(products, unit=" pictures", disable=not progress)):
        image = product.primary_image
        if image is None:
            continue
        try:
            with (image.thumbnail or image.file).open() as file:
                rows[place] = looks(to_upright_rgb(decode(file.read())))
        except (OSError, UnreadableImage):
            continue
    known = np.isfinite(rows[:, 0])
    if known.any():
        rows[known] = standardised(rows[known])
    return np.nan_to_num(rows)
