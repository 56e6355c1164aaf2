"""Products that may be recommended, and searches for the best of them by vector or by popularity: a statement each."""

import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import cachetools
import numpy as np

from catalog.rows import (
    CATEGORY,
    COLUMNS,
    IN_STOCK,
    VISIBLE,
    Sql,
    estimated_count,
    fetch,
    image_marks,
    product_from_row,
)
from recommender.models import ModelVersion, Role
from recommender.serving.types import Candidate, RecommendationQuery, RetrievalPlan
from recommender.versions import queries
from recommender.versions.vectors import nearest, scores

# How much further a walk goes than it would have to if those that pass the filter were spread evenly. Where it comes
# back with too few, the filter goes against the query, and what it would find further on is not what is nearest.
FURTHER = 2
# What it costs to pass over one embedding in a walk of the index, in comparisons of an exact search.
WALK = 2.0
ESTIMATE_SECONDS = 60.0
MOST_ESTIMATES = 10_000
SHOWN = VISIBLE & IN_STOCK
SAME = 1e-5  # distance of a vector from itself, computed by the index or not


def eligible(query: RecommendationQuery) -> Sql:
    """Return the condition of products that are visible, in stock and satisfy the query's filters."""
    where = SHOWN
    if query.category:
        found = fetch(Sql("SELECT id FROM catalog_category WHERE name = %s", (query.category,)))
        # By id, whose frequency the planner knows.
        where &= Sql("p.category_id = %s", found[0]) if found else Sql("false")
    if query.min_price is not None:
        where &= Sql("p.price >= %s", (query.min_price,))
    if query.max_price is not None:
        where &= Sql("p.price <= %s", (query.max_price,))
    return where


def not_excluded(plan: RetrievalPlan, query: RecommendationQuery, shown: Iterable[int] = ()) -> Sql | None:
    """Return the condition of products that may be shown to this visitor; None if all may.

    Not those `shown` already, nor those that the query excludes, nor those with an interaction of the visitor, or if
    the query includes seen products, those that were bought or are disliked.
    """
    conditions = []
    if ids := list(shown):
        conditions.append(Sql("p.id <> ALL(%s)", (ids,)))
    if query.exclude:
        conditions.append(Sql("p.sku <> ALL(%s)", (list(query.exclude),)))
    if plan.shopper or plan.session:
        own = Sql("x.shopper_id = %s", (plan.shopper.pk,)) if plan.shopper else Sql("x.session = %s", (plan.session,))
        if not query.exclude_seen:
            own &= Sql(
                "(x.kind = 'purchase' OR x.kind = 'dislike' AND NOT EXISTS (SELECT FROM catalog_interaction l"
                " WHERE l.shopper_id IS NOT DISTINCT FROM x.shopper_id AND l.session = x.session"
                " AND l.product_id = x.product_id AND l.kind = 'like' AND l.occurred_at > x.occurred_at))"
            )
        text = f"p.id NOT IN (SELECT x.product_id FROM catalog_interaction x WHERE {own.text})"
        conditions.append(Sql(text, own.params))
    if not conditions:
        return None
    found = conditions[0]
    for condition in conditions[1:]:
        found &= condition
    return found


@dataclass
class VectorSearch:
    """A search for the products nearest to the plan's vector.

    By a walk of the index, from which those that pass the filter are taken; or by a comparison with all that pass,
    where the planner's statistics say that this costs less, where the walk finds too few, and for islands.
    """

    plan: RetrievalPlan
    filters: Sql  # of the query
    excluded: Sql | None  # by the visitor and the list so far
    embeddings: ModelVersion | None  # the similarity version that duplicates are found with
    exact: bool = False  # once that turned out to be necessary

    def __call__(self, limit: int) -> list[Candidate]:
        """Return the best `limit` candidates, best first; fewer only if there are no more."""
        for near in () if self.exact else self._depths(limit):
            rows = self._walk(near, limit)
            if rows is None:
                rows = self._walk(near, limit, ef_search=nearest.MOST_EF_SEARCH)
            if rows is None:
                break
            if len(rows) == limit:
                return rows
        return self._search_exactly(limit)

    def _depths(self, limit: int) -> Iterator[int]:
        """Yield how many of the nearest embeddings to look at, until a comparison with all that pass costs less."""
        assert self.plan.version is not None
        least = nearest.ef_search(self.plan.version)  # a walk finds so many at no further cost
        if self.filters == SHOWN:
            yield max(least, FURTHER * limit)
            return
        passing = recent_estimate(self.filters)
        expected = limit * recent_estimate(SHOWN) / max(passing, 1)
        if passing > WALK * least:
            yield least  # enough where what passes is near, such as the product's own category
        if passing > WALK * expected and FURTHER * expected > least:
            yield int(FURTHER * expected)

    def _search_exactly(self, limit: int) -> list[Candidate]:
        self.exact = True
        return self._candidates(self._nearest(limit, among=self._where(), exact=True), self._where(), limit)

    def _walk(self, depth: int, limit: int, ef_search: int | None = None) -> list[Candidate] | None:
        """Return the best candidates among the nearest embeddings; None if the plan's product is an island.

        The index does not find an island by its own vector, and so little of what is near to it: some in a thousand
        products of an HNSW index, most of which are found with the longest list of candidates.
        """
        near, where, own = self._nearest(depth), self._where(), self.plan.product
        if own is None:
            return self._candidates(near, where, limit)
        itself = Sql(f"({where.text} OR p.id = %s AND near.distance < {SAME})", (*where.params, own))
        rows = self._candidates(near, itself, limit + 1, ef_search)
        others = [row for row in rows if row.id != own]
        is_found = len(others) < len(rows) or (rows and rows[0].distance < SAME)  # by a copy of its image
        return others[:limit] if is_found else None

    def _nearest(self, limit: int, among: Sql | None = None, exact: bool = False) -> Sql:
        assert self.plan.version is not None and self.plan.vector is not None
        return nearest.nearest_sql(self.plan.version, self.plan.vector, limit, among=among, exact=exact)

    def _where(self) -> Sql:
        return self.filters & self.excluded if self.excluded else self.filters

    def _candidates(self, near: Sql, where: Sql, limit: int, ef_search: int | None = None) -> list[Candidate]:
        version = self.plan.version
        assert version is not None
        is_similar = version.role == Role.SIMILAR
        embedding = "vector_send(near.vector)" if is_similar else embedding_sql(self.embeddings)
        rows = fetch(
            Sql(
                nearest.set_ef_search(ef_search or nearest.ef_search(version))
                + f"WITH near AS MATERIALIZED ({near.text}) SELECT near.distance, {embedding}, {COLUMNS}"
                f" FROM near JOIN catalog_product p ON p.id = near.product_id {CATEGORY} WHERE {where.text}"
                f" ORDER BY near.distance LIMIT {limit:d}",
                (*near.params, *where.params),
            )
        )
        by = version if is_similar else self.embeddings
        return candidates_from_rows(rows, [scores.score(version, row[0]) for row in rows], by)


@dataclass
class PopularitySearch:
    """A search for the most popular products, then the newest.

    The score is the number of shoppers as a share of the most popular product's.
    """

    where: Sql
    embeddings: ModelVersion | None

    def __call__(self, limit: int) -> list[Candidate]:
        """Return the best `limit` candidates, best first; fewer only if there are no more."""
        columns = f"{embedding_sql(self.embeddings)}, {COLUMNS}"
        popular = Sql(
            f"SELECT y.shoppers / (SELECT greatest(max(shoppers), 1) FROM recommender_popularity)::float, {columns}"
            f" FROM recommender_popularity y JOIN catalog_product p ON p.id = y.product_id {CATEGORY}"
            f" WHERE {self.where.text} ORDER BY y.shoppers DESC, y.product_id DESC LIMIT {limit:d}",
            self.where.params,
        )
        rows = fetch(popular)
        if len(rows) < limit:
            newest = Sql(
                f"SELECT 0.0::float, {columns} FROM catalog_product p {CATEGORY} WHERE {self.where.text}"
                " AND NOT EXISTS (SELECT FROM recommender_popularity y WHERE y.product_id = p.id)"
                f" ORDER BY p.created_at DESC, p.id DESC LIMIT {limit - len(rows):d}",
                self.where.params,
            )
            rows += fetch(newest)
        return candidates_from_rows(rows, [row[0] for row in rows], self.embeddings)


@cachetools.cached(cachetools.TTLCache(MOST_ESTIMATES, ESTIMATE_SECONDS), lock=threading.Lock())
def recent_estimate(where: Sql) -> int:
    """Return how many products satisfy the condition, as the planner estimated within ESTIMATE_SECONDS."""
    return estimated_count(where)


def embedding_version(plan: RetrievalPlan) -> ModelVersion | None:
    """Return the similarity version whose embeddings tell the images of the plan's candidates apart."""
    if plan.version and plan.version.role == Role.SIMILAR:
        return plan.version
    return queries.serving_version(Role.SIMILAR)


def embedding_sql(version: ModelVersion | None) -> str:
    """Return the expression for the bytes of the primary image's vector of a product `p` by this version."""
    return nearest.primary_vector_sql(version, "p.id") if version else "NULL"


def candidates_from_rows(
    rows: Sequence[Sequence[Any]], scored: Sequence[float], version: ModelVersion | None
) -> list[Candidate]:
    """Return the candidates of rows of (distance or score, vector by the version as bytes, *COLUMNS)."""
    embeddings: list[np.ndarray | None] = [None] * len(rows)
    known = [index for index, row in enumerate(rows) if row[1] is not None]
    if version is not None and known:
        matrix = scores.normalize_if_cosine(version, np.stack([nearest.vector_of_bytes(rows[i][1]) for i in known]))
        for index, embedding in zip(known, matrix, strict=True):
            embeddings[index] = embedding
    return [
        Candidate(columns[0], image_marks(columns), score, embedding, partial(product_from_row, columns), distance)
        for (distance, _, *columns), score, embedding in zip(rows, scored, embeddings, strict=True)
    ]


def candidates_by_id(ids: Iterable[int], version: ModelVersion | None) -> list[Candidate]:
    """Return these products, with their embeddings by the version, as candidates that score 1; one statement."""
    wanted = list(ids)
    return candidates_where(Sql("p.id = ANY(%s)", (wanted,)), version) if wanted else []


def candidates_where(where: Sql, version: ModelVersion | None) -> list[Candidate]:
    """Return all products that satisfy the condition, as candidates_by_id does."""
    columns = f"0.0::float, {embedding_sql(version)}, {COLUMNS}"
    rows = fetch(Sql(f"SELECT {columns} FROM catalog_product p {CATEGORY} WHERE {where.text}", where.params))
    return candidates_from_rows(rows, [1.0] * len(rows), version)
