"""Places on a map of what is no product: a shopper's taste, a picture that was generated."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from catalog.models import Kind, Shopper
from catalog.rows import fetch
from recommender.maps import cells
from recommender.maps.cells import Point
from recommender.maps.models import TasteMap
from recommender.models import ModelVersion, Role
from recommender.serving import history
from recommender.versions.vectors import nearest

NEAREST = 10  # products among which a vector lies


@dataclass(frozen=True)
class ShopperPosition:
    """A shopper on a map."""

    shopper: Shopper
    position: Point | None  # of the taste; None if too little is known
    history: dict[int, Kind]  # products and the strongest interaction with each, the latest first
    points: dict[int, Point]  # of those products that are on the map


def of_vector(shown: TasteMap, vector: Sequence[float] | np.ndarray) -> Point | None:
    """Return the place of a vector by the map's version: the median of its nearest products; None without any."""
    found = fetch(nearest.nearest_sql(shown.version, vector, NEAREST))
    points = list(cells.find(shown, [row[0] for row in found]).values())
    if not points:
        return None
    x, y = np.sort(np.asarray(points), axis=0)[len(points) // 2].tolist()
    return x, y


def of_shopper(shown: TasteMap, shopper: Shopper) -> ShopperPosition:
    """Return where a shopper's taste lies, and the products of their history."""
    version = shown.version
    activities = history.read_activities(shopper=shopper, learnt=version.started_at or version.created_at)
    vector = taste_of(version, shopper, activities)
    kinds = {activity.product: activity.kind for activity in activities}
    position = None if vector is None else of_vector(shown, vector)
    return ShopperPosition(shopper, position, kinds, cells.find(shown, list(kinds)))


def taste_of(
    version: ModelVersion, shopper: Shopper, activities: Sequence[history.ProductActivity]
) -> np.ndarray | None:
    """Return the vector that a shopper's products are found by; None if nothing is known."""
    own = history.load_history(version, activities)
    if version.role == Role.SIMILAR:
        return own.search_vector(version) if own else None
    trained = nearest.trained_taste(version, shopper)
    return own.taste(version, trained) if own else trained
