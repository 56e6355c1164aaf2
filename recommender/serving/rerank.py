"""From candidates to places: nothing twice, no list cut short, as much variety as was asked for."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from catalog import fingerprints
from catalog.models import Product, ProductImage
from recommender.models import Metric, ModelVersion
from recommender.serving.types import RecommendationQuery
from recommender.versions.vectors import nearest

DIVERSITY_POOL = 5  # candidates for each place in a diverse list
SPARE = 8  # candidates beyond what is wanted, for the pictures that turn up twice
# Cosine from which two pictures count as one. Measured on 1,485 product photos: of two different ones none came nearer
# than .954 to visrec, .978 to hog+histogram, .985 to pixels; the same photo half again as large had a median of .993.
SAME_PICTURE = 0.99


@dataclass(frozen=True)
class Candidate:
    product: Product
    score: float
    embedding: np.ndarray | None = None  # (D,), how the version that compares pictures sees it


def ranked(
    page: Callable[[int], list[Candidate]],
    query: RecommendationQuery,
    compares: ModelVersion | None,
    beside: Sequence[Candidate] = (),
    excluded_ids: Iterable[Product] = (),
) -> tuple[list[Candidate], bool]:
    """The best `limit` candidates that differ from `beside` and from each other, and whether there are more.

    Nor are they copies of what the visitor is done with; what merely looks like that may come.

    Reaches further until the list is full or there are no more. page: the best n candidates, best first. compares: the
    version whose eyes tell pictures apart; without one only copies of one picture count as the same.
    """
    pool = query.limit * DIVERSITY_POOL if query.diversity else query.limit
    wanted = pool + 1  # one more tells whether there is a next page
    size = wanted + SPARE
    beside = [*with_embeddings(beside, compares), *(Candidate(product, 1.0) for product in excluded_ids)]
    while True:
        rows = page(size)
        good = [row for row in rows if row.score >= query.min_score]
        kept = distinct(with_embeddings(good, compares), beside)
        if len(kept) >= wanted or len(rows) < size or len(good) < len(rows):
            break
        size *= 4
    chosen = diverse(kept[:pool], query) if query.diversity else kept[: query.limit]
    return chosen, len(kept) > query.limit


def with_embeddings(rows: Sequence[Candidate], compares: ModelVersion | None) -> list[Candidate]:
    """The same candidates, each with its look where the version has seen it; one query."""
    unseen = [row.product.pk for row in rows if row.embedding is None]
    if compares is None or not unseen:
        return list(rows)
    vectors = nearest.vectors_of(compares, unseen)
    return [
        replace(row, embedding=unit(vectors[row.product.pk], compares))
        if row.embedding is None and row.product.pk in vectors
        else row
        for row in rows
    ]


def unit(vector: Sequence[float], version: ModelVersion) -> np.ndarray:
    """The vector, without its length where that says nothing."""
    array = np.asarray(vector, dtype=np.float32)
    return array / (np.linalg.norm(array) + 1e-12) if version.metric == Metric.COSINE else array


def distinct(rows: Sequence[Candidate], beside: Sequence[Candidate] = ()) -> list[Candidate]:
    """Those rows that show neither a product nor a picture that stands above them, or beside.

    A product counts once, however many pictures it has. Two pictures are one if their pixels are, if they are copies of
    each other by their fingerprints, or if they look it.
    """
    everything = [*beside, *rows]
    pictures = [list(row.product.images.all()) for row in everything]
    same = copies(pictures) | near_duplicates(everything)
    standing, products, hashes = [], set(), set()
    for place, row in enumerate(everything):
        own = {image.content_hash for image in pictures[place]}
        again = row.product.pk in products or hashes & own or same[place, standing].any()
        if place < len(beside) or not again:
            standing.append(place)
            products.add(row.product.pk)
            hashes |= own
    return [everything[place] for place in standing[len(beside) :]]


def copies(pictures: Sequence[Sequence[ProductImage]]) -> np.ndarray:
    """Which of N products have a picture that is also the other's, saved anew: (N, N). pictures: of each of them."""
    # Without a fingerprint: not looked at yet, or of a file that could not be read.
    known = [(place, image.fingerprint) for place, own in enumerate(pictures) for image in own if image.fingerprint]
    owners = np.asarray([place for place, _ in known], dtype=int)
    first, second = np.nonzero(fingerprints.match_fingerprints([fingerprint for _, fingerprint in known]))
    same = np.zeros((len(pictures), len(pictures)), dtype=bool)
    same[owners[first], owners[second]] = True
    return same


def near_duplicates(rows: Sequence[Candidate]) -> np.ndarray:
    """Which of them are as near to each other as two views of one picture: (N, N). Of unit vectors that is a cosine."""
    embeddings = stacked_embeddings(rows)
    gram = embeddings @ embeddings.T
    squares = gram.diagonal()
    lengths = np.sqrt(np.outer(squares, squares))
    apart = squares[:, None] + squares[None] - 2 * gram
    return (apart <= 2 * (1 - SAME_PICTURE) * lengths) & (lengths > 0)


def stacked_embeddings(rows: Sequence[Candidate]) -> np.ndarray:
    """(N, D): each one's look, zeros for a picture that has not been seen yet."""
    size = next((len(row.embedding) for row in rows if row.embedding is not None), 1)
    unseen = np.zeros(size, dtype=np.float32)
    return np.asarray([unseen if row.embedding is None else row.embedding for row in rows]).reshape(len(rows), size)


def diverse(rows: list[Candidate], query: RecommendationQuery) -> list[Candidate]:
    """Maximal marginal relevance: each place goes to whoever is good and unlike those above it.

    Carbonell & Goldstein, SIGIR 1998, with lambda = 1 - diversity. Scores are stretched to 0-1 over the pool, so that
    they and the cosines weigh alike. A candidate whose picture no version has seen yet is like no other; where none
    has been seen, the order is that of the scores.
    """
    if all(row.embedding is None for row in rows):
        return rows[: query.limit]
    embeddings = stacked_embeddings(rows)
    embeddings /= np.linalg.norm(embeddings, axis=1, keepdims=True) + 1e-12
    scores = np.asarray([row.score for row in rows])
    relevance = (scores - scores.min()) / max(np.ptp(scores), 1e-9)
    closest = np.full(len(rows), -np.inf)  # to any that is chosen already
    chosen: list[int] = []
    while len(chosen) < min(query.limit, len(rows)):
        penalty = np.where(np.isinf(closest), 0.0, closest)
        gain = (1 - query.diversity) * relevance - query.diversity * penalty
        gain[chosen] = -np.inf
        best = int(gain.argmax())
        chosen.append(best)
        closest = np.maximum(closest, embeddings @ embeddings[best])
    return [rows[place] for place in chosen]
