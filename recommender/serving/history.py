"""The interactions of a visitor, as far as they say something about taste."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache

import numpy as np
from django.conf import settings
from django.utils import timezone

from catalog.models import Kind, Shopper
from catalog.rows import Sql, fetch
from recommender.models import Metric, ModelVersion
from recommender.serving.fold_in import Prior, estimate_taste, laplace_posterior, rocchio_vector
from recommender.versions.vectors import nearest

PRODUCTS = 200  # the products of the latest interactions; a taste is estimated from them
# Of several kinds of interactions with one product the last of these is named in explanations.
BY_STRENGTH = (Kind.VIEW, Kind.CLICK, Kind.CART, Kind.LIKE, Kind.PURCHASE)
DAY = timedelta(days=1)


@dataclass(frozen=True)
class ProductActivity:
    """A visitor's interactions with one product, summarized."""

    product: int  # its id
    kind: Kind  # the strongest kind of interaction
    weight: float  # evidence for a taste; below 0: against
    is_new: bool = False  # whether the summary has changed since the version was trained


@dataclass(frozen=True)
class History:
    """A visitor's activities whose products have a vector by a version, with the vectors."""

    activities: Sequence[ProductActivity] = ()
    vectors: np.ndarray = field(default_factory=lambda: np.zeros((0, 0)))  # (N, K)

    def __len__(self) -> int:
        return len(self.activities)

    @property
    def weights(self) -> np.ndarray:
        return np.asarray([activity.weight for activity in self.activities])  # (N,)

    def taste(self, version: ModelVersion, trained: np.ndarray | None = None) -> np.ndarray:
        """Estimate the taste (K,) by a personal version.

        trained: the taste that the version learnt from the activities before its training, if it did; the new ones move
        it.
        """
        prior = prior_of(version)
        if trained is None:
            return estimate_taste(self.vectors, self.weights, prior)
        is_new = np.asarray([activity.is_new for activity in self.activities], dtype=bool)
        if not is_new.any():
            return np.asarray(trained)
        learnt = laplace_posterior(np.asarray(trained), self.vectors[~is_new], self.weights[~is_new], prior)
        return estimate_taste(self.vectors[is_new], self.weights[is_new], learnt)

    def search_vector(self, version: ModelVersion) -> np.ndarray | None:
        """Compute the vector (K,) to search with by a similarity version; None if no product is liked."""
        vectors = self.vectors
        if version.metric == Metric.COSINE:  # by which lengths mean nothing, so that none may weigh more by its length
            vectors = vectors / (np.linalg.norm(vectors, axis=1, keepdims=True) + 1e-12)
        return rocchio_vector(vectors, self.weights)

    def without(self, index: int) -> "History":
        """Return the history without one of its activities."""
        return History(
            [*self.activities[:index], *self.activities[index + 1 :]], np.delete(self.vectors, index, axis=0)
        )


@lru_cache(maxsize=4)
def prior_of(version: ModelVersion) -> Prior:
    """Return the distribution of a personal version's tastes; kept, as reading it takes longer than using it."""
    return Prior.from_json(version.taste)


def read_activities(
    *, shopper: Shopper | None = None, session: str = "", learnt: datetime | None = None
) -> list[ProductActivity]:
    """Read the visitor's activities, the latest first; one query.

    learnt: when a version read its interactions; later ones are new.
    """
    if not (shopper or session):
        return []
    own = Sql("shopper_id = %s", (shopper.pk,)) if shopper else Sql("session = %s", (session,))
    rows = fetch(
        Sql(
            "WITH own AS (SELECT product_id, kind, max(occurred_at) AS last,"
            " max(occurred_at) FILTER (WHERE recorded_at <= coalesce(%s::timestamptz, 'infinity')) AS known"
            f" FROM catalog_interaction WHERE {own.text} GROUP BY product_id, kind),"
            f" lately AS (SELECT product_id FROM own GROUP BY product_id ORDER BY max(last) DESC LIMIT {PRODUCTS:d})"
            " SELECT product_id, kind, last, known FROM own JOIN lately USING (product_id)"
            " ORDER BY last DESC, product_id, kind",
            (learnt, *own.params),
        )
    )
    times: dict[int, dict[Kind, datetime]] = {}
    times_before: dict[int, dict[Kind, datetime]] = {}
    for product, kind, last, last_known in rows:
        times.setdefault(product, {})[Kind(kind)] = last
        if last_known:
            times_before.setdefault(product, {})[Kind(kind)] = last_known
    now = timezone.now()
    activities = []
    for product, by_kind in times.items():
        summary, known = summarize(by_kind, now), times_before.get(product)
        activities.append(ProductActivity(product, *summary, is_new=known is None or summarize(known, now) != summary))
    return activities


def activities_of_events(events: Iterable[tuple[int, Kind, datetime]]) -> list[ProductActivity]:
    """Summarize (product id, kind, time) triples that are not stored, as read_activities does with those that are."""
    times: dict[int, dict[Kind, datetime]] = {}
    for product, kind, at in sorted(events, key=lambda event: event[2], reverse=True):
        times.setdefault(product, {}).setdefault(kind, at)
    now = timezone.now()
    return [ProductActivity(product, *summarize(by_kind, now)) for product, by_kind in list(times.items())[:PRODUCTS]]


def summarize(times: Mapping[Kind, datetime], now: datetime) -> tuple[Kind, float]:
    """Return the strongest kind of interaction with a product, and the largest weight of any.

    times: when each kind occurred last. Of a like and a dislike the later counts, and of two at once the dislike, which
    outweighs all else.
    """
    liked, disliked = times.get(Kind.LIKE), times.get(Kind.DISLIKE)
    if disliked and not (liked and liked > disliked):
        return Kind.DISLIKE, decayed_weight(Kind.DISLIKE, disliked, now)
    kinds = [kind for kind in BY_STRENGTH if kind in times]
    return kinds[-1], max(decayed_weight(kind, times[kind], now) for kind in kinds)


def decayed_weight(kind: Kind, at: datetime, now: datetime) -> float:
    """Return the weight of an interaction, which halves every VISREC_TASTE_HALF_LIFE_DAYS."""
    days = max((now - at) / DAY, 0.0)
    return float(settings.KIND_WEIGHTS[kind] * 0.5 ** (days / settings.TASTE_HALF_LIFE_DAYS))


def load_history(version: ModelVersion, activities: Iterable[ProductActivity]) -> History:
    """Load the vectors of the activities' products by the version; those without a vector or a weight are left out."""
    activities = [activity for activity in activities if activity.weight]
    vectors = nearest.vectors_of(version, [activity.product for activity in activities])
    known = [activity for activity in activities if activity.product in vectors]
    if not known:
        return History()
    return History(known, np.asarray([vectors[activity.product] for activity in known], dtype=np.float64))


def bought_or_disliked(activities: Iterable[ProductActivity]) -> list[int]:
    """Return the ids of the products that the visitor bought or dislikes."""
    return [activity.product for activity in activities if activity.kind in (Kind.PURCHASE, Kind.DISLIKE)]
