"""How fast methods are: `python -m ml speed`, and the seconds that one picture takes."""

import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from ml import compare
from ml.compare import Options
from ml.datasets import read_photos
from ml.embedding import AHEAD, embed_sources
from ml.images import ImageArray
from ml.models.base import SimilarModel
from ml.runs import say
from ml.training import fit

WARM, FORWARDS = 10, 100  # single pictures
PICTURES, REPEATS = 512, 5


@contextmanager
def one_thread() -> Iterator[None]:
    """torch computes on one core, as if the machine had no more."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def seconds_per_image(model: SimilarModel, images: ImageArray) -> float:
    """The median of a hundred forward passes of one picture on one CPU core, after some to warm up."""
    device = model.device
    seconds = []
    with one_thread(), torch.inference_mode():
        model.to("cpu")
        for number in range(WARM + FORWARDS):
            picture = images.batch([number % len(images)])
            seconds.append(_seconds(lambda picture=picture: model.embed(picture)))
        model.to(device)
    return statistics.median(seconds[WARM:])


def speeds(data: Path, options: Options) -> list[dict[str, Any]]:
    """Pictures a second of each similar method: trained with all threads, embedded with one.

    "forward" is of pixels that lie ready, "from_bytes" of files in memory, decoded while others are computed; "ratio"
    the median of the latter by the former, measured one after the other.
    """
    models = compare.models(options, "similar")
    for model in models:
        model.check()
    photos = read_photos(data)
    results = []
    for model in models:
        say(f"{model.method}: training", options.progress)
        readable, pixels = photos.decode(model.image_size)
        trained = [epoch.samples_per_second for epoch in fit(model, pixels, options.training)]
        say(f"{model.method}: embedding", options.progress)
        files = [source.read_bytes() for source in readable.sources[:PICTURES]]
        with one_thread():
            forward, from_bytes = _embedding_seconds(model, pixels, files)
        results.append(
            {
                "method": model.method,
                "training": statistics.median(trained) if trained else None,
                "forward": len(files) / statistics.median(forward),
                "from_bytes": len(files) / statistics.median(from_bytes),
                "ratio": statistics.median(
                    bare / all_of_it for bare, all_of_it in zip(forward, from_bytes, strict=True)
                ),
            }
        )
    return results


def _embedding_seconds(model: SimilarModel, pixels: ImageArray, files: Sequence[bytes]) -> tuple[list, list]:
    batches = [b.to(model.device) for b in pixels.batch(range(len(files))).split(AHEAD)]

    def forward() -> None:
        with torch.inference_mode():
            for batch in batches:
                model.embed(batch).cpu()

    forward()  # to warm up
    pairs = [(_seconds(forward), _seconds(lambda: embed_sources(model, files))) for _ in range(REPEATS)]
    return tuple(map(list, zip(*pairs, strict=True)))


def _seconds(work: Callable[[], Any]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
