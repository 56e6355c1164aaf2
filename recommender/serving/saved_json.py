"""Answers as JSON, both ways: ids and numbers alone, so that what has changed since is seen as it is."""

from collections.abc import Sequence
from dataclasses import asdict
from decimal import Decimal

from catalog.models import Kind, Product, Shopper
from recommender.errors import NoSuchAnswer
from recommender.models import ModelVersion
from recommender.serving import history
from recommender.serving.history import Deed
from recommender.serving.types import Aim, Ask, Because, Recommendation, Result


def results_of(kept: Sequence[dict]) -> list[Result]:
    """Those that may still be shown, with the ranks and scores that they had; their own products as far as seen."""
    named = [because["product"] for result in kept for because in result["because"] or []]
    products = Product.objects.visible().with_picture().in_bulk({*named, *(result["product"] for result in kept)})
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


def aim_as_json(aim: Aim, *, explain: bool) -> dict:
    return {
        "strategy": aim.strategy,
        "version": aim.version and aim.version.pk,
        "vector": None if aim.vector is None else [float(number) for number in aim.vector],
        "exact": aim.exact,
        "product": aim.product,
        "shopper": aim.shopper and aim.shopper.pk,
        "session": aim.session,
        "done_with": list(aim.done_with),
        "deeds": [asdict(deed) for deed in aim.own.deeds] if explain else [],
    }


def aim_of(kept: dict) -> Aim:
    """Raises NoSuchAnswer if the version was deleted."""
    version = kept["version"] and ModelVersion.objects.filter(pk=kept["version"]).first()
    if kept["version"] and version is None:
        raise NoSuchAnswer("the model version that gave this recommendation was deleted")
    deeds = [Deed(**deed | {"kind": Kind(deed["kind"])}) for deed in kept["deeds"]]
    return Aim(
        kept["strategy"],
        version,
        kept["vector"],
        exact=kept["exact"],
        product=kept["product"],
        shopper=kept["shopper"] and Shopper(pk=kept["shopper"]),
        session=kept["session"],
        own=history.seen(version, deeds) if deeds else history.History(),
        done_with=kept["done_with"],
    )


def ask_of(kept: dict) -> Ask:
    prices = {name: kept[name] and Decimal(kept[name]) for name in ("min_price", "max_price")}
    return Ask(**kept | prices)
