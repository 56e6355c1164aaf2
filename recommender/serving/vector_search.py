"""Searches for the products nearest to a vector: a statement each."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from catalog.prepared import fetch_prepared
from catalog.rows import CATEGORY, COLUMNS, Sql, fetch
from recommender.models import ModelVersion, Role
from recommender.serving.candidates import candidates_from_rows, embedding_sql
from recommender.serving.eligible import Eligible
from recommender.serving.types import Candidate
from recommender.versions.vectors import nearest, scores

# How much further a walk may go than it would have to if those that pass the filter were spread evenly: one that stops
# as soon as it has enough, and one whose candidates are all read and sorted first. Where it comes back with too few,
# the filter goes against the query, and what it would find further on is not what is nearest.
FURTHER, FURTHER_SORTED = 16, 2
# What a walk of the index costs, in comparisons of an exact search: for each embedding that it passes over, after as
# many embeddings as its way to the nearest one costs.
WALK, START = 2.0, 100
PLANNED_ONCE = 5000  # products that are compared in so short a time that planning would be a tenth of it
# To start a parallel worker takes longer than a short comparison.
ONE_PROCESS = "SET LOCAL max_parallel_workers_per_gather = 0; "
SAME = 1e-5  # distance of a vector from itself, computed by the index or not


@dataclass
class VectorSearch:
    """A search for the products nearest to a vector.

    By a walk of the index, from which those that pass the filter are taken until there are enough; or by a comparison
    with all that pass, where the planner's statistics say that this costs less, where the walk finds too few, and for
    islands: the index does not find these by their own vector, and so little of what is near to them. They are some in
    a thousand products of an HNSW index, most of which are found with the longest list of candidates.
    """

    version: ModelVersion
    vector: Sequence[float] | np.ndarray | Sql  # (version.dimensions,), or an expression
    among: Eligible
    excluded: Sql | None  # by the visitor and the list so far
    embeddings: ModelVersion | None  # the similarity version that duplicates are found with
    own: int | None = None  # id of the product whose vector this is, which is no candidate
    is_own_category: bool = False  # `among` are those of that product's category, as most of what is near may be
    exact: bool = False  # once that turned out to be necessary
    first: list[Candidate] | None = None  # what the first statement gave, where it was executed already

    def __call__(self, limit: int) -> list[Candidate]:
        """Return the best `limit` candidates, best first; fewer only if there are no more."""
        depth = None if self.exact else self.depth(limit)
        if depth is not None:
            rows = self._read(depth, limit)
            if self._is_island(rows):
                rows = self._read(depth, limit, nearest.MOST_EF_SEARCH)
            found = [row for row in rows if row.id != self.own][:limit]
            if len(found) == limit and not self._is_island(rows):
                return found
        self.exact = True
        return self._read(None, limit)

    def depth(self, limit: int) -> int | None:
        """Return how many of the nearest embeddings to look at; None if a comparison with all that pass costs less.

        None as well of a version whose index misses too much.
        """
        if self.version.ef_search == nearest.EXACT:
            return None
        least, expected, most = nearest.ef_search(self.version), float(limit), math.inf
        is_sorted = nearest.is_sorted_again(self.version)
        if self.among != Eligible():
            passing = max(self.among.estimate(), 1)
            expected *= Eligible().estimate() / passing
            most = passing / WALK - START
        further = min(expected * (FURTHER_SORTED if is_sorted else FURTHER), most)
        if FURTHER_SORTED * expected > most:
            if not self.is_own_category or not limit <= least <= most:
                return None
            further = least if is_sorted else most / 2  # half of what a comparison costs, if it finds too few
        # Few numbers, as each has a plan of its own.
        return least if further <= least else int(2 ** math.ceil(math.log2(further)))

    @property
    def is_planned_once(self) -> bool:
        """Return whether a plan made once does for a comparison: with all products, or with few."""
        return self.among == Eligible() or self.among.estimate() <= PLANNED_ONCE

    def statement(self, depth: int | None, limit: int, own: Sql | None) -> Sql:
        """Return the statement whose rows are those of candidates_from_rows. own: the expression of own's id."""
        where = self.among.where if depth is not None or self.is_planned_once else self.among.planned
        if self.excluded:
            where &= self.excluded
        if own:
            where &= Sql(f"p.id <> {own.text}", own.params)
        if depth is None:
            near = nearest.nearest_sql(self.version, self.vector, limit, among=where, exact=True)
            where = Sql("true")
        else:
            near = nearest.nearest_sql(self.version, self.vector, depth)
            if own:  # which tells an island
                itself = f"p.id = {own.text} AND near.distance < {SAME}"
                where = Sql(f"({where.text} OR {itself})", (*where.params, *own.params))
        is_similar = self.version.role == Role.SIMILAR
        embedding = "vector_send(near.vector)" if is_similar else embedding_sql(self.embeddings)
        return Sql(
            f"SELECT near.distance, {embedding}, {COLUMNS} FROM ({near.text}) near"
            f" JOIN catalog_product p ON p.id = near.product_id {CATEGORY} WHERE {where.text}"
            f" ORDER BY near.distance LIMIT {limit + bool(own):d}",
            (*near.params, *where.params),
        )

    def candidates(self, rows: Sequence[Sequence[Any]]) -> list[Candidate]:
        """Return the candidates of the statement's rows."""
        version = self.version if self.version.role == Role.SIMILAR else self.embeddings
        return candidates_from_rows(rows, [scores.score(self.version, row[0]) for row in rows], version)

    def _read(self, depth: int | None, limit: int, ef_search: int | None = None) -> list[Candidate]:
        if self.first is not None:
            rows, self.first = self.first, None
            return rows
        statement = self.statement(depth, limit, None if self.own is None else Sql("%s", (self.own,)))
        if depth is None:
            return self.candidates(fetch_prepared(statement, ONE_PROCESS) if self.is_planned_once else fetch(statement))
        settings = nearest.set_ef_search(ef_search or nearest.ef_search(self.version))
        return self.candidates(fetch_prepared(statement, settings))

    def _is_island(self, rows: Sequence[Candidate]) -> bool:
        """Return whether a walk found neither the product whose vector it started with nor a copy of its image."""
        if self.own is None:
            return False
        return not any(row.id == self.own for row in rows) and not (rows and rows[0].distance < SAME)
