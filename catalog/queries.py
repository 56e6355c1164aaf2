"""Queries of pages and the API: each returns a queryset or a value and changes nothing."""

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, TypedDict, TypeVar

from django.db.models import Case, Count, OuterRef, Prefetch, Q, QuerySet, Subquery, Sum, TextField, Value, When
from django.db.models.functions import Cast, Concat

from catalog.arrays import IsAnyOf
from catalog.models import OWN_ID, Category, Interaction, Kind, MergedSession, Product, ProductImage, Shopper
from catalog.variants import VARIANT_SKU, SkusOfVariants

if TYPE_CHECKING:
    from django_stubs_ext import WithAnnotations

EXPORTED = re.compile(rf"{OWN_ID}(\d{{1,18}})@\d+")  # Interaction.exported_id of one without an id

Products = TypeVar("Products", bound=QuerySet[Product])


VISITS = (Kind.VIEW, Kind.CLICK)  # kinds that mean that a product's page was opened


class VisibleProducts(TypedDict):
    visible_products: int


class Filters(TypedDict, total=False):
    """The filters of a product list; an empty one does not filter.

    categories: names, of one of which a product is; category: the only one of these.
    attributes: for each name the values, of which a product has one.
    """

    category: str
    categories: Sequence[str]
    attributes: Mapping[str, Sequence[str]]
    min_price: Decimal | None
    max_price: Decimal | None
    in_stock: bool | None
    updated_since: datetime | None


def products_of_variants(skus: Collection[str]) -> dict[str, str]:
    """Return by those of these SKUs that are no product's, but a variant's of one product alone, that product's SKU."""
    unknown = set(skus).difference(Product.objects.filter(IsAnyOf("sku", skus)).values_list("sku", flat=True))
    if not unknown:
        return {}
    with_variants = Product.objects.filter(attributes__has_key=VARIANT_SKU).annotate(variants=SkusOfVariants())
    found: dict[str, list[str]] = {}
    for sku, variants in with_variants.filter(variants__overlap=list(unknown)).values_list("sku", "variants"):
        for variant in unknown.intersection(variants):
            found.setdefault(variant, []).append(sku)
    return {variant: products[0] for variant, products in found.items() if len(products) == 1}


def narrow(
    products: Products,
    *,
    min_price: Decimal | None = None,
    max_price: Decimal | None = None,
    in_stock: bool | None = None,
    updated_since: datetime | None = None,
) -> Products:
    """Filter `products` by every condition that is given."""
    if min_price is not None:
        products = products.filter(price__gte=min_price)
    if max_price is not None:
        products = products.filter(price__lte=max_price)
    if in_stock is not None:
        products = products.filter(in_stock=in_stock)
    if updated_since is not None:
        products = products.filter(updated_at__gte=updated_since)
    return products


def categories_with_counts() -> "QuerySet[WithAnnotations[Category, VisibleProducts]]":
    """Return the categories that have a visible product, each with `.visible_products`."""
    return (
        Category.objects.annotate(
            visible_products=Sum("product_counts__products", filter=Q(product_counts__is_hidden=False))
        )
        .filter(visible_products__gt=0)
        .order_by("name")
    )


def has_simulated_shoppers() -> bool:
    return Shopper.objects.filter(is_simulated=True).exists()


def interactions_of(*, shopper: Shopper | None = None, session: str = "") -> QuerySet[Interaction]:
    """Return the interactions of this shopper or of this guest's session, newest first; none if both are empty."""
    if shopper:
        return Interaction.objects.filter(shopper=shopper)
    # All shoppers' interactions have an empty session: it must not match them.
    return Interaction.objects.filter(session=session) if session else Interaction.objects.none()


def liked_by(*, shopper: Shopper | None = None, session: str = "") -> QuerySet[Interaction]:
    """Return the likes of this shopper or guest that no later rating replaced, of visible products, newest first."""
    ratings = interactions_of(shopper=shopper, session=session).filter(kind__in=[Kind.LIKE, Kind.DISLIKE])
    return latest_of_each(ratings).filter(kind=Kind.LIKE)


def seen_by(*, shopper: Shopper | None = None, session: str = "") -> QuerySet[Interaction]:
    """Return this shopper's or guest's latest visit to each visible product, newest first."""
    return latest_of_each(interactions_of(shopper=shopper, session=session).filter(kind__in=VISITS))


def latest_of_each(rows: QuerySet[Interaction]) -> QuerySet[Interaction]:
    """Return the latest of these interactions with each visible product, newest first, each with the product."""
    latest = rows.order_by("product_id", "-occurred_at", "-pk").distinct("product_id").values("pk")
    found = Interaction.objects.filter(pk__in=latest, product__is_hidden=False)
    return found.prefetch_related(Prefetch("product", Product.objects.with_images()))


def counts_by_kind(*, shopper: Shopper | None = None, session: str = "") -> dict[Kind, int]:
    """Return how many interactions of each kind this shopper or guest has; without the kinds that there are none of."""
    rows = interactions_of(shopper=shopper, session=session).order_by("kind").values_list("kind")
    return {Kind(kind): count for kind, count in rows.annotate(Count("pk"))}


def with_public_id(rows: QuerySet[Interaction], public_id: str) -> QuerySet[Interaction]:
    """Return those of the interactions of one shopper or session that have this id, as Interaction.public_id has it."""
    own = Concat(Value(OWN_ID), Cast("pk", TextField()))
    return rows.alias(named=Case(When(event_id="", then=own), default="event_id", output_field=TextField())).filter(
        named=public_id
    )


def find_exported(ids: Collection[str]) -> set[str]:
    """Return those of these ids that exports of this shop give to interactions without an id."""
    numbers = [int(match[1]) for match in map(EXPORTED.fullmatch, ids) if match]
    rows = Interaction.objects.filter(pk__in=numbers, event_id="").only("event_id", "recorded_at") if numbers else []
    return {row.exported_id for row in rows}.intersection(ids)


def is_known_session(session: str) -> bool:
    """Return whether a guest has interactions under this session, also if they were merged into a shopper's."""
    return interactions_of(session=session).exists() or MergedSession.objects.filter(session=session).exists()


def find_rating(product: Product, *, shopper: Shopper | None = None, session: str = "") -> Kind | None:
    """Return this visitor's last rating of the product: LIKE, DISLIKE or None."""
    kind = (
        interactions_of(shopper=shopper, session=session)
        .filter(product=product, kind__in=[Kind.LIKE, Kind.DISLIKE])
        .values_list("kind", flat=True)
        .first()
    )
    return Kind(kind) if kind else None


def category_images(categories: Sequence[Category]) -> dict[int, ProductImage]:
    """Return an image for each of these categories, by id: the primary image of its newest product in stock."""
    newest = (
        Product.objects.visible()
        .in_stock()
        .filter(category=OuterRef("pk"), images__isnull=False)
        .order_by("-created_at", "-pk")
        .values("pk")[:1]
    )
    products = Category.objects.filter(pk__in=[category.pk for category in categories]).values_list(Subquery(newest))
    images = ProductImage.objects.filter(product__in=products).select_related("product").order_by("-position", "-pk")
    return {image.product.category_id: image for image in images}
