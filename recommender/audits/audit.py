"""Audit of the indexes: a sample of the requests is answered again, by the index and exactly. Run by a worker."""

import copy
import logging
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from django.utils import timezone
from redis.exceptions import RedisError

from catalog.models import Product
from recommender.audits import width
from recommender.audits.models import SampledRequest
from recommender.errors import NoSuchRecommendation, SavedResultsUnavailable
from recommender.models import ModelVersion
from recommender.serving import recommend, samples, saved, saved_json
from recommender.serving.saved_json import SavedJson
from recommender.serving.types import Candidate, RecommendationQuery, RetrievalPlan
from recommender.serving.vector_search import VectorSearch
from recommender.versions.vectors import nearest

log = logging.getLogger(__name__)

MOST = 20  # requests a run
SECONDS = 2.0  # after which a run begins no further request
AGE = timedelta(days=8)  # after which a sampled request is deleted
NEAR = 1e-6  # distance by which two products count as equally near


def is_due() -> bool:
    """Return whether requests were sampled."""
    try:
        return samples.are_waiting()
    except RedisError as error:
        log.warning("sampled requests cannot be read: %s", error)
        return False


def run() -> None:
    """Measure sampled requests for some seconds, store the recall, and search by their versions as it says.

    Those for which no time is left are dropped: there will be others.
    """
    started = time.monotonic()
    try:
        contents = saved.find_all(samples.take(MOST))
    except (RedisError, SavedResultsUnavailable) as error:
        log.warning("sampled requests cannot be read: %s", error)
        return
    audited: dict[int, ModelVersion] = {}
    for content in contents.values():
        if time.monotonic() - started > SECONDS:
            break
        if request := measure(content):
            request.save()
            audited[request.version_id] = request.version
    for version in audited.values():
        width.steer(version)


def measure(content: SavedJson) -> SampledRequest | None:
    """Return a saved recommendation as a sampled request; None if no vector led to it, or its version is gone."""
    try:
        plan = saved_json.plan_from_json({**content["plan"], "activities": []})
    except NoSuchRecommendation:
        return None
    query = saved_json.query_from_json(content["query"])
    if plan.version is None or plan.vector is None:
        return None
    version = plan.version
    nearest_ones = search_of(plan, query, exact=True)(query.limit)
    if not nearest_ones:
        return None
    search = search_of(plan, query)
    recall = share_found(search(query.first_size), nearest_ones)
    usual_recall = recall
    if version.ef_search is not None:
        usual = copy.copy(version)
        usual.ef_search = None
        usual_recall = share_found(search_of(replace(plan, version=usual), query)(query.first_size), nearest_ones)
    product = Product.objects.filter(pk=plan.product).first() if plan.product else None
    return SampledRequest(
        version=version,
        product=product,
        placement=query.placement,
        query=content["query"] if product else None,
        filters=kind_of(query),
        ef_search=nearest.EXACT if search.exact else nearest.ef_search(version),
        recall=recall,
        usual_recall=usual_recall,
    )


def search_of(plan: RetrievalPlan, query: RecommendationQuery, *, exact: bool = False) -> VectorSearch:
    """Return the search of a plan with a vector. exact: compare with all vectors."""
    search = recommend.search_of(plan, query, None, [])
    assert isinstance(search, VectorSearch)
    return replace(search, exact=True) if exact else search


def share_found(found: Sequence[Candidate], nearest_ones: Sequence[Candidate]) -> float:
    """Return which share of the nearest products is among the first of those found, or as near as these."""
    farthest = nearest_ones[-1].distance + NEAR
    first = found[: len(nearest_ones)]
    return sum(row.distance <= farthest for row in first) / len(nearest_ones)


def kind_of(query: RecommendationQuery) -> str:
    """Return in words what a query has results satisfy."""
    kinds = [
        *(["category"] if query.category else []),
        *(["price"] if query.min_price is not None or query.max_price is not None else []),
    ]
    return " and ".join(kinds) or "no filter"


def delete_old(limit: int) -> int:
    """Delete up to `limit` sampled requests older than AGE, the oldest first; return how many."""
    old = SampledRequest.objects.filter(at__lt=timezone.now() - AGE).order_by("at")[:limit]
    return SampledRequest.objects.filter(pk__in=old.values("pk")).delete()[0]
