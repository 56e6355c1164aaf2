"""Recommendations to visitors. SQL, and numpy on a handful of vectors: any web process may call it."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from catalog.models import Product, Shopper
from catalog.rows import Sql
from recommender.models import ModelVersion, Role
from recommender.serving import candidates, explain, history, rerank, similar
from recommender.serving.eligible import Eligible
from recommender.serving.history import History, ProductActivity
from recommender.serving.types import Candidate, Recommendation, RecommendationQuery, Result, RetrievalPlan, Search
from recommender.serving.vector_search import VectorSearch
from recommender.versions import queries
from recommender.versions.vectors import nearest

# Weights of interactions (VISREC_KIND_WEIGHTS) from which a shopper's taste is estimated: one like has it, and so have
# three views. One product gave AUC .78 where the mean taste gave .70, among 250 of 5,000 simulated shoppers; of the
# drawn catalogue's 300 it is level with popularity, and three are ahead (tests.benchmarks.fold_in).
ENOUGH = 0.5


def similar_products(product: Product, query: RecommendationQuery) -> Recommendation:
    """Recommend products that look like this one. Raises NoActiveVersion."""
    found = similar_to(Sql("p.id = %s", (product.pk,)), query)
    return found or Recommendation(query, RetrievalPlan("similar"), [], reason="not_yet_findable")  # deleted since


def similar_to(where: Sql, query: RecommendationQuery) -> Recommendation | None:
    """Recommend products that look like the one that satisfies the condition; None without one.

    Raises NoActiveVersion.
    """
    found = similar.find(where, query)
    if found is None:
        return None
    own, search = found
    plan = RetrievalPlan("similar", search.version, own.embedding, product=own.id)
    if own.embedding is None:
        return Recommendation(query, plan, [], reason="not_yet_findable")
    return execute_plan(plan, query, [own], search=search)


def products_like_photo(vector: Sequence[float], version: ModelVersion, query: RecommendationQuery) -> Recommendation:
    """Recommend products that look like a photo. vector: its embedding by `version`.

    If none is a good match there are no results, and `nearest` has those that come nearest.
    """
    plan = RetrievalPlan("photo", version, vector)
    found = execute_plan(plan, replace(query, min_score=max(query.min_score, version.good_match or 0.0)))
    if found.results:
        return found
    return replace(found, reason="no_good_match", nearest=execute_plan(plan, query).results)


def for_shopper(shopper: Shopper, query: RecommendationQuery) -> Recommendation:
    """Recommend products to a shopper, by strategy `personal`, `fold-in`, or `popular` if too little is known.

    Interactions since the version was trained move the taste that it learnt.
    """
    version = queries.serving_version(Role.PERSONAL)
    learnt = (version.started_at or version.created_at) if version else None
    activities = history.read_activities(shopper=shopper, learnt=learnt)
    popular = RetrievalPlan("popular", shopper=shopper, excluded_ids=history.bought_or_disliked(activities))
    if version is None:
        return execute_plan(popular, query)
    own = history.load_history(version, activities)
    trained = nearest.trained_taste(version, shopper)
    if trained is None and np.abs(own.weights).sum() < ENOUGH:
        return execute_plan(popular, query)
    strategy = "fold-in" if trained is None else "personal"
    vector = own.taste(version, trained)
    return execute_plan(replace(popular, strategy=strategy, version=version, vector=vector, own=own), query)


def for_session(session: str, query: RecommendationQuery) -> Recommendation:
    """Recommend products to a guest by the interactions of the session; `popular` while there are none."""
    return for_guest(history.read_activities(session=session), query, session)


def for_guest(activities: Sequence[ProductActivity], query: RecommendationQuery, session: str = "") -> Recommendation:
    """Recommend products by activities that no version was trained on; `popular` if nothing is known.

    By the active personal version, or where none of the products has a vector of it, by how the products look.
    """
    popular = RetrievalPlan("popular", session=session, excluded_ids=history.bought_or_disliked(activities))
    for role, search_vector in ((Role.PERSONAL, History.taste), (Role.SIMILAR, History.search_vector)):
        version = queries.serving_version(role) if activities else None
        if version is None:
            continue
        own = history.load_history(version, activities)
        vector = search_vector(own, version) if own else None
        if vector is not None:
            plan = replace(popular, strategy="session", version=version, vector=vector, own=own)
            return execute_plan(plan, query)
    return execute_plan(popular, query)


def popular_products(query: RecommendationQuery) -> Recommendation:
    """Recommend the products that most shoppers took to, then the newest."""
    return execute_plan(RetrievalPlan("popular"), query)


def execute_plan(
    plan: RetrievalPlan,
    query: RecommendationQuery,
    shown: Sequence[Candidate] = (),
    *,
    earlier: Sequence[int] = (),
    search: Search | None = None,
) -> Recommendation:
    """Return the best products by the plan, none a duplicate of `shown`, nor of the products on earlier pages.

    earlier: the ids of these products. search: the plan's, where it was begun already.
    """
    embeddings = candidates.embedding_version(plan)
    if earlier:
        known = [*earlier, plan.product] if plan.product else earlier
        shown = [*shown, *candidates.candidates_by_id(known, embeddings)]
    if search is None:
        search = search_of(plan, query, embeddings, [candidate.id for candidate in shown])
    copies = candidates.candidates_by_id(plan.excluded_ids, None)
    chosen, has_next = rerank.rank(search, query, [*shown, *copies])
    first = len(earlier) + 1
    results = [
        Result(rank, row.score, row.product, row.embedding is not None) for rank, row in enumerate(chosen, first)
    ]
    if query.explain:
        results = explain.add_contributors(plan, results)
    return Recommendation(query, plan, results, has_next=has_next)


def search_of(
    plan: RetrievalPlan, query: RecommendationQuery, embeddings: ModelVersion | None, shown: Sequence[int]
) -> Search:
    """Return the search for the plan's products that satisfy the query, without those shown, which are ids."""
    among, excluded = Eligible.of(query), candidates.not_excluded(plan, query, shown)
    if plan.version is None or plan.vector is None:
        where = among.where
        return candidates.PopularitySearch(where & excluded if excluded else where, embeddings)
    search = VectorSearch(plan.version, plan.vector, among, excluded, embeddings, plan.product)
    if plan.product and query.category:  # a further page of what `similar` began
        own = Product.objects.filter(pk=plan.product, category__name=query.category).exists()
        return replace(search, is_own_category=own, exact=not own)
    return search
