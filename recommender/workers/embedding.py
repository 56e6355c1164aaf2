"""Embedding: images, through ml, to rows. Workers only."""

import json
import logging
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from django.conf import settings
from django.db.models import QuerySet
from tqdm import tqdm

from catalog import readings
from catalog.models import ImageReading, ProductImage
from catalog.rows import fetch
from ml.contract import Model, PersonalModel, SimilarModel
from ml.data.decoding import read_image
from ml.data.images import ImageArray
from ml.errors import BadCheckpoint
from ml.training import checkpoints
from recommender import broker
from recommender.models import ImageEmbedding, ModelVersion, Role, State
from recommender.versions import lifecycle, queries
from recommender.versions.vectors import nearest, scores, store
from recommender.workers import reading

log = logging.getLogger(__name__)

# Images decoded, embedded and stored together. On a CPU the fastest of 8 to 256: visrec takes 1.4 ms an image, with 256
# at once 2.5 ms. The first batch is decoded, and the last is stored, while the model waits.
BATCH = 64
PRODUCTS_FILE = "products.json"  # beside a personal checkpoint: the product ids, in the order of its items

torch.set_num_threads(settings.TORCH_THREADS)

M = TypeVar("M", bound=Model[Any])
Writing = Callable[[ModelVersion], AbstractContextManager[Any]]
anyhow: Writing = nullcontext  # for versions that nobody trains


@lru_cache(maxsize=4)
def load_model(folder: Path) -> tuple[Model[Any], dict[int, int]]:
    """Load the model in `folder`, with the index of each product it was trained on. Raises BadCheckpoint."""
    model = checkpoints.load(folder).to("cuda" if torch.cuda.is_available() else "cpu")
    file = folder / PRODUCTS_FILE
    items = {product: item for item, product in enumerate(json.loads(file.read_text()))} if file.exists() else {}
    return model, items


def model_of(version: ModelVersion, kind: type[M]) -> M:
    """Load a version's model, which is of this kind. Raises BadCheckpoint."""
    model, _ = load_model(version.folder)
    assert isinstance(model, kind), f"{version} is no {kind.__name__}"
    return model


def warm_up() -> None:
    """Load the models of the active versions, so that no upload waits for it."""
    for version in queries.servable_versions().filter(state=State.ACTIVE):
        try:
            load_model(version.folder)
        except BadCheckpoint as error:  # a lost checkpoint stops its own version and no other
            log.error("%s cannot be loaded: %s", version, error)


def embed_images(image_ids: Sequence[int]) -> None:
    """Embed these images by every servable version that has no vector of them; a second run writes nothing.

    Active versions come first: the products are findable by then, however many versions are kept. Images whose readers
    died are sent on, to be embedded alone.
    """
    embed_missing(image_ids)
    for image_id in sorted(readings.unfinished(image_ids)):
        broker.queue_alone(image_id)


def embed_alone(image_id: int) -> None:
    """Embed an image that others must not be lost with: it could not be read before, or its readers died."""
    embed_missing([image_id], alone=True)  # by the first version that has to read it
    with readings.alone(image_id) as may_read:
        if not may_read:
            return
        readings.end([image_id])  # no version had to
    embed_missing([image_id])
    readings.forget_problem(image_id)


def embed_missing(image_ids: Sequence[int], alone: bool = False) -> None:
    """Embed images by the versions that have no vector of them."""
    active: list[ModelVersion] = []
    others: list[ModelVersion] = []
    for version in queries.servable_versions():
        (active if version.state == State.ACTIVE else others).append(version)
    for version in (*active, *others):
        try:
            images = queries.images_without_embedding(version).filter(pk__in=image_ids)
            for _ in embed_batches(version, images, alone=alone):
                pass
        except BadCheckpoint as error:  # a lost checkpoint stops its own version and no other
            log.error("%s embeds nothing: %s", version, error)
    if others:
        warm_up()  # they may have replaced the active models in the cache


def complete(version_id: int) -> None:
    """Embed what a trained version lacks, and activate it if this was requested.

    A task's worth at a time, so that uploads are embedded in between; what is uploaded meanwhile follows.
    """
    version = queries.servable_versions().filter(pk=version_id).first()
    if version is None:
        return
    lacking = queries.images_without_embedding(version).exclude(pk__in=ImageReading.objects.values("image_id"))
    image_ids = list(lacking.order_by("pk").values_list("pk", flat=True)[: broker.EMBED_BATCH])
    try:
        for _ in embed_batches(version, queries.images_without_embedding(version).filter(pk__in=image_ids)):
            pass
    except BadCheckpoint as error:
        lifecycle.drop_request(version, error)
        raise
    if len(image_ids) == broker.EMBED_BATCH:
        broker.send("complete_version", version.pk)
    else:
        lifecycle.activate_as_requested(version)


def embed_all(
    version: ModelVersion, anew: bool = False, progress: bool = False, writing: Writing = anyhow
) -> Iterator[tuple[int, int]]:
    """Embed the images that have no vector by this version, or all of them anew; yield (done, of) after each batch.

    writing: entered whenever a batch is stored.
    """
    images = queries.images_of_version(version) if anew else queries.images_without_embedding(version)
    total, done = images.count(), 0
    with tqdm(total=total, desc="embedding", unit=" pictures", disable=not progress) as bar:
        for alone in (False, True):
            for count in embed_batches(version, images, replace=anew, alone=alone, writing=writing):
                done += count
                bar.update(count)
                yield done, max(total, done)


def embed_batches(
    version: ModelVersion,
    images: QuerySet[ProductImage],
    replace: bool = False,
    alone: bool = False,
    writing: Writing = anyhow,
) -> Iterator[int]:
    """Embed and store `images` by ascending id; yield the size of each batch.

    While the model computes one batch, the next is decoded and the former is stored.
    alone: only those whose readers died, one by one; otherwise all others.
    """
    if alone:
        images = images.filter(pk__in=ImageReading.objects.values("image_id"))
    if not images.exists():  # a checkpoint may take a second to load
        return
    load_model(version.folder)
    # The model has a thread of its own, and the database stays with this one, as its transaction does.
    with ThreadPoolExecutor(1) as computing:
        former: Computed | None = None
        for batch, pixels in read_batches(version, images, alone):
            computed = Computed(len(batch), computing.submit(compute_vectors, version, batch, pixels))
            if former:
                yield former.store(version, replace, writing)
            former = computed
        if former:
            yield former.store(version, replace, writing)


@dataclass(frozen=True)
class Computed:
    """A batch of so many images whose vectors are computed, or will be soon."""

    size: int
    vectors: "Future[list[tuple[int, int, np.ndarray]]]"

    def store(self, version: ModelVersion, replace: bool, writing: Writing) -> int:
        """Wait for the vectors and store them; return the number of images."""
        vectors = self.vectors.result()
        with writing(version):
            store.store_vectors(version, vectors, replace=replace)
        return self.size


def read_batches(
    version: ModelVersion, images: QuerySet[ProductImage], alone: bool
) -> Iterator[tuple[list[ProductImage], np.ndarray | None]]:
    """Yield `images` in batches, each with its pixels; None for a model that ignores images."""
    model, _ = load_model(version.folder)
    if model.image_size is None:
        yield from ((batch, None) for batch in batches_by_id(images))
    elif alone:
        yield from reading.read_alone(list(images.order_by("pk")), model.image_size)
    else:
        yield from reading.read_batches(batches_by_id(images), model.image_size)


def batches_by_id(images: QuerySet[ProductImage]) -> Iterator[list[ProductImage]]:
    """Yield the images in batches, by ascending id; images that are added meanwhile come too."""
    last = 0
    while batch := list(images.filter(pk__gt=last).order_by("pk")[:BATCH]):
        last = batch[-1].pk
        yield batch


def compute_vectors(
    version: ModelVersion, images: Sequence[ProductImage], pixels: np.ndarray | None
) -> list[tuple[int, int, np.ndarray]]:
    """Compute (image id, product id, vector) of each image.

    pixels: (B, H, W, 3) uint8; None for a model that ignores images.
    """
    if not images:
        return []
    model, items = load_model(version.folder)
    batch = None if pixels is None else ImageArray(pixels).batch(range(len(images)))
    with torch.inference_mode():
        found = embed_pixels(model, batch, [items.get(image.product_id, -1) for image in images])
    return [(image.pk, image.product_id, row) for image, row in zip(images, found.numpy(), strict=True)]


def embed_pixels(model: Model[Any], pixels: torch.Tensor | None, items: Sequence[int]) -> torch.Tensor:
    """Embed images by a similarity or a personal model: (B, D), on the CPU.

    pixels: (B, 3, H, W) in [0, 1], or None for a model that ignores images. items: indices of the products in a
    personal model's training, -1 for others; a similarity model does not need them.
    """
    pixels = pixels if pixels is None else pixels.to(model.device)
    if isinstance(model, SimilarModel):
        assert pixels is not None
        return model.embed(pixels).cpu()
    assert isinstance(model, PersonalModel)
    return model.embed(pixels, torch.tensor(items, device=model.device)).cpu()


def embed_photo(photo: bytes) -> tuple[ModelVersion, list[float]]:
    """Embed a visitor's photo by the active similarity version. Raises NoActiveVersion."""
    version = queries.active_or_raise(Role.SIMILAR)
    model = model_of(version, SimilarModel)
    assert model.image_size is not None
    pixels = ImageArray(read_image(photo, model.image_size)[None]).batch([0])
    with torch.inference_mode():
        vector: list[float] = embed_pixels(model, pixels, []).tolist()[0]
    return version, vector


def calibrate(version: ModelVersion) -> None:
    """Set the score that a photo search counts as a match: 99 % of the catalogue's images have a neighbour as near.

    Searched in the index, with 500 images spread over the catalogue. Personal versions have no such score.
    """
    if version.role != Role.SIMILAR:
        return
    images = list(ImageEmbedding.objects.filter(version=version).order_by("image").values_list("image", flat=True))
    nearest_scores: list[float] = []
    for image in images[:: max(1, len(images) // 500)]:
        vector = ImageEmbedding.objects.get(version=version, image=image).vector
        rows = fetch(nearest.nearest_sql(version, vector, 2))
        nearest_scores += [scores.score(version, distance) for _, other, _, distance in rows if other != image][:1]
    if nearest_scores:
        version.good_match = float(np.quantile(nearest_scores, 0.01))
        ModelVersion.objects.filter(pk=version.pk).update(good_match=version.good_match)
