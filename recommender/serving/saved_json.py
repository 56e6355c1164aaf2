"""Answers as JSON, both ways: ids and numbers alone, so that what has changed since is seen as it is."""

from collections.abc import Sequence
from dataclasses import asdict
from decimal import Decimal

from catalog.models import Kind, Product, Shopper
from recommender.errors import NoSuchRecommendation
from recommender.models import ModelVersion
from recommender.serving import history
from recommender.serving.history import ProductActivity
from recommender.serving.types import Because, Recommendation, RecommendationQuery, Result, RetrievalPlan


def results_of(kept: Sequence[dict]) -> list[Result]:
    """Those that may still be shown, with the ranks and scores that they had; their own products as far as seen."""
    named = [because["product"] for result in kept for because in result["because"] or []]
    products = Product.objects.visible().with_images().in_bulk({*named, *(result["product"] for result in kept)})
    return [
        Result(result["rank"], result["score"], product, because_of(result["because"], products))
        for result in kept
        if (product := products.get(result["product"])) and product.in_stock
    ]


def because_of(kept: Sequence[dict] | None, products: dict[int, Product]) -> list[Because] | None:
    """None where no explanation was asked for."""
    if kept is None:
        return None
    return [
        Because(products[because["product"]], Kind(because["kind"]), because["weight"])
        for because in kept
        if because["product"] in products
    ]


def page_as_json(found: Recommendation) -> dict:
    results = [
        {
            "rank": result.rank,
            "score": result.score,
            "product": result.product.pk,
            "because": None if result.because is None else [because_as_json(because) for because in result.because],
        }
        for result in found.results
    ]
    return {"number": found.page, "results": results, "has_next": found.has_next}


def because_as_json(because: Because) -> dict:
    return {"product": because.product.pk, "kind": because.kind, "weight": because.weight}


def aim_as_json(plan: RetrievalPlan, *, explain: bool) -> dict:
    return {
        "strategy": plan.strategy,
        "version": plan.version and plan.version.pk,
        "vector": None if plan.vector is None else [float(number) for number in plan.vector],
        "exact": plan.exact,
        "product": plan.product,
        "shopper": plan.shopper and plan.shopper.pk,
        "session": plan.session,
        "excluded_ids": list(plan.excluded_ids),
        "activities": [asdict(activity) for activity in plan.own.activities] if explain else [],
    }


def aim_of(kept: dict) -> RetrievalPlan:
    """Raises NoSuchAnswer if the version was deleted."""
    version = kept["version"] and ModelVersion.objects.filter(pk=kept["version"]).first()
    if kept["version"] and version is None:
        raise NoSuchRecommendation("the model version that gave this recommendation was deleted")
    activities = [ProductActivity(**activity | {"kind": Kind(activity["kind"])}) for activity in kept["activities"]]
    return RetrievalPlan(
        kept["strategy"],
        version,
        kept["vector"],
        exact=kept["exact"],
        product=kept["product"],
        shopper=kept["shopper"] and Shopper(pk=kept["shopper"]),
        session=kept["session"],
        own=history.seen(version, activities) if activities else history.History(),
        excluded_ids=kept["excluded_ids"],
    )


def ask_of(kept: dict) -> RecommendationQuery:
    prices = {name: kept[name] and Decimal(kept[name]) for name in ("min_price", "max_price")}
    return RecommendationQuery(**kept | prices)
