"""Strips of recommendations for pages, with a line that explains them."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from django.http import HttpRequest
from rest_framework.request import Request
from rest_framework.views import APIView

from catalog.models import Kind, Product
from catalog.queries import Filters
from catalog.visitors import Visitor
from recommender.errors import NoActiveVersion, NoTextTower, WorkersUnavailable
from recommender.models import ModelVersion
from recommender.pages import learning
from recommender.serving import recommend, saved, texts
from recommender.serving.saved import Caller
from recommender.serving.types import Contributor, Recommendation, RecommendationQuery
from recommender.throttling import TextThrottle

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


SILENT_SECONDS = 10  # for which no worker is asked by a page, after one that did not answer
_silent_until = 0.0  # time.monotonic()


@dataclass(frozen=True)
class Strip:
    """Recommendation and its explanation."""

    recommendation: Recommendation
    why: str
    is_personal: bool = False


def activity(because: Contributor) -> str:
    """Return what the visitor did with the product, as the words after "you"."""
    return ACTIVITIES[because.kind].format(because.product.title)


def similar(product: Product, limit: int, caller: Caller, version: ModelVersion | None = None) -> Strip | None:
    """Return products that look like this one; None in a shop without an active version.

    version: by which they do, in place of the active one.
    """
    try:
        query = RecommendationQuery(limit=limit, placement="product", visitor=caller.visitor, version=version)
        found = saved.save(recommend.similar_products(product, query), caller)
    except NoActiveVersion:
        return None
    if found.reason == "not_yet_findable":
        return Strip(found, "The picture of this product is being analysed — similar styles appear in a few seconds.")
    if not found.results:
        return Strip(found, "No other product in this shop looks like this one.")
    return Strip(found, learning.word_of(found.version))


def by_look(text: str, filters: Filters, listed: Sequence[Product], limit: int, request: HttpRequest) -> Strip | None:
    """Return products that look as the words of a search say, without those that it lists.

    None where the active version embeds no texts, no worker answers in time, or nothing is found. A recommendation
    takes one category and no attributes: with more filters than that there is none. Once no worker has answered, this
    process asks none for a while: each page would wait.
    """
    global _silent_until
    categories = filters.get("categories", [])
    if len(categories) > 1 or filters.get("attributes") or not text.strip() or time.monotonic() < _silent_until:
        return None
    if not texts.is_served() or not TextThrottle().allow_request(Request(request), APIView()):
        return None
    query = RecommendationQuery(
        limit=limit,
        category=next(iter(categories), ""),
        min_price=filters.get("min_price"),
        max_price=filters.get("max_price"),
        exclude=[product.sku for product in listed],
        placement="search",
    )
    try:
        found = texts.products_like(text, query)
    except (NoActiveVersion, NoTextTower):  # another version serves since a moment
        return None
    except WorkersUnavailable:
        _silent_until = time.monotonic() + SILENT_SECONDS
        return None
    if found is None or not found.results:
        return None
    return Strip(saved.save(found, Caller.of(request)), f"They look like “{text}”, whatever their titles say.")


def personal(
    visitor: Visitor,
    limit: int,
    caller: Caller,
    placement: str,
    *,
    explain: bool = False,
    version: ModelVersion | None = None,
) -> Strip:
    """Return what this visitor would like; popular products for a visitor without interactions.

    version: by which it is recommended, in place of the active one.
    """
    query = RecommendationQuery(
        limit=limit, placement=placement, explain=explain, visitor=caller.visitor, version=version
    )
    found = (
        recommend.for_shopper(visitor.shopper, query)
        if visitor.shopper
        else recommend.for_session(visitor.session, query)
    )
    word = learning.word_of(found.version)
    is_personal = found.strategy != "popular" and not word
    return Strip(saved.save(found, caller), word or EXPLANATIONS[found.strategy], is_personal)
