"""How fast methods are: `python -m ml speed`, and the seconds that one picture takes."""

import copy
import statistics
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ml.benchmark import compare
from ml.benchmark.compare import Options
from ml.benchmark.runs import say
from ml.contract import PersonalModel, SimilarModel
from ml.data.datasets import read_image_set
from ml.data.images import ImageArray
from ml.data.interaction_files import read_interaction_file
from ml.data.interactions import PersonalData
from ml.errors import BadData
from ml.nn.inference import AHEAD, embed_sources
from ml.runtime import bf16_is_fast, seeded
from ml.training.loop import TrainConfig, fit

WARM, FORWARDS = 10, 100  # single pictures
PICTURES, REPEATS = 512, 5
HELD = 2**29  # bytes of batches that lie ready, or one batch


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
    photos = read_image_set(data)
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


def personal_speeds(data: Path, options: Options) -> list[dict[str, Any]]:
    """Positives a second of each personal method, in the training loop and in its bare arithmetic.

    A positive is a user's item of the training part, each in its turn once an epoch, or as many drawn; "comparisons"
    are those of positives with other items. "loop" is whole epochs after the first, in which what comes once a training
    is done: sampling, batches of pictures, forward, backward, the optimizers' steps. "arithmetic" is forward, backward
    and steps over batches that were drawn before and lie in memory, "gradients" the same without the steps. Each
    epoch is followed by one pass of these; the ratios, of "loop" by either, are medians over such pairs.
    Raises BadData if the data are not what a method takes.
    """
    models = compare.models(options, "personal")
    for model in models:
        model.check()
    journal = read_interaction_file(data)
    arrays = {None: None}
    for size in {model.image_size for model in models if model.image_size}:
        journal, arrays[size] = journal.decode(size, options.progress)
    try:
        train = journal.split().train
    except BadData as error:
        raise BadData(f"{data}: {error}") from error
    training = options.training
    if training.epochs is None and training.seconds is None:
        training = replace(training, epochs=1 + REPEATS)
    results = []
    for model in models:
        say(f"{model.method}: training", options.progress)
        given = PersonalData(arrays[model.image_size], train, journal.categories)
        results.append({"method": model.method, **_training_speed(model, given, training)})
    return results


def _training_speed(model: PersonalModel, data: PersonalData, training: TrainConfig) -> dict[str, float | None]:
    positives = len(data.train.distinct)
    bare, rounds = None, []
    for epoch in fit(model, data, training):
        if bare is None:
            bare = _Bare(model, data, training.seed)
            bare.seconds(move=True)  # to warm up
        else:
            rounds.append((epoch.seconds, bare.seconds(move=True), bare.seconds(move=False)))
    if not rounds:
        return dict.fromkeys(("loop", "comparisons", "arithmetic", "gradients", "ratio", "ratio_of_gradients"))
    loop, arithmetic, gradients = (statistics.median(each) for each in zip(*rounds, strict=True))
    return {
        "loop": positives / loop,
        "comparisons": bare.comparisons(positives) / loop,
        "arithmetic": positives / arithmetic,
        "gradients": positives / gradients,
        "ratio": statistics.median(moved / all_of_it for all_of_it, moved, _ in rounds),
        "ratio_of_gradients": statistics.median(unmoved / all_of_it for all_of_it, _, unmoved in rounds),
    }


class _Bare:
    """The arithmetic of an epoch, on a copy of the model and on batches that wait for nobody."""

    def __init__(self, model: PersonalModel, data: PersonalData, seed: int) -> None:
        self.model = copy.deepcopy(model).train()
        self.optimizers = self.model.optimizers()
        with seeded(seed, 1) as generator:
            batches = self.model.batches(data, generator)
            self.held = [tuple(part.to(model.device) for part in batch) for batch in _up_to(HELD, batches)]
        self.share = len(self.held) / len(batches)

    def seconds(self, move: bool) -> float:
        """Of as many batches as an epoch has. move: whether the optimizers make their steps."""
        return _seconds(lambda: [self._through(batch, move) for batch in self.held]) / self.share

    def comparisons(self, positives: int) -> float:
        """An epoch's: with all that a batch's marks do not say its users took; without marks with one a positive."""
        marks = [part for batch in self.held for part in batch if part.dtype == torch.bool]
        return sum((~each).sum().item() for each in marks) / self.share if marks else positives

    def _through(self, batch: tuple[Tensor, ...], move: bool) -> None:
        device = self.model.device
        objectives = self.model.objectives(batch)
        while True:
            with torch.autocast(device.type, torch.bfloat16, enabled=self.model.use_bf16 and bf16_is_fast(device)):
                objective = next(objectives, None)
            if objective is None:
                break
            optimizer_name, loss = objective[:2]
            self.optimizers[optimizer_name].zero_grad()
            loss.backward()
            if move:
                self.optimizers[optimizer_name].step()
        if device.type == "cuda":
            torch.cuda.synchronize()


def _up_to(size: int, batches: Iterable[tuple[Tensor, ...]]) -> Iterator[tuple[Tensor, ...]]:
    for batch in batches:
        yield batch
        size -= sum(part.nbytes for part in batch)
        if size <= 0:
            return


def _seconds(work: Callable[[], Any]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
