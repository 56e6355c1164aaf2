"""Saved results as JSON: ids and numbers alone, so that products are shown as they are when the results are loaded."""

import base64
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import NotRequired, TypedDict

import numpy as np

from catalog.models import Kind, Product, Shopper
from catalog.rows import VISIBLE, products_by_id
from recommender.errors import NoSuchRecommendation
from recommender.models import ModelVersion
from recommender.serving import history
from recommender.serving.history import History, ProductActivity
from recommender.serving.types import Contributor, Recommendation, RecommendationQuery, Result, RetrievalPlan
from recommender.versions.queries import findable_since


class ContributorJson(TypedDict):
    product: int
    kind: str
    weight: float


class ResultJson(TypedDict):
    rank: int
    score: float
    product: int
    because: list[ContributorJson] | None


class PageJson(TypedDict):
    number: int
    results: list[ResultJson]
    has_next: bool


class ActivityJson(TypedDict):
    product: int
    kind: str
    weight: float
    is_new: bool


class PlanJson(TypedDict):
    strategy: str
    version: int | None
    vector: str | None  # base64 of 64-bit floats
    product: int | None
    shopper: int | None
    session: str
    excluded_ids: list[int]
    activities: list[ActivityJson]


class QueryJson(TypedDict):
    limit: int
    category: str
    min_price: str | None
    max_price: str | None
    exclude: list[str]
    min_score: float
    diversity: float
    exclude_seen: bool
    placement: str
    explain: bool


class ExposureJson(TypedDict):
    experiment: int
    arm: int
    visitor: int


class ExplorationJson(TypedDict):
    product: int
    position: int
    propensity: float


class SavedJson(TypedDict):
    """A recommendation: the caller, query and plan that all its pages share, and the first page."""

    account: int | None
    session: str
    key: NotRequired[int | None]  # before keys there was none
    query: QueryJson
    plan: PlanJson
    reason: str | None
    page: PageJson
    exposure: NotRequired[ExposureJson]  # in an experiment
    exploration: NotRequired[ExplorationJson]  # of a list with a result that was drawn by chance


def results_from_json(saved: Sequence[ResultJson]) -> list[Result]:
    """Return the results that may still be shown, with their ranks and scores, and the contributors still visible."""
    named = [contributor["product"] for result in saved for contributor in result["because"] or []]
    products = products_by_id({*named, *(result["product"] for result in saved)}, VISIBLE)
    findable = findable_since(list(products.values()))
    return [
        Result(
            result["rank"],
            result["score"],
            product,
            product.pk in findable,
            contributors_from_json(result["because"], products),
        )
        for result in saved
        if (product := products.get(result["product"])) and product.in_stock
    ]


def contributors_from_json(
    saved: Sequence[ContributorJson] | None, products: Mapping[int, Product]
) -> list[Contributor] | None:
    """Return the contributors among these products; None if no explanation was requested."""
    if saved is None:
        return None
    return [
        Contributor(products[contributor["product"]], Kind(contributor["kind"]), contributor["weight"])
        for contributor in saved
        if contributor["product"] in products
    ]


def page_to_json(found: Recommendation) -> PageJson:
    """Return a page of results as JSON."""
    results: list[ResultJson] = [
        {
            "rank": result.rank,
            "score": result.score,
            "product": result.product.pk,
            "because": None if result.because is None else [contributor_to_json(each) for each in result.because],
        }
        for result in found.results
    ]
    return {"number": found.page, "results": results, "has_next": found.has_next}


def contributor_to_json(contributor: Contributor) -> ContributorJson:
    """Return a contributor as JSON."""
    return {"product": contributor.product.pk, "kind": contributor.kind, "weight": contributor.weight}


def activity_to_json(activity: ProductActivity) -> ActivityJson:
    """Return a product's activity as JSON."""
    return {
        "product": activity.product,
        "kind": activity.kind,
        "weight": activity.weight,
        "is_new": activity.is_new,
    }


def plan_to_json(plan: RetrievalPlan, *, explain: bool) -> PlanJson:
    """Return a plan as JSON. explain: with the visitor's activities, by which later pages are explained."""
    return {
        "strategy": plan.strategy,
        "version": plan.version.pk if plan.version else None,
        "vector": None if plan.vector is None else vector_to_text(plan.vector),
        "product": plan.product,
        "shopper": plan.shopper.pk if plan.shopper else None,
        "session": plan.session,
        "excluded_ids": list(plan.excluded_ids),
        "activities": [activity_to_json(activity) for activity in plan.own.activities] if explain else [],
    }


def plan_from_json(saved: PlanJson) -> RetrievalPlan:
    """Return the plan, with the activities' vectors. Raises NoSuchRecommendation if the version was deleted."""
    version = ModelVersion.objects.filter(pk=saved["version"]).first() if saved["version"] else None
    if saved["version"] and version is None:
        raise NoSuchRecommendation("the model version that gave this recommendation was deleted")
    activities = [
        ProductActivity(activity["product"], Kind(activity["kind"]), activity["weight"], activity["is_new"])
        for activity in saved["activities"]
    ]
    return RetrievalPlan(
        saved["strategy"],
        version,
        None if saved["vector"] is None else vector_from_text(saved["vector"]),
        product=saved["product"],
        shopper=Shopper(pk=saved["shopper"]) if saved["shopper"] else None,
        session=saved["session"],
        own=history.load_history(version, activities) if version and activities else History(),
        excluded_ids=saved["excluded_ids"],
    )


def vector_to_text(vector: Sequence[float] | np.ndarray) -> str:
    """Return a vector as base64 of its 64-bit floats, which are written and read as a whole."""
    return base64.b64encode(np.asarray(vector, dtype="<f8").tobytes()).decode()


def vector_from_text(text: str) -> np.ndarray:
    """Return the vector (D,) of vector_to_text."""
    return np.frombuffer(base64.b64decode(text), dtype="<f8")


def query_to_json(query: RecommendationQuery) -> QueryJson:
    """Return a query as JSON, with prices as strings."""
    return {
        "limit": query.limit,
        "category": query.category,
        "min_price": None if query.min_price is None else str(query.min_price),
        "max_price": None if query.max_price is None else str(query.max_price),
        "exclude": list(query.exclude),
        "min_score": query.min_score,
        "diversity": query.diversity,
        "exclude_seen": query.exclude_seen,
        "placement": query.placement,
        "explain": query.explain,
    }


def query_from_json(saved: QueryJson) -> RecommendationQuery:
    """Return the query, with prices as decimals."""
    return RecommendationQuery(
        limit=saved["limit"],
        category=saved["category"],
        min_price=None if saved["min_price"] is None else Decimal(saved["min_price"]),
        max_price=None if saved["max_price"] is None else Decimal(saved["max_price"]),
        exclude=saved["exclude"],
        min_score=saved["min_score"],
        diversity=saved["diversity"],
        exclude_seen=saved["exclude_seen"],
        placement=saved["placement"],
        explain=saved["explain"],
    )
