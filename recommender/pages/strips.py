"""Strips of recommendations for pages, with a line that explains them."""

from dataclasses import dataclass

from catalog.models import Kind, Product
from catalog.visitors import Visitor
from recommender.errors import NoActiveVersion
from recommender.pages import learning
from recommender.serving import recommend, saved
from recommender.serving.saved import Caller
from recommender.serving.types import Contributor, Recommendation, RecommendationQuery

EXPLANATIONS = {
    "personal": "From what you liked, bought and looked at.",
    "fold-in": "From what you liked and looked at lately.",
    "session": "From what you liked and looked at in this visit.",
    "popular": "Popular in this shop — like a few products, and this page will follow your taste.",
}
ACTIVITIES = {
    Kind.PURCHASE: "bought {}",
    Kind.LIKE: "liked {}",
    Kind.CART: "put {} in the cart",
    Kind.CLICK: "looked at {}",
    Kind.VIEW: "looked at {}",
}


@dataclass(frozen=True)
class Strip:
    """Recommendation and its explanation."""

    recommendation: Recommendation
    why: str
    is_personal: bool = False


def activity(because: Contributor) -> str:
    """Return what the visitor did with the product, as the words after "you"."""
    return ACTIVITIES[because.kind].format(because.product.title)


def similar(product: Product, limit: int, caller: Caller) -> Strip | None:
    """Return products that look like this one; None in a shop without an active version."""
    try:
        query = RecommendationQuery(limit=limit, placement="product", visitor=caller.visitor)
        found = saved.save(recommend.similar_products(product, query), caller)
    except NoActiveVersion:
        return None
    if found.reason == "not_yet_findable":
        return Strip(found, "The picture of this product is being analysed — similar styles appear in a few seconds.")
    if not found.results:
        return Strip(found, "No other product in this shop looks like this one.")
    return Strip(found, learning.word_of(found.version))


def personal(visitor: Visitor, limit: int, caller: Caller, placement: str, *, explain: bool = False) -> Strip:
    """Return what this visitor would like; popular products for a visitor without interactions."""
    query = RecommendationQuery(limit=limit, placement=placement, explain=explain, visitor=caller.visitor)
    found = (
        recommend.for_shopper(visitor.shopper, query)
        if visitor.shopper
        else recommend.for_session(visitor.session, query)
    )
    word = learning.word_of(found.version)
    is_personal = found.strategy != "popular" and not word
    return Strip(saved.save(found, caller), word or EXPLANATIONS[found.strategy], is_personal)
