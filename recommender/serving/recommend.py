"""What a visitor is shown. SQL, and numpy on a handful of vectors: any web process may call it."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from catalog.models import Product, Shopper
from recommender.models import ModelVersion, Role
from recommender.serving import explain, history, rerank
from recommender.serving.candidates import by_popularity, by_vector, eligible, excluded_products
from recommender.serving.history import History, ProductActivity
from recommender.serving.rerank import Candidate
from recommender.serving.types import Recommendation, RecommendationQuery, Result, RetrievalPlan
from recommender.versions import queries
from recommender.versions.vectors import nearest

# Weights of events (VISREC_KIND_WEIGHTS) that say enough of a shopper: a like does, and so do three looks. One product
# gave AUC .78 where the mean taste gave .70, among 250 of 5,000 simulated shoppers; of the drawn catalogue's 300 it is
# level with popularity, and three are ahead (tests.benchmarks.fold_in).
ENOUGH = 0.5


def similar_products(product: Product, query: RecommendationQuery) -> Recommendation:
    """Products whose pictures look like this one's. Raises NoActiveVersion."""
    version = queries.active_or_raise(Role.SIMILAR)
    vector = nearest.vector_of(version, product)
    plan = RetrievalPlan("similar", version, vector, product=product.pk)
    if vector is None:
        return Recommendation(query, plan, [], reason="not_yet_findable")
    # Under another category's filter nearly all that the index meets is refused: sort that category exactly.
    elsewhere = bool(query.category) and query.category != product.category.name
    return answered(replace(plan, exact=elsewhere), query, [Candidate(product, 1.0, rerank.unit(vector, version))])


def products_like_photo(vector: Sequence[float], version: ModelVersion, query: RecommendationQuery) -> Recommendation:
    """Products that look like the photo that `version` turned into `vector`; none if nothing is near."""
    floor = max(query.min_score, version.good_match or 0.0)
    found = answered(RetrievalPlan("photo", version, vector), replace(query, min_score=floor))
    return replace(found, reason=None if found.results else "no_good_match")


def for_shopper(shopper: Shopper, query: RecommendationQuery) -> Recommendation:
    """What this shopper would like and has not met yet: `personal`, `fold-in`, or `popular` if too little is known.

    What a shopper did since the version was trained moves the taste that it learnt.
    """
    version = queries.active_version(Role.PERSONAL)
    learnt = version and (version.started_at or version.created_at)
    activities = history.of_visitor(shopper=shopper, learnt=learnt)
    popular = RetrievalPlan("popular", shopper=shopper, excluded_ids=history.excluded_ids(activities))
    if version is None:
        return answered(popular, query)
    own = history.seen(version, activities)
    trained = nearest.trained_taste(version, shopper)
    if trained is None and np.abs(own.weights).sum() < ENOUGH:
        return answered(popular, query)
    strategy = "fold-in" if trained is None else "personal"
    vector = own.taste(version, trained)
    return answered(replace(popular, strategy=strategy, version=version, vector=vector, own=own), query)


def for_session(session: str, query: RecommendationQuery) -> Recommendation:
    """What a guest would like, judged by what this session did; `popular` before it did anything."""
    return for_guest(history.of_visitor(session=session), query, session)


def for_guest(activities: Sequence[ProductActivity], query: RecommendationQuery, session: str = "") -> Recommendation:
    """What somebody of these deeds would like, whom no version was trained on; `popular` if nothing is known.

    By the active personal version, or where it has seen none of the products, by how they look.
    """
    popular = RetrievalPlan("popular", session=session, excluded_ids=history.excluded_ids(activities))
    for role, direction in ((Role.PERSONAL, History.taste), (Role.SIMILAR, History.example)):
        version = queries.active_version(role) if activities else None
        own = history.seen(version, activities) if version else History()
        vector = direction(own, version) if own else None
        if vector is not None:
            return answered(replace(popular, strategy="session", version=version, vector=vector, own=own), query)
    return answered(popular, query)


def popular_products(query: RecommendationQuery) -> Recommendation:
    """What most shoppers took to, then the newest."""
    return answered(RetrievalPlan("popular"), query)


def answered(
    plan: RetrievalPlan, query: RecommendationQuery, beside: Sequence[Candidate] = (), *, after: int = 0
) -> Recommendation:
    """The best that may be shown, none of it the same as `beside`. after: how many places earlier pages took."""
    excluded_ids = Product.objects.prefetch_related("images").in_bulk(plan.excluded_ids).values()
    among = eligible(query).exclude(pk__in=[candidate.product.pk for candidate in beside])
    met = excluded_products(plan, query)
    if met is not None:
        among = among.exclude(pk__in=met)
    compares = (
        plan.version if plan.version and plan.version.role == Role.SIMILAR else queries.active_version(Role.SIMILAR)
    )
    page = by_popularity(among) if plan.vector is None else by_vector(plan, among)
    chosen, has_next = rerank.ranked(page, query, compares, beside, excluded_ids)
    results = [Result(rank, row.score, row.product) for rank, row in enumerate(chosen, after + 1)]
    if query.explain:
        results = explain.explained(plan, results)
    return Recommendation(query, plan, results, has_next=has_next)
