"""Training data, read from the database. Workers only."""

import logging
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from catalog import readings
from catalog.models import Category, ProductImage
from ml.contract import Model
from ml.data.images import ImageArray, create_mapped
from ml.data.interactions import Interactions, PersonalData, Split
from ml.data.labelled_images import LabelledImages
from ml.training import checkpoints, resume
from recommender.errors import TrainingRefused
from recommender.models import ModelVersion
from recommender.operations.training_checks import (
    ENOUGH_IMAGES,
    LEAST_IMAGES,
    images_by_category,
    large_categories,
    positive_interactions,
)
from recommender.versions import lifecycle, queries
from recommender.workers import embedding, item_texts, reading
from recommender.workers.snapshots import Snapshot

log = logging.getLogger(__name__)

BATCH = 256  # images decoded at once
MOST_NAMED = 5  # of the images that cannot be read


def left_out() -> list[str]:
    """Return a warning that names the first images that no training learns from, as they cannot be read; or none."""
    unreadable = ProductImage.objects.exclude(problem="").order_by("pk")
    count = unreadable.count()
    named = [f"{image} {image.problem}" for image in unreadable[:MOST_NAMED]]
    if count > MOST_NAMED:
        named.append("and others")
    return [f"{count} pictures are left out: {'; '.join(named)}"] if count else []


def load_catalogue(model: Model[Any], folder: Path, progress: bool) -> ImageArray:
    """Decode every image of the shop that can be read, hidden products' too."""
    _, pixels = decode(list(ProductImage.objects.readable().order_by("pk")), model, folder, progress)
    assert pixels is not None  # a similarity model takes images
    return pixels


def decode(
    images: list[ProductImage], model: Model[Any], folder: Path, progress: bool
) -> tuple[list[ProductImage], ImageArray | None]:
    """Decode images in the size that the model takes, into a file in `folder`; return those that can be read with it.

    A model that ignores images gets all of them, and no pixels. Raises TrainingRefused if hardly any can be read.
    """
    if model.image_size is None:
        return images, None
    shape = (len(images), *model.image_size, 3)
    # A file of a holder that was lost is removed, not written to: that holder may be alive after all, and read it.
    (folder / "pictures.npy").unlink(missing_ok=True)
    pixels = create_mapped(folder / "pictures.npy", shape)
    found: list[ProductImage] = []
    with tqdm(total=len(images), unit=" pictures", disable=not progress) as bar:
        for batch, decoded in read(images, model.image_size):
            pixels[len(found) : len(found) + len(batch)] = decoded
            found += batch
            bar.update(len(batch))
    if len(found) < min(len(images), LEAST_IMAGES):
        raise TrainingRefused(f"{len(found)} of {len(images)} pictures can be read: {'; '.join(left_out())}")
    return found, ImageArray(pixels[: len(found)])


def read(images: Sequence[ProductImage], size: tuple[int, int]) -> Iterator[reading.Read]:
    """Yield images and their pixels; in the end, in a process of its own, those whose readers died."""
    batches = (list(images[first : first + BATCH]) for first in range(0, len(images), BATCH))
    yield from reading.read_batches(batches, size, threads=os.cpu_count())
    left = readings.unfinished([image.pk for image in images])
    yield from reading.read_suspects([image for image in images if image.pk in left], size)


def load_labelled_images(version: ModelVersion, model: Model[Any], folder: Path, progress: bool) -> LabelledImages:
    """Decode the primary images of visible products, with a class for each category that has enough of them.

    A training that is resumed keeps the categories that it began with. Raises TrainingRefused if one has gone.
    """
    by_category = images_by_category()
    if not version.categories:
        counts = {category: len(images) for category, images in by_category.items()}
        names = Category.objects.in_bulk(counts)
        labels = {pk: f"{names[pk]} ({count})" for pk, count in sorted(counts.items())}
        chosen = large_categories(by_category)
        metrics: dict[str, Any] = {"categories": ", ".join(labels[pk] for pk in chosen)}
        if small := [labels[pk] for pk in counts if pk not in chosen]:
            metrics["warnings"] = [
                f"categories with fewer than {ENOUGH_IMAGES} pictures are left out: {', '.join(small)}"
            ]
        lifecycle.follow(version, stage="reading the catalogue", categories=chosen, metrics=version.metrics | metrics)
    if lost := [pk for pk in version.categories if pk not in by_category]:
        raise TrainingRefused(f"no pictures any more in {len(lost)} of the categories that the training began with")
    categories = Category.objects.in_bulk(version.categories)
    images = [image for pk in version.categories for image in by_category[pk]]
    images, decoded = decode(images, model, folder, progress)
    assert decoded is not None  # a generator takes images
    class_of = {pk: index for index, pk in enumerate(version.categories)}
    classes = np.array([class_of[image.product.category_id] for image in images])
    return LabelledImages(decoded, classes, tuple(categories[pk].name for pk in version.categories))


@dataclass(frozen=True)
class PersonalTraining:
    """The data that a personal model learns from, with the products that are held out to evaluate it."""

    data: PersonalData
    split: Split
    shoppers: list[int]  # ids, in the order of the model's users


def load_personal_data(version: ModelVersion, model: Model[Any], folder: Path, progress: bool) -> PersonalTraining:
    """Read the products with an image, and the shoppers' positive interactions, the last of each held out.

    A training that is resumed reads those that it began with. If one of the products has gone, or has no image any more
    that can be read, it begins anew with those that are left. The ids of the products are written into `folder`, which
    is the training's.
    """
    began = Snapshot.load(folder) if resume.last_epoch(folder) else None
    images = list(queries.images_of_version(version).select_related("product").order_by("product_id"))
    if began:
        known = set(began.products.tolist())
        images = [image for image in images if image.product_id in known]
    images, decoded = decode(images, model, folder, progress)
    products = [image.product_id for image in images]
    if began is None or began.products.tolist() != products:
        if resume.forget(folder):
            log.warning("%s begins anew: products that it began with have gone, or have no image any more", version)
        began = take_snapshot(images)
        began.save(folder)
    split = hold_out_last(began.interactions)
    checkpoints.write_json(products, folder / embedding.PRODUCTS_FILE)
    texts = item_texts.texts_of(products) if model.reads_texts else None
    data = PersonalData(decoded, split.train, began.categories, listed=began.listed, texts=texts)
    return PersonalTraining(data, split, began.shoppers.tolist())


def take_snapshot(images: Sequence[ProductImage]) -> Snapshot:
    """Read the interactions with the products of these images, which are in ascending order of the products."""
    products = [image.product_id for image in images]
    item_of = {product: item for item, product in enumerate(products)}
    positive = list(positive_interactions(item_of))
    shoppers, users = np.unique([shopper for shopper, *_ in positive], return_inverse=True)
    return Snapshot(
        products=np.array(products),
        categories=np.unique([image.product.category_id for image in images], return_inverse=True)[1],
        listed=np.array([image.product.created_at.timestamp() for image in images]),
        shoppers=shoppers,
        users=users,
        items=np.array([item_of[product] for _, product, *_ in positive]),
        timestamps=np.array([first.timestamp() for *_, first, _ in positive]),
        weights=np.array([weight for *_, weight in positive]),
    )


def hold_out_last(interactions: Interactions) -> Split:
    """Split off each user's last item for the test; all others are trained on.

    Nothing is chosen by validation here, so what `leave_one_out` sets aside for it is trained on as well.
    """
    pairs, test = interactions.distinct, interactions.leave_one_out().test
    return Split(train=pairs.without(test), validation=pairs.select(np.zeros(0, dtype=int)), test=test)
