"""Last week's requests, and what a version answers to them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from django.db.models import Max
from django.utils import timezone

from catalog.models import Interaction, Product, Shopper
from recommender.audits.models import SampledRequest
from recommender.models import ModelVersion, Role
from recommender.serving import recommend, saved_json
from recommender.serving.types import RecommendationQuery

WEEK = timedelta(days=7)
MOST = 500  # requests


@dataclass(frozen=True)
class Request:
    """A request for products similar to one, or a shopper who came last week."""

    query: RecommendationQuery
    product: Product | None = None
    shopper: Shopper | None = None


def requests_of(role: str) -> list[Request]:
    """Return the newest requests of last week for a role, up to MOST.

    Similar styles: those that were sampled. Personal recommendations, of whose requests nothing is stored: one for
    each of the shoppers who did something.
    """
    since = timezone.now() - WEEK
    if role == Role.SIMILAR:
        sampled = SampledRequest.objects.filter(at__gte=since, product__isnull=False).order_by("-at", "-pk")
        return [
            Request(saved_json.query_from_json(row.query), product=row.product)
            for row in sampled.select_related("product__category")[:MOST]
            if row.query is not None
        ]
    came = Interaction.objects.filter(occurred_at__gte=since, shopper__isnull=False).values("shopper")
    newest = came.annotate(last=Max("occurred_at")).order_by("-last", "shopper")[:MOST]
    shoppers = Shopper.objects.in_bulk([row["shopper"] for row in newest])
    return [Request(RecommendationQuery(), shopper=shoppers[row["shopper"]]) for row in newest]


def recommended(version: ModelVersion, request: Request) -> list[Product]:
    """Return the products that a version recommends, best first; no experiment changes them."""
    query = replace(request.query, version=version, explain=False)
    if request.product:
        found = recommend.similar_products(request.product, query)
    else:
        assert request.shopper is not None
        found = recommend.for_shopper(request.shopper, query)
    return [result.product for result in found.results]


def shared_share(first: Sequence[Product], second: Sequence[Product]) -> float:
    """Return which share of the longer list is in both; 1 of two that are empty."""
    longest = max(len(first), len(second))
    return len({each.pk for each in first} & {each.pk for each in second}) / longest if longest else 1.0
