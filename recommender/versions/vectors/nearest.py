"""Statements that find the nearest embeddings, and reads of single vectors."""

from collections.abc import Iterable, Sequence

import numpy as np
from django.conf import settings

from catalog.models import Shopper
from catalog.rows import Sql, fetch
from recommender.models import Metric, ModelVersion

MOST_EF_SEARCH = 1000  # pgvector's limit
EXACT = 0  # a version's ef_search with which no index is walked: all vectors are compared
EF_SEARCH_INNER = 400  # the graph of inner products is harder to walk
OPERATORS = {Metric.COSINE: "<=>", Metric.EUCLIDEAN: "<->", Metric.INNER: "<#>"}


def nearest_sql(
    version: ModelVersion,
    vector: Sequence[float] | np.ndarray | Sql,
    limit: int,
    *,
    among: Sql | None = None,
    exact: bool = False,
) -> Sql:
    """Return the statement for the `limit` embeddings nearest to `vector`, nearest first.

    Its columns: product_id, image_id, vector, distance: the cosine distance (0 same, 2 opposite), the Euclidean one or
    minus the inner product, as the version's metric has it. vector: version.dimensions floats, or the expression of a
    vector. among: a condition on the embeddings' products `p`; None: all. exact: compare with all of them rather than
    walk the index, which index.build_index builds.
    """
    operator = OPERATORS[Metric(version.metric)]
    sought = vector if isinstance(vector, Sql) else Sql("%s", (vector_text(vector),))
    whole, indexed = f"vector({version.dimensions:d})", indexed_type(version)
    distance = f"e.vector::{whole} {operator} {sought.text}::{whole}"
    # A search uses the index only if it repeats its expression; adding nothing keeps the planner from it.
    order = f"({distance}) + 0" if exact else f"e.vector::{indexed} {operator} {sought.text}::{indexed}"
    join, where = ("JOIN catalog_product p ON p.id = e.product_id", f" AND {among.text}") if among else ("", "")
    # The version is a literal: the index is partial, and a parameter would hide from the planner that it applies.
    found = Sql(
        f"SELECT e.product_id, e.image_id, e.vector, {distance} AS distance FROM recommender_imageembedding e {join}"
        f" WHERE e.version_id = {version.pk:d}{where} ORDER BY {order} LIMIT {limit:d}",
        (*sought.params, *(among.params if among else ()), *sought.params),
    )
    if exact or not is_sorted_again(version):
        return found
    return Sql(f"SELECT * FROM ({found.text}) AS rough ORDER BY distance", found.params)


def nearest_products(
    version: ModelVersion, vectors: np.ndarray, without: int | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Return the distance of each vector (N, D) to the embedding nearest to it, and the id of its product: both (N,).

    Where there is none, the distance is infinite and the id -1. without: the id of a product that is left out.
    """
    among = None if without is None else Sql("p.id <> %s", (without,))
    nearest = nearest_sql(version, Sql("sought.vector"), 1, among=among)
    found = fetch(
        Sql(
            "SELECT coalesce(nearest.distance, 'infinity'), coalesce(nearest.product_id, -1)"
            " FROM unnest(%s::vector[]) WITH ORDINALITY AS sought (vector, place)"
            f" LEFT JOIN LATERAL ({nearest.text}) AS nearest ON true ORDER BY sought.place",
            ([vector_text(vector) for vector in vectors], *nearest.params),
        )
    )
    return np.array([distance for distance, _ in found]), np.array([product for _, product in found])


def is_sorted_again(version: ModelVersion) -> bool:
    """Return whether what a walk finds is sorted by the whole vectors, for which all of it is read first."""
    return indexed_type(version) != f"vector({version.dimensions:d})"


def indexed_type(version: ModelVersion) -> str:
    """Return the type that the version's vectors have in its index.

    Tastes are searched by half the bytes, whose order is good enough for candidates: these are compared as they are.
    """
    return f"{'halfvec' if version.metric == Metric.INNER else 'vector'}({version.dimensions:d})"


def ef_search(version: ModelVersion) -> int:
    """Return how many candidates a walk of the version's index keeps: more than usual where its recall was low."""
    if version.ef_search:
        return version.ef_search
    return EF_SEARCH_INNER if version.metric == Metric.INNER else settings.HNSW_EF_SEARCH


def set_ef_search(candidates: int) -> str:
    """Return what stands before a statement with nearest_sql; "" where the setting of all connections is right.

    In one message with the statement it holds for that alone.
    """
    return "" if candidates == settings.HNSW_EF_SEARCH else f"SET LOCAL hnsw.ef_search = {candidates:d}; "


def vector_text(vector: Sequence[float] | np.ndarray) -> str:
    """Return a vector as PostgreSQL reads it."""
    return f"[{','.join(map(repr, np.asarray(vector).tolist()))}]"


def vectors_of_bytes(sent: Sequence[memoryview]) -> np.ndarray:
    """Return the N vectors (N, D) float32 that PostgreSQL's vector_send gave, which are not parsed as texts are."""
    if not sent:
        return np.zeros((0, 0), dtype=np.float32)
    numbers = np.frombuffer(b"".join(sent), dtype=">f4").reshape(len(sent), -1)
    return numbers[:, 1:].astype(np.float32)  # after the length and two unused bytes


def vector_of_bytes(sent: memoryview) -> np.ndarray:
    """Return the vector (D,) float32 that vector_send gave."""
    return np.asarray(vectors_of_bytes([sent])[0])


def primary_vector_sql(version: ModelVersion, product: str) -> str:
    """Return the scalar subquery for the vector of a product's primary image by this version.

    product: the SQL expression of its id.
    """
    return (
        "(SELECT s.vector FROM recommender_imageembedding s JOIN catalog_productimage j"
        f" ON j.id = s.image_id WHERE s.version_id = {version.pk:d} AND s.product_id = {product}"
        " ORDER BY j.position, j.id LIMIT 1)"
    )


def vectors_of(version: ModelVersion, products: Iterable[int]) -> dict[int, np.ndarray]:
    """Return the vectors (D,) of the products' primary images by this version, by product id; only those stored."""
    text = f"SELECT p.id, vector_send({primary_vector_sql(version, 'p.id')}) FROM unnest(%s::bigint[]) AS p (id)"
    rows = [row for row in fetch(Sql(text, (list(products),))) if row[1] is not None]
    vectors = vectors_of_bytes([sent for _, sent in rows])
    return {product: vector for (product, _), vector in zip(rows, vectors, strict=True)}


def trained_taste(version: ModelVersion, shopper: Shopper) -> np.ndarray | None:
    """Return the taste (K,) that the version learnt for the shopper; None if the shopper was not in its training."""
    text = "SELECT vector_send(vector) FROM recommender_shoppervector WHERE version_id = %s AND shopper_id = %s"
    rows = fetch(Sql(text, (version.pk, shopper.pk)))
    return vector_of_bytes(rows[0][0]) if rows else None
