"""Many pictures through a model, a batch at a time."""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from ml.contract import PersonalModel, SimilarModel
from ml.data.decoding import Source, read_image
from ml.data.images import ImageArray
from ml.errors import UnreadableImage

BATCH = 256
AHEAD = 64  # pictures decoded while the former so many are computed; more would only make the first wait longer


def compute_features(
    function: Callable[[Tensor], Tensor],
    images: ImageArray,
    indices: Tensor | np.ndarray | Sequence[int] | None = None,
    device: torch.device | str = "cpu",
    progress: bool = False,
) -> Tensor:
    """(N, F) on the CPU: the function of these pictures, or of all, in their order and without gradients."""
    indices = range(len(images)) if indices is None else indices
    rows = []
    with torch.inference_mode(), tqdm(total=len(indices), unit=" pictures", disable=not progress) as bar:
        for begin in range(0, len(indices), BATCH):
            chosen = indices[begin : begin + BATCH]
            rows.append(function(images.batch(chosen).to(device)).float().cpu())
            bar.update(len(chosen))
    return torch.cat(rows).clone()  # inference tensors cannot be trained on; a clone can


def embed_images(model: SimilarModel, images: ImageArray, progress: bool = False) -> Tensor:
    """(N, D) float32 on the CPU."""
    return compute_features(model.embed, images, device=model.device, progress=progress)


def embed_items(model: PersonalModel, images: ImageArray | None, n_items: int, progress: bool = False) -> Tensor:
    """(n_items, D) float32 on the CPU: the vector of each item known in training."""
    items = torch.arange(n_items, device=model.device)
    if model.image_size is None:
        with torch.no_grad():
            return model.embed(None, items).float().cpu()
    chunks = iter(items.split(BATCH))
    return compute_features(
        lambda batch: model.embed(batch, next(chunks)), images, device=model.device, progress=progress
    )


def decode_ahead(
    batches: Iterable[Sequence[Source]], size: tuple[int, int]
) -> Iterator[list[np.ndarray | UnreadableImage]]:
    """The pixels of each batch's pictures, or what is wrong with one; the next batch is decoded meanwhile."""

    def attempt(source: Source) -> np.ndarray | UnreadableImage:
        try:
            return read_image(source, size)
        except UnreadableImage as error:
            return error

    # One core is left to the computing: on two, 1 thread keeps .97 of the bare forward pass, 2 threads .89.
    with ThreadPoolExecutor(max(1, os.cpu_count() - 1)) as pool:
        ahead = None
        for batch in batches:
            coming = pool.map(attempt, batch)
            if ahead is not None:
                yield list(ahead)
            ahead = coming
        if ahead is not None:
            yield list(ahead)


def embed_sources(model: SimilarModel, sources: Sequence[Source]) -> Tensor:
    """(N, D) float32 on the CPU, from files or bytes: decoded while others are computed.

    Raises UnreadableImage at the first that is no picture.
    """
    batches = (sources[begin : begin + AHEAD] for begin in range(0, len(sources), AHEAD))
    rows = []
    with torch.inference_mode():
        for decoded in decode_ahead(batches, model.image_size):
            for picture in decoded:
                if isinstance(picture, UnreadableImage):
                    raise picture
            images = ImageArray(np.stack(decoded)).batch(range(len(decoded)))
            rows.append(model.embed(images.to(model.device)).float().cpu())
    return torch.cat(rows).clone()
