"""Read what a training learns from out of the database. Worker only."""

from collections.abc import Container, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from pathlib import Path

import numpy as np
from django.db.models import Max, Min

from catalog.models import Category, Interaction, Kind, ProductImage
from ml.configs.methods import METHODS
from ml.data.images import ImageArray
from ml.data.interactions import Interactions, PersonalData, Split
from ml.data.labelled_images import LabelledImages
from ml.training import checkpoints
from recommender.errors import TrainingRefused
from recommender.models import ModelVersion, Role
from recommender.serving import history
from recommender.versions import lifecycle, queries
from recommender.workers import embedding

LEAST_PICTURES, LEAST_SHOPPERS = 10, 2  # with fewer there is nothing to learn
ENOUGH_PICTURES = 20  # of a category; of fewer a generator learns each by heart


def check_shop(method: str) -> None:
    """Raises TrainingRefused if the shop has too little for this method to learn from."""
    if METHODS[method].role == Role.SIMILAR:
        pictures = ProductImage.objects.count()
        if pictures < LEAST_PICTURES:
            raise TrainingRefused(
                f"{pictures} pictures are too few to learn from; upload at least {LEAST_PICTURES} products"
            )
        return
    if METHODS[method].role == Role.DESIGN:
        if not enough(pictures_by_category()):
            raise TrainingRefused(
                f"no category has the {ENOUGH_PICTURES} visible products with pictures that a generator learns from"
            )
        return
    pictured = set(ProductImage.objects.values_list("product", flat=True))
    products, shoppers = len(pictured), len({shopper for shopper, *_ in taken_by_shoppers(pictured)})
    if shoppers < LEAST_SHOPPERS or products < LEAST_PICTURES:
        raise TrainingRefused(
            f"{shoppers} shoppers' interactions with {products} products are too few to learn tastes from"
        )


def catalogue(model, folder: Path, progress: bool) -> ImageArray:
    """Every picture of the shop, hidden products' too."""
    return decoded(list(ProductImage.objects.order_by("pk")), model, folder, progress)


def decoded(images: list[ProductImage], model, folder: Path, progress: bool) -> ImageArray | None:
    if model.image_size is None:
        return None
    paths = [Path(image.file.path) for image in images]
    return ImageArray.decode(paths, model.image_size, folder / "pictures.npy", progress)


def garments(version: ModelVersion, model, progress: bool) -> LabelledImages:
    """Visible products' primary pictures, a class a category; of categories that have enough of them.

    A training that is resumed keeps the categories that it began with. Raises TrainingRefused if one has gone.
    """
    pictures = pictures_by_category()
    if not version.categories:
        counts = {category: len(images) for category, images in pictures.items()}
        named = Category.objects.in_bulk(counts)
        told = {pk: f"{named[pk]} ({count})" for pk, count in sorted(counts.items())}
        chosen = enough(pictures)
        metrics = {"categories": ", ".join(told[pk] for pk in chosen)}
        if few := [told[pk] for pk in counts if pk not in chosen]:
            metrics["warnings"] = [
                f"categories with fewer than {ENOUGH_PICTURES} pictures are left out: {', '.join(few)}"
            ]
        lifecycle.follow(version, stage="reading the catalogue", categories=chosen, metrics=version.metrics | metrics)
    if lost := [pk for pk in version.categories if pk not in pictures]:
        raise TrainingRefused(f"no picture is left of {len(lost)} of the categories that the training began with")
    names = Category.objects.in_bulk(version.categories)
    images = [image for pk in version.categories for image in pictures[pk]]
    which = np.repeat(np.arange(len(version.categories)), [len(pictures[pk]) for pk in version.categories])
    known = tuple(names[pk].name for pk in version.categories)
    return LabelledImages(decoded(images, model, version.folder, progress), which, known)


def pictures_by_category() -> dict[int, list[ProductImage]]:
    """What a generator may learn from, by the category's id."""
    rows = queries.primary_images().filter(product__is_hidden=False).select_related("product")
    found: dict[int, list[ProductImage]] = {}
    for image in rows.order_by("product__category", "pk"):
        found.setdefault(image.product.category_id, []).append(image)
    return found


def enough(pictures: dict[int, list[ProductImage]]) -> list[int]:
    return sorted(category for category, images in pictures.items() if len(images) >= ENOUGH_PICTURES)


@dataclass(frozen=True)
class Known:
    """What a personal model learns from, and what was held back to see how well it did."""

    data: PersonalData
    split: Split
    shoppers: list[int]  # ids, in the order of the model's users


def personal_data(version: ModelVersion, model, progress: bool) -> Known:
    """Every product with a picture, and who took to what; each shopper's last product is held back for the report."""
    images = list(queries.images_of_version(version).select_related("product").order_by("product_id"))
    products = [image.product_id for image in images]
    item_of = {product: item for item, product in enumerate(products)}
    taken = list(taken_by_shoppers(item_of))
    shoppers = sorted({shopper for shopper, *_ in taken})
    user_of = {shopper: user for user, shopper in enumerate(shoppers)}
    interactions = Interactions(
        users=np.array([user_of[shopper] for shopper, *_ in taken]),
        items=np.array([item_of[product] for _, product, *_ in taken]),
        timestamps=np.array([first.timestamp() for *_, first, _ in taken]),
        n_users=len(shoppers),
        n_items=len(products),
        weights=np.array([weight for *_, weight in taken]),
    )
    split = last_held_out(interactions)
    _, categories = np.unique([image.product.category_id for image in images], return_inverse=True)
    pictures = decoded(images, model, version.folder, progress)
    checkpoints.write_json(products, version.folder / embedding.PRODUCTS_FILE)
    return Known(PersonalData(pictures, split.train, categories), split, shoppers)


def taken_by_shoppers(products: Container[int]) -> Iterator[tuple[int, int, datetime, float]]:
    """(shopper, product, first time, weight) of each product that a shopper took to and did not dislike in the end.

    The weight is the one that serving gives it (histories.summary), as of the latest event there is.
    """
    rows = (
        Interaction.objects.filter(shopper__isnull=False)
        .values_list("shopper", "product", "kind")
        .annotate(first=Min("occurred_at"), last=Max("occurred_at"))
        .order_by("shopper", "product", "kind")
    )
    now = Interaction.objects.aggregate(now=Max("occurred_at"))["now"]
    for (shopper, product), kinds in groupby(rows.iterator(chunk_size=10_000), key=lambda row: row[:2]):
        kinds = list(kinds)
        _, weight = history.summary({Kind(kind): last for *_, kind, _, last in kinds}, now)
        if weight > 0 and product in products:
            yield shopper, product, min(first for *_, first, _ in kinds), weight


def last_held_out(interactions: Interactions) -> Split:
    """Nothing is chosen by validation here, so what `leave_one_out` sets aside for it is learnt from as well."""
    pairs, test = interactions.distinct, interactions.leave_one_out().test
    kept = ~np.isin(pairs.keys, test.keys)
    return Split(train=pairs.select(kept), validation=pairs.select(np.zeros(0, dtype=int)), test=test)
