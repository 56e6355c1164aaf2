"""Check whether a shop has enough for a training, before it is queued and where it runs; read what it learns from."""

from collections.abc import Container, Iterator
from datetime import datetime
from itertools import groupby

from django.db.models import Count, Max, Min

from catalog.models import ImageDownload, Interaction, Kind, ProductImage
from recommender.errors import TrainingRefused
from recommender.models import Role
from recommender.serving import history
from recommender.versions import methods, queries

LEAST_IMAGES, LEAST_SHOPPERS = 10, 2  # with fewer there is nothing to learn
ENOUGH_IMAGES = 20  # of a category; of fewer a generator learns each by heart


def check_before(method: str) -> None:
    """Raise TrainingRefused if the shop clearly has too little for this method, before its training is queued.

    It reads a few rows where there are enough; `check_shop` reads all, where the training runs.
    """
    role = methods.role_of(method)
    if role == Role.PERSONAL:
        products = ProductImage.objects.readable().order_by("product").values("product").distinct()[:LEAST_IMAGES]
        known = Interaction.objects.filter(shopper__isnull=False).order_by("shopper").values("shopper").distinct()
        if products.count() == LEAST_IMAGES and known[:LEAST_SHOPPERS].count() == LEAST_SHOPPERS:
            return
    elif role == Role.SIMILAR and ProductImage.objects.readable()[:LEAST_IMAGES].count() == LEAST_IMAGES:
        return
    elif role == Role.DESIGN:
        visible = queries.primary_images().filter(product__is_hidden=False).order_by()
        counts = visible.values("product__category").annotate(count=Count("pk")).filter(count__gte=ENOUGH_IMAGES)
        if counts.exists():
            return
    check_shop(method)


def check_shop(method: str) -> None:
    """Raise TrainingRefused if the shop has too little for this method to learn from."""
    role = methods.role_of(method)
    if role == Role.SIMILAR:
        images = ProductImage.objects.readable().count()
        if images < LEAST_IMAGES:
            awaited = ImageDownload.objects.count()
            raise TrainingRefused(
                f"the shop has {images} pictures; a training needs at least {LEAST_IMAGES}: import or upload products"
                + (f", or wait for the {awaited} images that are to be fetched by their URLs" if awaited else "")
            )
        return
    if role == Role.DESIGN:
        if not large_categories(images_by_category()):
            raise TrainingRefused(
                f"no category has {ENOUGH_IMAGES} visible products with pictures, which a generator needs"
            )
        return
    with_image = set(ProductImage.objects.readable().values_list("product", flat=True))
    products, shoppers = len(with_image), len({shopper for shopper, *_ in positive_interactions(with_image)})
    if shoppers < LEAST_SHOPPERS or products < LEAST_IMAGES:
        raise TrainingRefused(
            f"the shop has {shoppers} shoppers with interactions and {products} products with pictures; "
            f"a training needs at least {LEAST_SHOPPERS} and {LEAST_IMAGES}"
        )


def images_by_category() -> dict[int, list[ProductImage]]:
    """Return the images that a generator may learn from, by the category's id."""
    rows = queries.primary_images().filter(product__is_hidden=False).select_related("product")
    found: dict[int, list[ProductImage]] = {}
    for image in rows.order_by("product__category", "pk"):
        found.setdefault(image.product.category_id, []).append(image)
    return found


def large_categories(images: dict[int, list[ProductImage]]) -> list[int]:
    """Return the ids of the categories with enough images."""
    return sorted(category for category, those in images.items() if len(those) >= ENOUGH_IMAGES)


def positive_interactions(products: Container[int]) -> Iterator[tuple[int, int, datetime, float]]:
    """Yield (shopper, product, first time, weight) of each product that a shopper took to and did not dislike last.

    The weight is the one that serving gives it (history.summarize), as of the latest interaction there is.
    """
    rows = (
        Interaction.objects.filter(shopper__isnull=False)
        .values_list("shopper", "product", "kind")
        .annotate(first=Min("occurred_at"), last=Max("occurred_at"))
        .order_by("shopper", "product", "kind")
    )
    now = Interaction.objects.aggregate(now=Max("occurred_at"))["now"]
    for (shopper, product), group in groupby(rows.iterator(chunk_size=10_000), key=lambda row: row[:2]):
        kinds = list(group)
        _, weight = history.summarize({Kind(kind): last for *_, kind, _, last in kinds}, now)
        if weight > 0 and product in products:
            yield shopper, product, min(first for *_, first, _ in kinds), weight
