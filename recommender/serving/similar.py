"""A product and the first of those that look like it, by one statement."""

from dataclasses import replace

from catalog.prepared import fetch_prepared
from catalog.rows import CATEGORY, COLUMNS, Sql, fetch
from recommender.experiments import counters, running
from recommender.models import ModelVersion, Role
from recommender.serving.candidates import candidates_from_rows, not_excluded
from recommender.serving.eligible import Eligible
from recommender.serving.types import Candidate, RecommendationQuery, RetrievalPlan
from recommender.serving.vector_search import ONE_PROCESS, VectorSearch
from recommender.versions import queries
from recommender.versions.vectors import nearest

CATEGORY_NAME = -2  # of a row that ends with COLUMNS


Marks = tuple[str | None, str | None]  # of the version that serves, and of the running experiments


def find(where: Sql, query: RecommendationQuery) -> tuple[RecommendationQuery, Candidate, VectorSearch] | None:
    """Return the product that satisfies the condition and the search for similar ones; None if there is no product.

    The query is returned as an experiment would have it. The product has its embedding if it is there.
    Raises NoActiveVersion.
    """
    if query.version:
        _, found = _read(where, query, query.version)
        return (query, *found) if found else None
    served, known = queries.last_served(Role.SIMILAR), running.last_known()
    tried, version = _followed(query, known, served.version)
    with counters.errors_of(tried.trial):
        marks, found = _read(where, tried, version)
    if found and marks != (served.mark, known.mark):
        tried, version = _followed(query, running.known_by(marks[1]), queries.serving_or_raise(Role.SIMILAR))
        with counters.errors_of(tried.trial):
            _, found = _read(where, tried, version)
    return (tried, *found) if found else None


def _followed(
    query: RecommendationQuery, known: running.Running, served: ModelVersion
) -> tuple[RecommendationQuery, ModelVersion]:
    """Return the query as an experiment would have it, and the version that it is for."""
    trial = known.trial(Role.SIMILAR, query.placement, query.visitor)
    return query.following(trial), (trial and trial.version) or served


def _read(
    where: Sql, query: RecommendationQuery, version: ModelVersion
) -> tuple[Marks, tuple[Candidate, VectorSearch] | None]:
    """Return the marks that were read, and what is found by this version."""
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
        f" SELECT true, ARRAY[{queries.served_mark(Role.SIMILAR)}, {running.MARK}], 0.0::float,"
        f" vector_send(own.vector), {COLUMNS}"
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
        walk = "" if depth is None else nearest.set_ef_search(nearest.ef_search(version))
        rows = fetch_prepared(statement, (ONE_PROCESS if is_compared else "") + walk)
    itself = [row for row in rows if row[0]]
    if not itself:
        return (None, None), None
    served, experiments = itself[0][1]
    marks, own = (served, experiments), candidates_from_rows([itself[0][2:]], [1.0], version)[0]
    others = sorted((row[2:] for row in rows if not row[0]), key=lambda row: float(row[0] or 0))
    if own.embedding is None:
        return marks, (own, search)
    exact = bool(query.category) and itself[0][CATEGORY_NAME] != query.category
    first = None if exact and not is_compared else search.candidates(others)
    return marks, (own, replace(search, vector=own.embedding, own=own.id, first=first, exact=exact))
