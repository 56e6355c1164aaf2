"""Choice of the results among the candidates: without duplicates, as many as were requested, as varied as requested."""

from collections.abc import Sequence

import numpy as np

from catalog import fingerprints
from catalog.rows import ImageMarks
from recommender.serving.types import Candidate, RecommendationQuery, Search

BLOCK = 256  # candidates that are compared with each other at once: the matrices have the square of that
MOST = 5000  # candidates looked at for one list; where more copies of one image come first, it is short
# Cosine from which two images count as one. Measured on 1,485 product photos: of two different ones none came nearer
# than .954 to visrec, .978 to hog+histogram, .985 to pixels; the same photo half again as large had a median of .993.
SAME_IMAGE = 0.99


def rank(search: Search, query: RecommendationQuery, shown: Sequence[Candidate] = ()) -> tuple[list[Candidate], bool]:
    """Return the best `query.limit` candidates and whether there are more.

    None duplicates another or one of `shown`; it may merely look like the last. Searches further until the list is full
    or there are no more candidates.
    """
    pool = query.pool_size
    wanted = pool + 1  # one more tells whether there is a next page
    size = query.first_size
    while True:
        rows = search(size)
        good = [row for row in rows if row.score >= query.min_score]
        unique = drop_duplicates(good, shown, most=wanted)
        if len(unique) >= wanted or len(rows) < size or len(good) < len(rows) or size >= MOST:
            break
        size = min(4 * size, MOST)
    chosen = diversify(unique[:pool], query) if query.diversity else unique[: query.limit]
    return chosen, len(unique) > query.limit


def drop_duplicates(
    rows: Sequence[Candidate], shown: Sequence[Candidate] = (), most: int | None = None
) -> list[Candidate]:
    """Return the rows without those that show a product or an image of an earlier row, or of `shown`.

    A product counts once, however many images it has. Two images are one if their pixels are, if they are copies of
    each other by their fingerprints, or if their embeddings are nearly equal. most: how many are enough.
    """
    unique: list[Candidate] = []
    for first in range(0, len(rows), BLOCK):
        unique += _unlike([*shown, *unique], rows[first : first + BLOCK])
        if most is not None and len(unique) >= most:
            break
    return unique


def _unlike(earlier: Sequence[Candidate], rows: Sequence[Candidate]) -> list[Candidate]:
    """Return the rows that duplicate neither one of `earlier` nor one of themselves before."""
    everything = [*earlier, *rows]
    same = find_copies([row.images for row in everything]) | find_near_duplicates(everything)
    chosen = list(range(len(earlier)))
    products = {row.id for row in earlier}
    hashes = {image.content_hash for row in earlier for image in row.images}
    for index, row in enumerate(rows, len(earlier)):
        own = {image.content_hash for image in row.images}
        if row.id not in products and not hashes & own and not same[index, chosen].any():
            chosen.append(index)
            products.add(row.id)
            hashes |= own
    return [everything[index] for index in chosen[len(earlier) :]]


def find_copies(images: Sequence[Sequence[ImageMarks]]) -> np.ndarray:
    """Find which of N products share an image, though it may have been saved anew: (N, N) booleans.

    images: those of each product.
    """
    # Without a fingerprint: not computed yet, or of a file that could not be read.
    known = [(index, image.fingerprint) for index, own in enumerate(images) for image in own if image.fingerprint]
    owners = np.asarray([index for index, _ in known], dtype=int)
    first, second = np.nonzero(fingerprints.match_fingerprints([fingerprint for _, fingerprint in known]))
    same = np.zeros((len(images), len(images)), dtype=bool)
    same[owners[first], owners[second]] = True
    return same


def find_near_duplicates(rows: Sequence[Candidate]) -> np.ndarray:
    """Find which of N candidates are as near to each other as two files of one image: (N, N) booleans.

    Of unit vectors that is a cosine.
    """
    embeddings = stack_embeddings(rows)
    gram = embeddings @ embeddings.T
    squares = gram.diagonal()
    lengths = np.sqrt(np.outer(squares, squares))
    distances = squares[:, None] + squares[None] - 2 * gram
    return np.asarray((distances <= 2 * (1 - SAME_IMAGE) * lengths) & (lengths > 0))


def stack_embeddings(rows: Sequence[Candidate]) -> np.ndarray:
    """Stack the candidates' embeddings, zeros where there is none: (N, D)."""
    size = next((len(row.embedding) for row in rows if row.embedding is not None), 1)
    missing = np.zeros(size, dtype=np.float32)
    return np.asarray([missing if row.embedding is None else row.embedding for row in rows]).reshape(len(rows), size)


def diversify(rows: list[Candidate], query: RecommendationQuery) -> list[Candidate]:
    """Choose `query.limit` rows by maximal marginal relevance: good ones that are unlike those chosen before.

    Carbonell & Goldstein, SIGIR 1998, with lambda = 1 - diversity. Scores are stretched to 0-1 over the pool, so that
    they and the cosines weigh alike. A candidate without an embedding is like no other; where none has one, the order
    is that of the scores. Those without an image come last.
    """
    if bare := [row for row in rows if not row.images]:
        pictured = [row for row in rows if row.images]
        return [*(diversify(pictured, query) if pictured else []), *bare][: query.limit]
    if all(row.embedding is None for row in rows):
        return rows[: query.limit]
    embeddings = stack_embeddings(rows)
    embeddings /= np.linalg.norm(embeddings, axis=1, keepdims=True) + 1e-12
    by_score = np.asarray([row.score for row in rows])
    relevance = (by_score - by_score.min()) / max(np.ptp(by_score), 1e-9)
    closest = np.full(len(rows), -np.inf)  # cosine to the nearest that is chosen already
    chosen: list[int] = []
    while len(chosen) < min(query.limit, len(rows)):
        penalty = np.where(np.isinf(closest), 0.0, closest)
        gain = (1 - query.diversity) * relevance - query.diversity * penalty
        gain[chosen] = -np.inf
        best = int(gain.argmax())
        chosen.append(best)
        closest = np.maximum(closest, embeddings @ embeddings[best])
    return [rows[index] for index in chosen]
