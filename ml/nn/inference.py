"""Embedding of many images in batches."""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from itertools import chain

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from ml.contract import PersonalModel, SimilarModel
from ml.data.decoding import MOST_PIXELS, Source, read_image
from ml.data.images import ImageArray
from ml.errors import UnreadableImage

BATCH = 256
AHEAD = 64  # images that are decoded while the previous batch is computed; more would delay the first result


def compute_features(
    function: Callable[[Tensor], Tensor],
    images: ImageArray,
    indices: Tensor | np.ndarray | Sequence[int] | None = None,
    device: torch.device | str = "cpu",
    progress: bool = False,
) -> Tensor:
    """Apply a function to batches of these images, or of all, without gradients; return (N, F) on the CPU."""
    chosen_indices = range(len(images)) if indices is None else indices
    rows = []
    with torch.inference_mode(), tqdm(total=len(chosen_indices), unit=" pictures", disable=not progress) as bar:
        for begin in range(0, len(chosen_indices), BATCH):
            chosen = chosen_indices[begin : begin + BATCH]
            rows.append(function(images.batch(chosen, device)).float().cpu())
            bar.update(len(chosen))
    return torch.cat(rows).clone()  # inference tensors cannot be trained on; a clone can


def embed_images(model: SimilarModel, images: ImageArray, progress: bool = False) -> Tensor:
    """Embed all images; return (N, D) float32 on the CPU."""
    return compute_features(model.embed, images, device=model.device, progress=progress)


def embed_items(
    model: PersonalModel,
    images: ImageArray | None,
    n_items: int,
    progress: bool = False,
    texts: Sequence[str] | None = None,
) -> Tensor:
    """Embed each item known in training; return (n_items, D) float32 on the CPU.

    images: item by item; None for a model that reads none. texts: for a model that reads them.
    """
    items = torch.arange(n_items, device=model.device)
    if model.image_size is None:
        with torch.no_grad():
            return model.embed(None, items).float().cpu()
    assert images is not None, f"{model.method} reads images"
    chunks = iter(items.split(BATCH))

    def embed(batch: Tensor) -> Tensor:
        chunk = next(chunks)
        words = [texts[index] for index in chunk.tolist()] if model.reads_texts and texts is not None else None
        return model.embed(batch, chunk, words)

    return compute_features(embed, images, device=model.device, progress=progress)


def decode_ahead(
    batches: Iterable[Sequence[Source]],
    size: tuple[int, int],
    most_pixels: int | None = MOST_PIXELS,
    threads: int | None = None,
    watch: AbstractContextManager[object] | None = None,
) -> Iterator[list[np.ndarray | UnreadableImage]]:
    """Yield each batch's pixels, or the error of an image; the next batch is decoded while this one is used.

    most_pixels: see `read_image`. threads: that decode; without a number, all cores but one, which is the model's.
    watch: entered for each image, by these threads.
    """

    def attempt(source: Source) -> np.ndarray | UnreadableImage:
        try:
            with watch or nullcontext():
                return read_image(source, size, most_pixels)
        except UnreadableImage as error:
            return error

    def decode(part: Sequence[Source]) -> list[np.ndarray | UnreadableImage]:
        return [attempt(source) for source in part]

    # On two cores, 1 thread keeps .97 of the bare forward pass, 2 threads .89.
    threads = threads or max(1, (os.cpu_count() or 2) - 1)
    with ThreadPoolExecutor(threads) as pool:
        ahead = None
        for batch in batches:
            # A part for each thread: handed over one by one, images would wake the other threads each time.
            step = max(1, -(-len(batch) // threads))
            following = pool.map(decode, [batch[begin : begin + step] for begin in range(0, len(batch), step)])
            if ahead is not None:
                yield list(chain.from_iterable(ahead))
            ahead = following
        if ahead is not None:
            yield list(chain.from_iterable(ahead))


def embed_sources(model: SimilarModel, sources: Sequence[Source]) -> Tensor:
    """Embed images from files or bytes, decoding some while others are computed; return (N, D) float32 on the CPU.

    Raises UnreadableImage at the first that cannot be read.
    """
    batches = (sources[begin : begin + AHEAD] for begin in range(0, len(sources), AHEAD))
    rows = []
    with torch.inference_mode():
        for decoded in decode_ahead(batches, model.image_size):
            pixels = []
            for image in decoded:
                if isinstance(image, UnreadableImage):
                    raise image
                pixels.append(image)
            images = ImageArray(np.stack(pixels)).batch(range(len(pixels)))
            rows.append(model.embed(images.to(model.device)).float().cpu())
    return torch.cat(rows).clone()
