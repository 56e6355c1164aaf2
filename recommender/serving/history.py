"""What a visitor did, as far as it says something about taste."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np
from django.conf import settings
from django.db.models import Max, Q
from django.utils import timezone

from catalog.models import Kind, Product, Shopper
from catalog.queries import interactions_of
from recommender.models import Metric, ModelVersion
from recommender.serving import fold_in
from recommender.versions.vectors import nearest

PRODUCTS = 200  # those that a visitor met last; a taste is read from them
# Of several things done to one product the last of these is what the visitor is told.
TELLING = (Kind.VIEW, Kind.CLICK, Kind.CART, Kind.LIKE, Kind.PURCHASE)
DAY = timedelta(days=1)


@dataclass(frozen=True)
class ProductActivity:
    """All that a visitor did to one product, as one."""

    product: int  # its id
    kind: Kind  # the most telling thing done
    weight: float  # what it says of the visitor's taste; below 0: the opposite
    is_new: bool = False  # done, or done anew, since the version was trained


@dataclass(frozen=True)
class History:
    """Deeds whose products a version has seen, with what it saw."""

    activities: Sequence[ProductActivity] = ()
    vectors: np.ndarray = field(default_factory=lambda: np.zeros((0, 0)))  # (N, K)

    def __len__(self) -> int:
        return len(self.activities)

    @property
    def weights(self) -> np.ndarray:
        return np.asarray([activity.weight for activity in self.activities])  # (N,)

    def taste(self, version: ModelVersion, trained: Sequence[float] | None = None) -> np.ndarray:
        """The taste (K,) that these deeds speak of; if the version learnt from the older ones, from `trained` on."""
        prior = prior_of(version)
        if trained is None:
            return fold_in.folded_in(self.vectors, self.weights, prior)
        is_new = np.asarray([activity.is_new for activity in self.activities], dtype=bool)
        if not is_new.any():
            return np.asarray(trained)
        learnt = fold_in.around(np.asarray(trained), self.vectors[~is_new], self.weights[~is_new], prior)
        return fold_in.folded_in(self.vectors[is_new], self.weights[is_new], learnt)

    def example(self, version: ModelVersion) -> np.ndarray | None:
        """What to look for (K,) with the eyes of a similarity version; None if nothing is liked."""
        vectors = self.vectors
        if version.metric == Metric.COSINE:  # which knows no length, so none of the examples shall count for its own
            vectors = vectors / (np.linalg.norm(vectors, axis=1, keepdims=True) + 1e-12)
        return fold_in.example(vectors, self.weights)

    def without(self, place: int) -> "History":
        return History(
            [*self.activities[:place], *self.activities[place + 1 :]], np.delete(self.vectors, place, axis=0)
        )


def prior_of(version: ModelVersion) -> fold_in.Prior:
    return fold_in.Prior(np.asarray(version.taste["mean"]), np.asarray(version.taste["precision"]))


def of_visitor(
    *, shopper: Shopper | None = None, session: str = "", learnt: datetime | None = None
) -> list[ProductActivity]:
    """The visitor's deeds, the latest first. learnt: when a version read its interactions; what came later is new."""
    own = interactions_of(shopper=shopper, session=session).order_by()
    lately = own.values("product").annotate(last=Max("occurred_at")).order_by("-last").values("product")[:PRODUCTS]
    before = Q(recorded_at__lte=learnt) if learnt else Q()
    rows = (
        own.filter(product__in=lately)
        .values_list("product", "kind")
        .annotate(last=Max("occurred_at"), known=Max("occurred_at", filter=before))
        .order_by("-last", "product", "kind")
    )
    did: dict[int, dict[Kind, datetime]] = {}
    had_done: dict[int, dict[Kind, datetime]] = {}
    for product, kind, last, last_known in rows:
        did.setdefault(product, {})[Kind(kind)] = last
        if last_known:
            had_done.setdefault(product, {})[Kind(kind)] = last_known
    now = timezone.now()
    activities = []
    for product, times in did.items():
        summed, known = summary(times, now), had_done.get(product)
        activities.append(ProductActivity(product, *summed, is_new=known is None or summary(known, now) != summed))
    return activities


def of_events(events: Iterable[tuple[int, Kind, datetime]]) -> list[ProductActivity]:
    """The deeds in (product id, kind, time) triples that nobody stored; as many as are read from what is stored."""
    did: dict[int, dict[Kind, datetime]] = {}
    for product, kind, at in sorted(events, key=lambda event: event[2], reverse=True):
        did.setdefault(product, {}).setdefault(kind, at)
    now = timezone.now()
    return [ProductActivity(product, *summary(times, now)) for product, times in list(did.items())[:PRODUCTS]]


def summary(times: Mapping[Kind, datetime], now: datetime) -> tuple[Kind, float]:
    """The most telling of the kinds of things done to a product, and the weight of the strongest.

    times: when each kind was done last. Of a like and a dislike the later counts, and of two at once the dislike, which
    outweighs all else.
    """
    liked, disliked = times.get(Kind.LIKE), times.get(Kind.DISLIKE)
    if disliked and not (liked and liked > disliked):
        return Kind.DISLIKE, weight(Kind.DISLIKE, disliked, now)
    done = [kind for kind in TELLING if kind in times]
    return done[-1], max(weight(kind, times[kind], now) for kind in done)


def weight(kind: Kind, at: datetime, now: datetime) -> float:
    days = max((now - at) / DAY, 0.0)
    return settings.KIND_WEIGHTS[kind] * 0.5 ** (days / settings.TASTE_HALF_LIFE_DAYS)


def seen(version: ModelVersion, activities: Iterable[ProductActivity]) -> History:
    """Those deeds whose products the version has a vector of."""
    activities = [activity for activity in activities if activity.weight]
    vectors = nearest.vectors_of(version, [activity.product for activity in activities])
    known = [activity for activity in activities if activity.product in vectors]
    if not known:
        return History()
    return History(known, np.asarray([vectors[activity.product] for activity in known], dtype=np.float64))


def excluded_ids(activities: Iterable[ProductActivity]) -> list[int]:
    """The products, as ids, that the visitor bought or dislikes."""
    return [activity.product for activity in activities if activity.kind in (Kind.PURCHASE, Kind.DISLIKE)]


def products_of(activities: Iterable[ProductActivity]) -> dict[int, Product]:
    """The products of these deeds that visitors may see, by id."""
    return Product.objects.visible().with_images().in_bulk([activity.product for activity in activities])
