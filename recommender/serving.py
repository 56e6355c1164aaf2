"""What a visitor is shown. SQL, and numpy on a handful of vectors: any web process may call it."""

import math
import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

import numpy as np
from django.db.models import Max, QuerySet, prefetch_related_objects

from catalog.models import Kind, Product, Shopper
from catalog.queries import narrow, own_interactions
from recommender import queries, taste
from recommender.errors import NoActiveVersion
from recommender.models import ImageEmbedding, Metric, ModelVersion, Popularity, Role

FOLD_IN_PRODUCTS = 3  # fewer products than this say too little about a shopper
HISTORY = 200  # the latest interactions that a taste is read from
# Of several things done to one product the last of these counts, and is what the visitor is told.
TELLING = (Kind.VIEW, Kind.CLICK, Kind.CART, Kind.LIKE, Kind.PURCHASE, Kind.DISLIKE)
DIVERSITY_POOL = 5  # candidates for each place in a diverse list


@dataclass(frozen=True)
class Ask:
    """What a caller may ask of any recommendation."""

    limit: int = 12
    category: str = ""  # its own name
    min_price: Decimal | None = None
    max_price: Decimal | None = None
    exclude: Sequence[str] = ()  # SKUs
    min_score: float = 0.0
    diversity: float = 0.0  # 0: by score alone; 1: as unlike each other as can be
    explain: bool = False


@dataclass(frozen=True)
class Because:
    product: Product  # one of the shopper's own
    kind: Kind  # what the shopper did to it
    weight: float  # the weights of one result add up to 1


@dataclass(frozen=True)
class Result:
    rank: int
    score: float  # 0 to 1
    product: Product
    because: list[Because] | None = None


@dataclass(frozen=True)
class Recommendation:
    strategy: str
    version: ModelVersion | None
    results: list[Result]
    reason: str | None = None  # why there are none
    id: uuid.UUID = field(default_factory=uuid.uuid4)


@dataclass(frozen=True)
class Candidate:
    product: Product
    score: float
    vector: Sequence[float] | None = None


def similar_products(product: Product, ask: Ask) -> Recommendation:
    """Products whose pictures look like this one's. Raises NoActiveVersion."""
    version = active(Role.SIMILAR)
    vector = queries.vector_of(version, product)
    if vector is None:
        return Recommendation("similar", version, [], reason="not_yet_findable")
    among = eligible(ask).exclude(pk=product.pk)
    # Under another category's filter nearly all that the index meets is refused: sort that category exactly.
    elsewhere = bool(ask.category) and ask.category != product.category.name
    found = nearest(version, vector, among, ask, exact=elsewhere, seen_hashes=hashes(product))
    return Recommendation("similar", version, found)


def products_like_photo(vector: Sequence[float], version: ModelVersion, ask: Ask) -> Recommendation:
    """Products that look like the photo that `version` turned into `vector`; none if nothing is near."""
    floor = max(ask.min_score, version.good_match or 0.0)
    found = nearest(version, vector, eligible(ask), replace(ask, min_score=floor))
    return Recommendation("photo", version, found, reason=None if found else "no_good_match")


def for_shopper(shopper: Shopper, ask: Ask) -> Recommendation:
    """What this shopper would like and has not met yet: `personal`, `fold-in`, or `popular` if too little is known."""
    version = queries.active_version(Role.PERSONAL)
    if version is None:
        return popular_products(ask, seen=seen_by(shopper=shopper))
    own = history(version, shopper=shopper)
    theta, strategy = queries.trained_taste(version, shopper), "personal"
    if theta is None and len(own.products) >= FOLD_IN_PRODUCTS:
        theta, strategy = own.taste(version), "fold-in"
    if theta is None:
        return popular_products(ask, seen=seen_by(shopper=shopper))
    return by_taste(version, theta, strategy, own, seen_by(shopper=shopper), ask)


def for_session(session: str, ask: Ask) -> Recommendation:
    """What a guest would like, judged by what this session did; `popular` before it did anything."""
    version = queries.active_version(Role.PERSONAL)
    own = history(version, session=session) if version and session else History()
    if not own.products:
        return popular_products(ask, seen=seen_by(session=session))
    return by_taste(version, own.taste(version), "session", own, seen_by(session=session), ask)


def popular_products(ask: Ask, seen: QuerySet | None = None) -> Recommendation:
    """What most shoppers took to, then the newest. The score: shoppers, as a share of the most popular product's."""
    among = eligible(ask)
    if seen is not None:
        among = among.exclude(pk__in=seen)
    top = Popularity.objects.aggregate(top=Max("shoppers"))["top"] or 1
    rows = among.select_related("popularity").with_picture().order_by("-popularity__shoppers", "-created_at", "-pk")

    def page(size: int) -> list[Candidate]:
        # NULLs, products that nobody took to, sort first when descending: they come in a query of their own.
        taken = list(rows.filter(popularity__isnull=False)[:size])
        untouched = list(rows.filter(popularity__isnull=True)[: size - len(taken)])
        return [Candidate(p, p.popularity.shoppers / top) for p in taken] + [Candidate(p, 0.0) for p in untouched]

    return Recommendation("popular", None, ranked(page, ask))


def active(role: Role) -> ModelVersion:
    version = queries.active_version(role)
    if version is None:
        raise NoActiveVersion(f"no model version is active for {Role(role).label}")
    return version


def eligible(ask: Ask) -> QuerySet[Product]:
    """Products that may be recommended under these conditions: never hidden ones, never sold out ones."""
    products = narrow(
        Product.objects.visible().in_stock(),
        category=ask.category,
        min_price=ask.min_price,
        max_price=ask.max_price,
    )
    return products.exclude(sku__in=ask.exclude) if ask.exclude else products


def hashes(product: Product) -> set[str]:
    return {image.content_hash for image in product.images.all()}


def nearest(
    version: ModelVersion,
    vector: Sequence[float],
    among: QuerySet[Product],
    ask: Ask,
    exact: bool = False,
    seen_hashes: Iterable[str] = (),
) -> list[Result]:
    exact = exact or version.metric == Metric.INNER or queries.is_narrow(among)

    def page(size: int) -> list[Candidate]:
        rows = queries.nearest_embeddings(version, vector, among=among, limit=size, exact=exact)
        if ask.diversity:
            return [Candidate(row.product, score(version, row.distance), row.vector) for row in rows]
        # Nobody compares the results with each other: their vectors, a kilobyte each, stay where they are.
        return [Candidate(row.product, score(version, row.distance)) for row in rows.defer("vector")]

    return ranked(page, ask, seen_hashes)


def score(version: ModelVersion, distance: float) -> float:
    """A distance as 0 to 1, higher is better; an inner product as the chance that the product beats an average one."""
    if version.metric == Metric.COSINE:
        return min(max(1 - distance / 2, 0.0), 1.0)
    if version.metric == Metric.EUCLIDEAN:  # two products by chance are about 1 apart, and score .5
        return 1 / (1 + distance)
    return 1 / (1 + math.exp(min(distance, 700.0)))  # the operator gives minus the inner product


def ranked(page: Callable[[int], list[Candidate]], ask: Ask, seen_hashes: Iterable[str] = ()) -> list[Result]:
    """The first `limit` candidates that differ, reaching further until the list is full or there are no more.

    page: the best n candidates, best first. A product counts once, however many pictures it has, and so does a picture.
    """
    wanted = ask.limit * DIVERSITY_POOL if ask.diversity else ask.limit
    size = wanted + 8
    while True:
        rows = page(size)
        kept = distinct((row for row in rows if row.score >= ask.min_score), set(seen_hashes))
        ended = len(rows) < size or rows[-1].score < ask.min_score
        if len(kept) >= wanted or ended:
            break
        size *= 4
    chosen = diverse(kept[:wanted], ask) if ask.diversity else kept[: ask.limit]
    return [Result(rank, row.score, row.product) for rank, row in enumerate(chosen, 1)]


def distinct(rows: Iterable[Candidate], seen_hashes: set[str]) -> list[Candidate]:
    kept, products = [], set()
    for row in rows:
        pictures = hashes(row.product)
        if row.product.pk in products or pictures & seen_hashes:
            continue
        products.add(row.product.pk)
        seen_hashes |= pictures
        kept.append(row)
    return kept


def diverse(rows: list[Candidate], ask: Ask) -> list[Candidate]:
    """Maximal marginal relevance: each place goes to whoever is good and unlike those above it.

    Carbonell & Goldstein, SIGIR 1998, with lambda = 1 - diversity. Scores are stretched to 0-1 over the pool, so that
    they and the cosines weigh alike. Candidates without vectors (popular ones) stay as they are.
    """
    if not rows or rows[0].vector is None:
        return rows[: ask.limit]
    vectors = np.asarray([row.vector for row in rows], dtype=np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True) + 1e-12
    scores = np.asarray([row.score for row in rows])
    relevance = (scores - scores.min()) / max(np.ptp(scores), 1e-9)
    closest = np.full(len(rows), -np.inf)  # to any that is chosen already
    chosen: list[int] = []
    while len(chosen) < min(ask.limit, len(rows)):
        penalty = np.where(np.isinf(closest), 0.0, closest)
        gain = (1 - ask.diversity) * relevance - ask.diversity * penalty
        gain[chosen] = -np.inf
        best = int(gain.argmax())
        chosen.append(best)
        closest = np.maximum(closest, vectors @ vectors[best])
    return [rows[place] for place in chosen]


@dataclass(frozen=True)
class History:
    """What a visitor did that says something about taste: a product each, what was done, its vector, its weight."""

    products: list[Product] = field(default_factory=list)
    kinds: list[Kind] = field(default_factory=list)
    vectors: np.ndarray = field(default_factory=lambda: np.zeros((0, 0)))  # (N, K)
    weights: np.ndarray = field(default_factory=lambda: np.zeros(0))  # (N,)

    def taste(self, version: ModelVersion) -> np.ndarray:
        prior = taste.Prior(np.asarray(version.taste["mean"]), np.asarray(version.taste["precision"]))
        return taste.folded_in(self.vectors, self.weights, prior)


def history(version: ModelVersion, shopper: Shopper | None = None, session: str = "") -> History:
    """The most telling thing that the visitor did to each product lately; a dislike outweighs all else."""
    rows = own_interactions(shopper=shopper, session=session).values_list("product_id", "kind")[:HISTORY]
    did: dict[int, Kind] = {}
    for product, kind in rows:
        did[product] = max(did.get(product, kind), kind, key=TELLING.index)
    embeddings = {
        row.product_id: row
        for row in ImageEmbedding.objects.filter(version=version, product__in=did).select_related("product")
    }
    found = [product for product in did if product in embeddings]
    if not found:
        return History()
    return History(
        products=[embeddings[product].product for product in found],
        kinds=[Kind(did[product]) for product in found],
        vectors=np.asarray([embeddings[product].vector for product in found], dtype=np.float64),
        weights=np.asarray([taste.WEIGHTS[did[product]] for product in found]),
    )


def seen_by(shopper: Shopper | None = None, session: str = "") -> QuerySet:
    return own_interactions(shopper=shopper, session=session).order_by().values("product")


def by_taste(
    version: ModelVersion, theta: Sequence[float], strategy: str, own: History, seen: QuerySet, ask: Ask
) -> Recommendation:
    results = nearest(version, theta, eligible(ask).exclude(pk__in=seen), ask)
    if ask.explain:
        results = explained(version, results, own)
    return Recommendation(strategy, version, results)


def explained(version: ModelVersion, results: list[Result], own: History) -> list[Result]:
    """Each result with those of the shopper's own products that look most like it to this version."""
    liked = [place for place, weight in enumerate(own.weights) if weight > 0]
    if not liked:
        return [replace(result, because=[]) for result in results]
    vectors = {
        row.product_id: row.vector
        for row in ImageEmbedding.objects.filter(version=version, product__in=[r.product.pk for r in results])
    }
    # They are shown beside the results, so they come with what the results come with.
    prefetch_related_objects([own.products[place] for place in liked], "category", "images")
    return [
        replace(
            result,
            because=[
                Because(own.products[liked[place]], own.kinds[liked[place]], weight)
                for place, weight in taste.carriers(vectors[result.product.pk], own.vectors[liked])
            ],
        )
        for result in results
    ]
