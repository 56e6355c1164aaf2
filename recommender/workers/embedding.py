"""Embedding: images, through ml, to rows. Workers only."""

import json
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from django.conf import settings
from django.contrib.postgres.functions import TransactionNow
from django.db.models import Exists, OuterRef, QuerySet
from tqdm import tqdm

from catalog import locks, readings
from catalog.models import ImageReading, Product, ProductImage
from ml.contract import Model, PersonalModel, SimilarModel
from ml.data.images import ImageArray
from ml.errors import BadCheckpoint
from ml.training import checkpoints
from recommender import broker
from recommender.models import ImageEmbedding, ModelVersion, Role, State
from recommender.versions import lifecycle, queries
from recommender.versions.vectors import store
from recommender.webhooks.models import Event
from recommender.webhooks.outbox import emit
from recommender.workers import devices, item_texts, reading

log = logging.getLogger(__name__)

# Images decoded, embedded and stored together. On a CPU the fastest of 8 to 256: visrec takes 1.4 ms an image, with 256
# at once 2.5 ms.
BATCH = 64
FIRST = 16  # of the first batch, for which the model waits until it is decoded
PRODUCTS_FILE = "products.json"  # beside a personal checkpoint: the product ids, in the order of its items

torch.set_num_threads(settings.TORCH_THREADS)
devices.limit_memory(settings.GPU_MEMORY / 100)

Decoded = dict[tuple[int, tuple[int, int]], np.ndarray]  # (H, W, 3) uint8 by the id of the image and its (H, W)

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
    """Load the models of the versions that serve, so that no upload waits for it."""
    for version in queries.serving_versions():
        try:
            load_model(version.folder)
        except BadCheckpoint as error:  # a lost checkpoint stops its own version and no other
            log.error("%s cannot be loaded: %s", version, error)


def embed_images(image_ids: Sequence[int]) -> None:
    """Embed these images by every version that serves and has no vector of them; a second run writes nothing."""
    suspects = readings.unfinished(image_ids)
    if suspects:
        embed_missing(image_ids, suspects=True)  # by the first version that has to read them
        readings.end(suspects)  # those that no version had to
    embed_missing(image_ids)
    if suspects:
        readings.forget_problems(suspects)


def embed_missing(image_ids: Sequence[int], suspects: bool = False) -> None:
    """Embed images by the versions that serve and have no vector of them, by those of similar styles first.

    suspects: only those that may kill their reader; otherwise all others.
    """
    versions = sorted(
        queries.serving_versions(), key=lambda version: (version.role != Role.SIMILAR, version.state != State.ACTIVE)
    )
    for _ in embed_batches(batches_of_each(versions, image_ids, suspects)):
        pass


def embed_later(version_id: int, image_ids: Sequence[int]) -> None:
    """Embed images by a version that does not serve, and load the models of those that do again."""
    versions = list(queries.servable_versions().filter(pk=version_id))
    for _ in embed_batches(batches_of_each(versions, image_ids)):
        pass
    warm_up()  # it may have replaced one of them in the cache


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
        images = queries.images_without_embedding(version).filter(pk__in=image_ids)
        for _ in embed_batches(read_batches(version, images)):
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
        for suspects in (False, True):
            for count in embed_batches(read_batches(version, images, suspects), replace=anew, writing=writing):
                done += count
                bar.update(count)
                yield done, max(total, done)


@dataclass(frozen=True)
class Batch:
    """Images that a version is to embed at once."""

    version: ModelVersion
    images: list[ProductImage]
    pixels: torch.Tensor | None  # (B, 3, H, W) in [0, 1]; None for a model that ignores images
    texts: Sequence[str] | None = None  # of the images' products, for a model that reads them


def embed_batches(batches: Iterable[Batch], replace: bool = False, writing: Writing = anyhow) -> Iterator[int]:
    """Embed and store each batch; yield its size. writing: see `embed_all`.

    While the model computes one batch, the next is read and the former is stored, also where the next is of another
    version.
    """
    # The model has a thread of its own, and the database stays with this one, as its transaction does.
    with ThreadPoolExecutor(1) as computing:
        former: tuple[Batch, Future[np.ndarray]] | None = None
        for batch in batches:
            if not batch.images:  # none of them could be read
                continue
            vectors = computing.submit(compute_vectors, with_texts(batch))
            if former:
                yield store_batch(*former, replace, writing)
            former = batch, vectors
        if former:
            yield store_batch(*former, replace, writing)


def with_texts(batch: Batch) -> Batch:
    """Return the batch with what its products are called, if the model reads that."""
    model, _ = load_model(batch.version.folder)
    if not (isinstance(model, PersonalModel) and model.reads_texts):
        return batch
    return replace(batch, texts=item_texts.texts_of([image.product_id for image in batch.images]))


def compute_vectors(batch: Batch) -> np.ndarray:
    """Compute the vectors of a batch: (B, D) float32."""
    model, items = load_model(batch.version.folder)
    with torch.inference_mode():
        known = [items.get(image.product_id, -1) for image in batch.images]
        vectors = embed_pixels(model, batch.pixels, known, batch.texts)
    return vectors.numpy()


def store_batch(batch: Batch, vectors: "Future[np.ndarray]", replace: bool, writing: Writing) -> int:
    """Wait for the vectors of a batch and store them; return the batch's size."""
    pairs = zip(batch.images, vectors.result(), strict=True)
    rows = [(image.pk, image.product_id, vector) for image, vector in pairs]
    with writing(batch.version):
        store_rows(batch, rows, replace)
    return len(batch.images)


@locks.atomic  # Django deletes in another order: embeddings and images before their products
def store_rows(batch: Batch, rows: Sequence[tuple[int, int, np.ndarray]], replace: bool) -> None:
    """Store (image id, product id, vector) triples of a batch, and tell webhooks of products that become findable."""
    store.store_vectors(batch.version, rows, replace=replace)
    if (batch.version.role, batch.version.state) == (Role.SIMILAR, State.ACTIVE):
        emit(Event.FINDABLE, partial(describe_findable, batch))


def describe_findable(batch: Batch) -> dict[str, object] | None:
    """Return the SKUs of products that have become findable by this transaction; None if all were before."""
    before = ImageEmbedding.objects.filter(
        version=batch.version, product=OuterRef("pk"), created_at__lt=TransactionNow()
    )
    products = Product.objects.filter(~Exists(before), pk__in={image.product_id for image in batch.images})
    skus = list(products.order_by("pk").values_list("sku", flat=True))
    return {"skus": skus} if skus else None


def batches_of_each(
    versions: Sequence[ModelVersion], image_ids: Sequence[int], suspects: bool = False
) -> Iterator[Batch]:
    """Yield, version by version, those of the images that it has no vector of; each is decoded once for each size."""
    decoded: Decoded = {}
    for version in versions:
        images = queries.images_without_embedding(version).filter(pk__in=image_ids)
        try:
            yield from read_batches(version, images, suspects, decoded)
        except BadCheckpoint as error:  # a lost checkpoint stops its own version and no other
            log.error("%s embeds nothing: %s", version, error)


def read_batches(
    version: ModelVersion, images: QuerySet[ProductImage], suspects: bool = False, decoded: Decoded | None = None
) -> Iterator[Batch]:
    """Yield those of `images` that can be read in batches; the next is decoded meanwhile. Raises BadCheckpoint.

    suspects: only those whose readers died, read apart; otherwise all others. decoded: images that need not be decoded,
    which come first; the others are added.
    """
    if suspects:
        images = images.filter(pk__in=ImageReading.objects.values("image_id"))
    if not images.exists():  # a checkpoint may take a second to load
        return
    model, _ = load_model(version.folder)
    size = model.image_size
    if size is None:
        yield from (Batch(version, batch, None) for batch in batches_by_id(images))
        return
    known = [image_id for image_id, of_size in decoded or {} if of_size == size]
    for batch in batches_by_id(images.filter(pk__in=known)):
        assert decoded is not None
        yield Batch(version, batch, to_tensor(np.stack([decoded[image.pk, size] for image in batch])))
    others = images.exclude(pk__in=known)
    if suspects:
        found = reading.read_suspects(list(others.order_by("pk")), size)
    else:
        found = reading.read_batches(batches_by_id(others), size)
    for batch, pixels in found:
        if decoded is not None:
            decoded |= {(image.pk, size): array for image, array in zip(batch, pixels, strict=True)}
        yield Batch(version, batch, to_tensor(pixels))


def to_tensor(pixels: np.ndarray) -> torch.Tensor:
    """Convert (B, H, W, 3) uint8 to (B, 3, H, W) in [0, 1]."""
    return ImageArray(pixels).batch(range(len(pixels)))


def batches_by_id(images: QuerySet[ProductImage]) -> Iterator[list[ProductImage]]:
    """Yield the images in batches, by ascending id; images that are added meanwhile come too."""
    last, size = 0, FIRST
    while batch := list(images.filter(pk__gt=last).order_by("pk")[:size]):
        last, size = batch[-1].pk, BATCH
        yield batch


def embed_pixels(
    model: Model[Any], pixels: torch.Tensor | None, items: Sequence[int], texts: Sequence[str] | None = None
) -> torch.Tensor:
    """Embed images by a similarity or a personal model: (B, D), on the CPU; in halves if a GPU has too little memory.

    pixels: (B, 3, H, W) in [0, 1], or None for a model that ignores images. items: indices of the products in a
    personal model's training, -1 for others; a similarity model does not need them. texts: of the products, for a model
    that reads them.
    """

    def embed(rows: slice) -> torch.Tensor:
        some = None if pixels is None else pixels[rows].to(model.device)
        if isinstance(model, SimilarModel):
            assert some is not None
            return model.embed(some).cpu()
        assert isinstance(model, PersonalModel)
        words = None if texts is None else texts[rows]
        return model.embed(some, torch.tensor(items[rows], device=model.device), words).cpu()

    with devices.ending_if_gpu_fails():
        return devices.compute_in_halves(embed, slice(0, len(items) if pixels is None else len(pixels)))
