"""The lists that two versions of a role give for the same products or shoppers: how much would change."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from catalog.models import Product, Shopper
from catalog.rows import Sql, fetch, products_by_id
from catalog.search import search_products
from recommender.models import ModelVersion, Role
from recommender.serving import candidates, eligible, recommend
from recommender.serving.types import Candidate, RecommendationQuery, RetrievalPlan
from recommender.versions.vectors import nearest

MOST = 12  # products or shoppers whose lists are compared
LENGTH = 12  # of a list
# The newest products of each of a few categories, the same on each call.
NEWEST_OF_CATEGORIES = f"""
    SELECT newest.id FROM catalog_category c CROSS JOIN LATERAL (
        SELECT p.id, row_number() OVER (ORDER BY p.created_at DESC, p.id DESC) AS place FROM catalog_product p
        WHERE p.category_id = c.id AND {eligible.SHOWN.text} ORDER BY p.created_at DESC, p.id DESC LIMIT {MOST}
    ) newest ORDER BY newest.place, md5(c.name) LIMIT {MOST}
"""


@dataclass(frozen=True)
class Lists:
    """The lists of two versions for one product or shopper."""

    versions: tuple[ModelVersion, ModelVersion]
    product: Product | None
    shopper: Shopper | None
    lists: tuple[list[Product], list[Product]]

    @property
    def by_name(self) -> list[tuple[str, list[Product]]]:
        """Return the lists with the names of their versions."""
        return [(str(version), products) for version, products in zip(self.versions, self.lists, strict=True)]

    @property
    def shared(self) -> set[int]:
        """Return the ids of the products that are in both lists."""
        first, second = ({product.pk for product in products} for products in self.lists)
        return first & second


def lists_of(first: ModelVersion, second: ModelVersion, sku: str = "", user: str = "") -> list[Lists]:
    """Return the lists of both versions, which have one role, for the same products or shoppers.

    Of designs there are none. sku: only for this product, of similar styles. user: only for this shopper.
    """
    if first.role == Role.SIMILAR:
        return similar_lists(first, second, sku)
    return personal_lists(first, second, user) if first.role == Role.PERSONAL else []


def sku_of(text: str) -> str:
    """Return the SKU of the product that somebody means by a text: its SKU, or words; the text if there is none."""
    products = Product.objects.visible()
    exact = products.filter(sku__iexact=text).values_list("sku", flat=True).first()
    return exact or search_products(products, text).values_list("sku", flat=True).order_by("-pk").first() or text


def shared_share(lists: Sequence[Lists]) -> float | None:
    """Return which share of the results is in the lists of both versions, on average; None without lists."""
    shares = [len(each.shared) / max(len(products) for products in each.lists) for each in lists if any(each.lists)]
    return sum(shares) / len(shares) if shares else None


def similar_lists(first: ModelVersion, second: ModelVersion, sku: str = "") -> list[Lists]:
    """Return the products similar to some that both versions have embedded."""
    statement = Sql("SELECT id FROM catalog_product WHERE sku = %s", (sku,)) if sku else Sql(NEWEST_OF_CATEGORIES)
    ids = [row[0] for row in fetch(statement)]
    vectors = [nearest.vectors_of(version, ids) for version in (first, second)]
    products = products_by_id(ids)

    def similar(version: ModelVersion, own: int, vector: np.ndarray) -> list[Product]:
        shown = candidates.candidates_by_id([own], version)
        plan = RetrievalPlan("similar", version, vector, product=own)
        return products_of(plan, shown)

    return [
        Lists(
            (first, second),
            products[own],
            None,
            (similar(first, own, vectors[0][own]), similar(second, own, vectors[1][own])),
        )
        for own in ids
        if own in vectors[0] and own in vectors[1]
    ]


def personal_lists(first: ModelVersion, second: ModelVersion, user: str = "") -> list[Lists]:
    """Return what some shoppers whose taste both versions learnt would be recommended, in place of what they know.

    user: the key of the only one.
    """
    found = Shopper.objects.filter(vectors__version=first).filter(vectors__version=second)
    shoppers = (found.filter(key=user) if user else found).order_by("pk")[:MOST]
    return [
        Lists(
            (first, second),
            None,
            shopper,
            (
                products_of(RetrievalPlan("personal", first, nearest.trained_taste(first, shopper), shopper=shopper)),
                products_of(RetrievalPlan("personal", second, nearest.trained_taste(second, shopper), shopper=shopper)),
            ),
        )
        for shopper in shoppers
    ]


def products_of(plan: RetrievalPlan, shown: Sequence[Candidate] = ()) -> list[Product]:
    """Return the products that a plan recommends, best first."""
    found = recommend.execute_plan(plan, RecommendationQuery(limit=LENGTH), shown)
    return [result.product for result in found.results]
