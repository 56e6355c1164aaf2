"""Exploration: in a share of the lists of similar products one result is drawn by chance, with a known probability.

What visitors do with it says what versions would have got that never served (audits.off_policy), and products that
were added last are seen by somebody.
"""

import random
from collections.abc import Sequence
from dataclasses import replace

from django.conf import settings

from catalog.rows import Sql
from recommender.serving import candidates, recommend
from recommender.serving.types import Exploration, Recommendation, Result
from recommender.serving.vector_search import VectorSearch

POOL = 4  # results, for each of the list, of which one is drawn: so many of those that the version ranks first
LAST_ADDED, NEW = 200, 12  # products that count as new; of these, as many as look most like what was requested
SHARE_NEW = 0.5  # probability that it is drawn from these
LARGE = 10**6  # parts that the random id of a recommendation is read in
IS_NEW = Sql(
    f"p.id IN (SELECT id FROM catalog_product WHERE NOT is_hidden ORDER BY created_at DESC, id DESC LIMIT {LAST_ADDED})"
)


def explore(found: Recommendation) -> Recommendation:
    """Return a recommendation with a result that was drawn, if its turn has come; else as it is.

    Not in an experiment, nor of a version that was chosen: their lists are what they say.
    """
    plan, query = found.plan, found.query
    is_due = found.id.int % LARGE < settings.EXPLORATION * LARGE
    if not is_due or plan.strategy != "similar" or len(found.results) < 2 or query.version or query.trial:
        return found
    generator = random.Random(found.id.int)
    ranked, new = pools_of(found)
    if not ranked:
        return found
    drawn, propensity = draw(ranked, new, generator)
    rank = found.results[generator.randrange(len(found.results))].rank
    explored = replace(drawn, rank=rank, because=[] if query.explain else None)
    exploration = Exploration(drawn.product.pk, rank, propensity)
    return replace(found, results=exchanged(found.results, explored), exploration=exploration)


def pools_of(found: Recommendation) -> tuple[list[Result], list[Result]]:
    """Return what a result is drawn from: those that the version ranks first, and new products that look alike."""
    plan, query = found.plan, replace(found.query, limit=POOL * found.query.limit, diversity=0.0, explain=False)
    embeddings = candidates.embedding_version(plan)
    shown = candidates.candidates_by_id([plan.product] if plan.product else [], embeddings)
    ranked = recommend.execute_plan(plan, query, shown).results
    search = recommend.search_of(plan, query, embeddings, [candidate.id for candidate in shown])
    assert isinstance(search, VectorSearch)
    excluded = search.excluded & IS_NEW if search.excluded else IS_NEW
    among_new = replace(search, excluded=excluded, exact=True)
    new = recommend.execute_plan(plan, replace(query, limit=NEW), shown, search=among_new).results
    return ranked, new


def draw(ranked: Sequence[Result], new: Sequence[Result], generator: random.Random) -> tuple[Result, float]:
    """Draw a result, from the new ones with the probability SHARE_NEW; return the probability that it had."""
    share = SHARE_NEW if new else 0.0
    drawn = generator.choice(new if generator.random() < share else ranked)
    product = drawn.product
    propensity = sum(
        part / len(pool)
        for part, pool in ((share, new), (1 - share, ranked))
        if any(result.product == product for result in pool)
    )
    return drawn, propensity


def exchanged(results: Sequence[Result], drawn: Result) -> list[Result]:
    """Return results with the one that was drawn at its rank; if it was in the list already, the two change places."""
    former = next(result for result in results if result.rank == drawn.rank)
    before = next((result.rank for result in results if result.product == drawn.product), None)
    moved = {drawn.rank: drawn}
    if before is not None and before != drawn.rank:
        moved[before] = replace(former, rank=before)
    return [moved.get(result.rank, result) for result in results]
