"""Products that may be recommended, and the most popular of them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from catalog.rows import (
    CATEGORY,
    COLUMNS,
    Sql,
    fetch,
    image_marks,
    product_from_row,
)
from recommender.models import ModelVersion, Role
from recommender.serving.types import Candidate, RecommendationQuery, RetrievalPlan
from recommender.versions import queries
from recommender.versions.vectors import nearest, scores


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


# Whether cards show a picture of a product: its primary image is there, and could be read as far as is known.
HAS_IMAGE = Sql(
    "(SELECT i.problem = '' FROM catalog_productimage i WHERE i.product_id = p.id ORDER BY i.position LIMIT 1)"
)


@dataclass
class PopularitySearch:
    """A search for the most popular products, then the newest; those without a picture come after all others.

    The score is the number of shoppers as a share of the most popular product's; without a picture it is 0.
    """

    where: Sql
    embeddings: ModelVersion | None

    def __call__(self, limit: int) -> list[Candidate]:
        """Return the best `limit` candidates, best first; fewer only if there are no more."""
        pictured, bare = self.where & HAS_IMAGE, self.where & Sql(f"{HAS_IMAGE.text} IS NOT TRUE")
        shares = "y.shoppers / (SELECT greatest(max(shoppers), 1) FROM recommender_popularity)::float"
        rows = fetch(self._popular(pictured, shares, limit))
        if len(rows) < limit:
            rows += fetch(self._newest(pictured, "0.0::float", limit - len(rows)))
        if len(rows) < limit:  # the numbers say which part a row is of, as a union has no order
            parts = self._popular(bare, "1.0::float", limit), self._newest(bare, "0.0::float", limit)
            text = " UNION ALL ".join(f"({part.text})" for part in parts)
            found = sorted(fetch(Sql(text, parts[0].params + parts[1].params)), key=lambda row: row[0], reverse=True)
            rows += [(0.0, *row[1:]) for row in found[: limit - len(rows)]]
        return candidates_from_rows(rows, [row[0] for row in rows], self.embeddings)

    def _popular(self, where: Sql, score: str, limit: int) -> Sql:
        return Sql(
            f"SELECT {score}, {embedding_sql(self.embeddings)}, {COLUMNS}"
            f" FROM recommender_popularity y JOIN catalog_product p ON p.id = y.product_id {CATEGORY}"
            f" WHERE {where.text} ORDER BY y.shoppers DESC, y.product_id DESC LIMIT {limit:d}",
            where.params,
        )

    def _newest(self, where: Sql, score: str, limit: int) -> Sql:
        return Sql(
            f"SELECT {score}, {embedding_sql(self.embeddings)}, {COLUMNS} FROM catalog_product p {CATEGORY}"
            f" WHERE {where.text} AND NOT EXISTS (SELECT FROM recommender_popularity y WHERE y.product_id = p.id)"
            f" ORDER BY p.created_at DESC, p.id DESC LIMIT {limit:d}",
            where.params,
        )


def embedding_version(plan: RetrievalPlan) -> ModelVersion | None:
    """Return the similarity version whose embeddings tell the images of the plan's candidates apart."""
    if plan.version and plan.version.role == Role.SIMILAR:
        return plan.version
    return queries.serving_version(Role.SIMILAR)


def embedding_sql(version: ModelVersion | None) -> str:
    """Return the expression for the bytes of the primary image's vector of a product `p` by this version."""
    return f"vector_send({nearest.primary_vector_sql(version, 'p.id')})" if version else "NULL"


def candidates_from_rows(
    rows: Sequence[Sequence[Any]], scored: Sequence[float], version: ModelVersion | None
) -> list[Candidate]:
    """Return the candidates of rows of (distance or score, vector by the version as bytes, *COLUMNS)."""
    embeddings: list[np.ndarray | None] = [None] * len(rows)
    known = [index for index, row in enumerate(rows) if row[1] is not None]
    if version is not None and known:
        matrix = scores.normalize_if_cosine(version, nearest.vectors_of_bytes([rows[index][1] for index in known]))
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
    """Return the products that satisfy the condition, as candidates_by_id does."""
    columns = f"0.0::float, {embedding_sql(version)}, {COLUMNS}"
    rows = fetch(Sql(f"SELECT {columns} FROM catalog_product p {CATEGORY} WHERE {where.text}", where.params))
    return candidates_from_rows(rows, [1.0] * len(rows), version)
