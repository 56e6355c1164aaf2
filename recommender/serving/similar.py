"""A product and the first of those that look like it, by one statement."""

from dataclasses import replace

from catalog.prepared import fetch_prepared
from catalog.rows import CATEGORY, COLUMNS, Sql, fetch
from recommender.models import ModelVersion, Role
from recommender.serving.candidates import candidates_from_rows, not_excluded
from recommender.serving.eligible import Eligible
from recommender.serving.types import Candidate, RecommendationQuery, RetrievalPlan
from recommender.serving.vector_search import ONE_PROCESS, VectorSearch
from recommender.versions import queries
from recommender.versions.vectors import nearest

CATEGORY_NAME = -2  # of a row that ends with COLUMNS


def find(where: Sql, query: RecommendationQuery) -> tuple[Candidate, VectorSearch] | None:
    """Return the product that satisfies the condition and the search for similar ones; None if there is no product.

    The product has its embedding if it is there. Raises NoActiveVersion.
    """
    served = queries.last_served(Role.SIMILAR)
    mark, found = _read(where, query, served.version)
    if found and mark != served.mark:
        _, found = _read(where, query, queries.serving_or_raise(Role.SIMILAR))
    return found


def _read(
    where: Sql, query: RecommendationQuery, version: ModelVersion
) -> tuple[str | None, tuple[Candidate, VectorSearch] | None]:
    """Return the mark of the version that serves, and what `find` does by this one."""
    excluded = not_excluded(RetrievalPlan("similar"), query)
    vector = Sql("(SELECT vector FROM own)")
    # Whether it is the product's own is known when the statement is executed.
    search = VectorSearch(version, vector, Eligible.of(query), excluded, version, is_own_category=bool(query.category))
    limit = query.first_size
    depth = search.depth(limit)
    parts = [(depth, Sql("true"))]
    if query.category and depth is not None:
        # On its way to another category a walk passes over most of what is near, and may miss those that are nearest
        # there: the graph has few edges between groups. All of the category is compared, then.
        parts = [(depth, Sql("own.category = %s", (query.category,)))]
        if search.is_planned_once:
            parts.append((None, Sql("own.category <> %s", (query.category,))))
    statement = Sql(
        f"WITH own AS MATERIALIZED (SELECT p.id, c.name AS category, {nearest.primary_vector_sql(version, 'p.id')}"
        f" AS vector FROM catalog_product p {CATEGORY} WHERE {where.text})"
        f" SELECT true, {queries.served_mark(Role.SIMILAR)}, 0.0::float, vector_send(own.vector), {COLUMNS}"
        f" FROM own JOIN catalog_product p ON p.id = own.id {CATEGORY}",
        where.params,
    )
    for way, condition in parts:
        near = search.statement(way, limit, Sql("(SELECT id FROM own)"))
        text = f"SELECT false, NULL, near.* FROM ({near.text}) near WHERE (SELECT {condition.text} FROM own)"
        statement = Sql(f"{statement.text} UNION ALL ({text})", (*statement.params, *near.params, *condition.params))
    is_compared = any(way is None for way, _ in parts)
    if is_compared and not search.is_planned_once:
        rows = fetch(statement)
    else:
        rows = fetch_prepared(statement, ONE_PROCESS if is_compared else "")
    itself = [row for row in rows if row[0]]
    if not itself:
        return None, None
    mark, own = itself[0][1], candidates_from_rows([itself[0][2:]], [1.0], version)[0]
    others = sorted((row[2:] for row in rows if not row[0]), key=lambda row: float(row[0] or 0))
    if own.embedding is None:
        return mark, (own, search)
    exact = bool(query.category) and itself[0][CATEGORY_NAME] != query.category
    first = None if exact and not is_compared else search.candidates(others)
    return mark, (own, replace(search, vector=own.embedding, own=own.id, first=first, exact=exact))
