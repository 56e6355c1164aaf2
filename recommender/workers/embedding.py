"""Worker only: pictures -> ml -> rows. One of the doors to ml."""

import json
import logging
from collections import deque
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from django.conf import settings
from django.db.models import QuerySet
from tqdm import tqdm

from catalog.models import Product, ProductImage
from ml.data.decoding import read_image
from ml.data.images import ImageArray
from ml.errors import BadCheckpoint, UnreadableImage
from ml.nn.inference import decode_ahead
from ml.training import checkpoints
from recommender.models import ImageEmbedding, ModelVersion, Role, State
from recommender.versions import queries
from recommender.versions.vectors import nearest, scores, store

log = logging.getLogger(__name__)

BATCH = 256  # pictures decoded and embedded together
PRODUCTS_FILE = "products.json"  # beside a personal checkpoint: the product ids, in the order of its items

torch.set_num_threads(settings.TORCH_THREADS)


@lru_cache(maxsize=4)
def loaded(folder: Path):
    """The model in `folder`, and the item number of each product it was trained on."""
    model = checkpoints.load(folder).to("cuda" if torch.cuda.is_available() else "cpu")
    file = folder / PRODUCTS_FILE
    items = {product: item for item, product in enumerate(json.loads(file.read_text()))} if file.exists() else {}
    return model, items


def warm_up() -> None:
    """Load what serves, so that no upload waits for it."""
    for version in queries.servable_versions().filter(state=State.ACTIVE):
        try:
            loaded(version.folder)
        except BadCheckpoint as error:  # a lost checkpoint stops its own version and no other
            log.error("%s cannot be loaded: %s", version, error)


def embed_images(image_ids: Sequence[int]) -> None:
    """The vectors that these pictures lack, for every version that is kept ready; a second run writes nothing.

    What serves comes first: the pictures are findable by then, however many versions are kept.
    """
    serving, others = [], []
    for version in queries.servable_versions():
        (serving if version.state == State.ACTIVE else others).append(version)
    for version in (*serving, *others):
        try:
            for _ in in_batches(version, queries.images_without_embedding(version).filter(pk__in=image_ids)):
                pass
        except BadCheckpoint as error:  # a lost checkpoint stops its own version and no other
            log.error("%s embeds nothing: %s", version, error)
    if others:
        warm_up()  # they may have taken the place of what serves


def embed_all(version: ModelVersion, anew: bool = False, progress: bool = False) -> Iterator[tuple[int, int]]:
    """The vectors that the version lacks, or all of them anew; yields (done, of) after each batch."""
    images = queries.images_of_version(version) if anew else queries.images_without_embedding(version)
    total, done = images.count(), 0
    with tqdm(total=total, desc="embedding", unit=" pictures", disable=not progress) as bar:
        for count in in_batches(version, images, replace=anew):
            done += count
            bar.update(count)
            yield done, max(total, done)


def in_batches(version: ModelVersion, images: QuerySet[ProductImage], replace: bool = False) -> Iterator[int]:
    """Embed and store `images` by ascending id; yields how many each batch was. The next is decoded meanwhile."""
    if not images.exists():  # a checkpoint may take a second to load
        return
    model, _ = loaded(version.folder)
    if model.image_size is None:
        for batch in by_id(images):
            store.store_vectors(version, vectors(version, batch, None), replace=replace)
            yield len(batch)
        return
    waiting: deque[list[ProductImage]] = deque()

    def files() -> Iterator[list[Path]]:
        for batch in by_id(images):
            waiting.append(batch)
            yield [Path(image.file.path) for image in batch]

    for decoded in decode_ahead(files(), model.image_size):
        batch = waiting.popleft()
        store.store_vectors(version, vectors(version, batch, decoded), replace=replace)
        yield len(batch)


def by_id(images: QuerySet[ProductImage]) -> Iterator[list[ProductImage]]:
    last = 0
    while batch := list(images.filter(pk__gt=last).order_by("pk")[:BATCH]):
        last = batch[-1].pk
        yield batch


def vectors(
    version: ModelVersion, images: Sequence[ProductImage], decoded: Sequence[np.ndarray | UnreadableImage] | None
) -> list[tuple[int, int, list[float]]]:
    """(image id, product id, vector) of each picture; one that cannot be read is logged and passed over.

    decoded: the pixels of each; None for a model that never looks at pictures.
    """
    model, items = loaded(version.folder)
    pixels = None
    if decoded is not None:
        for image, result in zip(images, decoded, strict=True):
            if isinstance(result, UnreadableImage):
                log.error("%s cannot be embedded by %s: %s", image, version, result)
        readable = [place for place, result in enumerate(decoded) if not isinstance(result, UnreadableImage)]
        images = [images[place] for place in readable]
        if not images:
            return []
        pixels = ImageArray(np.stack([decoded[place] for place in readable])).batch(range(len(images)))
    with torch.inference_mode():
        found = embedded(model, version, pixels, [items.get(image.product_id, -1) for image in images])
    return [(image.pk, image.product_id, row) for image, row in zip(images, found.tolist(), strict=True)]


def embedded(model, version: ModelVersion, pixels: torch.Tensor | None, items: list[int]) -> torch.Tensor:
    pixels = pixels if pixels is None else pixels.to(model.device)
    if version.role == Role.SIMILAR:
        return model.embed(pixels).cpu()
    return model.embed(pixels, torch.tensor(items, device=model.device)).cpu()


def embed_photo(photo: bytes) -> tuple[ModelVersion, list[float]]:
    """A visitor's photo as the active similarity version sees it. Raises NoActiveVersion."""
    version = queries.active_or_raise(Role.SIMILAR)
    model, _ = loaded(version.folder)
    pixels = ImageArray(read_image(photo, model.image_size)[None]).batch([0])
    with torch.inference_mode():
        return version, embedded(model, version, pixels, []).tolist()[0]


def calibrate(version: ModelVersion) -> None:
    """Set what a photo search calls a match: as near as 99 % of the catalogue's pictures have a neighbour.

    Asked of the index, with 500 pictures spread over the catalogue. Personal versions have no such score.
    """
    if version.role != Role.SIMILAR:
        return
    images = list(ImageEmbedding.objects.filter(version=version).order_by("image").values_list("image", flat=True))
    everything = Product.objects.all()
    nearest_scores = []
    for image in images[:: max(1, len(images) // 500)]:
        vector = ImageEmbedding.objects.get(version=version, image=image).vector
        rows = nearest.nearest_embeddings(version, vector, among=everything, limit=2)
        nearest_scores += [scores.score(version, row.distance) for row in rows if row.image_id != image][:1]
    if nearest_scores:
        version.good_match = float(np.quantile(nearest_scores, 0.01))
        ModelVersion.objects.filter(pk=version.pk).update(good_match=version.good_match)
