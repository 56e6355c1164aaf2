"""The questions that pages and the API ask of the shop."""

from collections.abc import Sequence
from decimal import Decimal

from django.contrib.postgres.search import SearchQuery
from django.db.models import Count, OuterRef, Q, QuerySet, Subquery

from catalog.models import Category, Interaction, Kind, MergedSession, Product, ProductImage, Shopper


def search_products(products: QuerySet[Product], text: str) -> QuerySet[Product]:
    """Those of `products` whose title or SKU has every word of `text`, each as the beginning of a word.

    All of them if there is no text; none if there is no word in it, as in "?!".
    """
    words = ["".join(letter if letter.isalnum() else " " for letter in word).split() for word in text.split()]
    prefixes = [f"{part}:*" for word in words for part in word]
    if not prefixes:
        return products.none() if text.strip() else products
    return products.filter(search=SearchQuery(" & ".join(prefixes), config="simple", search_type="raw"))


def narrow(
    products: QuerySet[Product],
    *,
    category: str = "",
    min_price: Decimal | None = None,
    max_price: Decimal | None = None,
    in_stock: bool | None = None,
) -> QuerySet[Product]:
    """Those of `products` that meet every condition given; a category goes by its own name."""
    if category:
        products = products.filter(category__name=category)
    if min_price is not None:
        products = products.filter(price__gte=min_price)
    if max_price is not None:
        products = products.filter(price__lte=max_price)
    if in_stock is not None:
        products = products.filter(in_stock=in_stock)
    return products


def categories_with_counts() -> QuerySet[Category]:
    """Categories that have a visible product, each with `.visible_products`."""
    return (
        Category.objects.annotate(visible_products=Count("products", filter=Q(products__is_hidden=False)))
        .filter(visible_products__gt=0)
        .order_by("name")
    )


def has_simulated_shoppers() -> bool:
    return Shopper.objects.filter(is_simulated=True).exists()


def interactions_of(*, shopper: Shopper | None = None, session: str = "") -> QuerySet[Interaction]:
    """What this shopper, or this guest's session, did; newest first. Nothing for somebody who is neither."""
    if shopper:
        return Interaction.objects.filter(shopper=shopper)
    # An empty session is what all shoppers' interactions have, and nobody's own.
    return Interaction.objects.filter(session=session) if session else Interaction.objects.none()


def is_known_session(session: str) -> bool:
    """Whether a guest did anything under this session, also if that is a shopper's by now."""
    return interactions_of(session=session).exists() or MergedSession.objects.filter(session=session).exists()


def verdict(product: Product, *, shopper: Shopper | None = None, session: str = "") -> Kind | None:
    """What this visitor said last of the product: LIKE, DISLIKE or nothing."""
    said = (
        interactions_of(shopper=shopper, session=session)
        .filter(product=product, kind__in=[Kind.LIKE, Kind.DISLIKE])
        .values_list("kind", flat=True)
        .first()
    )
    return Kind(said) if said else None


def category_images(categories: Sequence[Category]) -> dict[int, ProductImage]:
    """A picture for each of these categories, by id: the primary one of its newest product on sale."""
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
