"""How fast a method is."""

import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from ml.images import ImageArray
from ml.models.base import SimilarModel

WARM, FORWARDS = 10, 100


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
            began = time.perf_counter()
            model.embed(picture)
            seconds.append(time.perf_counter() - began)
        model.to(device)
    return statistics.median(seconds[WARM:])
