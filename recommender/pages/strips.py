"""Recommendations as pages show them: what they are called, and why these."""

from dataclasses import dataclass

from catalog.models import Kind, Product
from catalog.visitors import Visitor
from recommender.errors import NoActiveVersion
from recommender.serving import recommend, saved
from recommender.serving.saved import Caller
from recommender.serving.types import Because, Recommendation, RecommendationQuery

WHY = {
    "personal": "From what you liked, bought and looked at.",
    "fold-in": "From what you liked and looked at lately.",
    "session": "From what you liked and looked at in this visit.",
    "popular": "Popular in this shop — like a few things and this page becomes yours.",
}
DEEDS = {
    Kind.PURCHASE: "bought {}",
    Kind.LIKE: "liked {}",
    Kind.CART: "put {} in the cart",
    Kind.CLICK: "looked at {}",
    Kind.VIEW: "looked at {}",
}


@dataclass(frozen=True)
class Strip:
    recommendation: Recommendation
    why: str


def activity(because: Because) -> str:
    """What the visitor did, to go on after "you"."""
    return DEEDS[because.kind].format(because.product.title)


def similar(product: Product, limit: int, caller: Caller) -> Strip | None:
    """What looks like this product; None in a shop without an active version."""
    try:
        found = saved.keep(recommend.similar_products(product, RecommendationQuery(limit=limit)), caller)
    except NoActiveVersion:
        return None
    if found.reason == "not_yet_findable":
        return Strip(found, "This picture is being looked at — back in a few seconds.")
    return Strip(found, "" if found.results else "Nothing else in this shop looks like this.")


def personal(visitor: Visitor, limit: int, caller: Caller, *, explain: bool = False) -> Strip:
    """What this visitor would like; for somebody who is not known yet, what is popular."""
    query = RecommendationQuery(limit=limit, explain=explain)
    found = (
        recommend.for_shopper(visitor.shopper, query)
        if visitor.shopper
        else recommend.for_session(visitor.session, query)
    )
    return Strip(saved.keep(found, caller), WHY[found.strategy])
