"""Recommendations to visitors. SQL, and numpy on a handful of vectors: any web process may call it."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from catalog.models import Product, Shopper
from catalog.rows import Sql
from recommender.experiments import counters, running
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
    query, own, search = found
    plan = RetrievalPlan("similar", search.version, own.embedding, product=own.id)
    if own.embedding is None:
        return Recommendation(query, plan, [], reason="not_yet_findable")
    with counters.errors_of(query.trial):
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
    version, query = serving(Role.PERSONAL, query)
    with counters.errors_of(query.trial):
        return _by_version(version, shopper, query)


def _by_version(version: ModelVersion | None, shopper: Shopper, query: RecommendationQuery) -> Recommendation:
    """Recommend products to a shopper by a personal version."""
    learnt = (version.started_at or version.created_at) if version else None
    activities = history.read_activities(shopper=shopper, learnt=learnt)
    popular = RetrievalPlan("popular", shopper=shopper, excluded_ids=history.bought_or_disliked(activities))
    if version is None or is_popular(query):
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


def serving(role: Role, query: RecommendationQuery) -> tuple[ModelVersion | None, RecommendationQuery]:
    """Return the version that serves the visitor of a query, and the query as an experiment would have it."""
    if query.version:
        return query.version, query
    version, trial = running.serving(role, query.placement, query.visitor)
    return version, query.following(trial)


def is_popular(query: RecommendationQuery) -> bool:
    """Return whether an experiment has the most popular products shown."""
    return query.trial is not None and query.trial.is_popular


def for_guest(activities: Sequence[ProductActivity], query: RecommendationQuery, session: str = "") -> Recommendation:
    """Recommend products by activities that no version was trained on; `popular` if nothing is known.

    By the active personal version, or where none of the products has a vector of it, by how the products look.
    """
    plan = RetrievalPlan("popular", session=session, excluded_ids=history.bought_or_disliked(activities))
    if activities:
        version, query = serving(Role.PERSONAL, query)
        if not is_popular(query):
            with counters.errors_of(query.trial):
                plan = (
                    session_plan(plan, version, activities, History.taste)
                    or session_plan(plan, queries.serving_version(Role.SIMILAR), activities, History.search_vector)
                    or plan
                )
    with counters.errors_of(query.trial):
        return execute_plan(plan, query)


def session_plan(
    popular: RetrievalPlan,
    version: ModelVersion | None,
    activities: Sequence[ProductActivity],
    search_vector: Callable[[History, ModelVersion], np.ndarray | None],
) -> RetrievalPlan | None:
    """Return the plan by a version's vectors of these products; None if there are none."""
    own = history.load_history(version, activities) if version else None
    if version is None or not own:
        return None
    vector = search_vector(own, version)
    return None if vector is None else replace(popular, strategy="session", version=version, vector=vector, own=own)


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
