"""Speed of methods: `python -m ml speed`, and the seconds that a single image takes."""

import statistics
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import torch

from ml.benchmark import compare
from ml.benchmark.compare import Document, Options
from ml.benchmark.loops import BareEpoch, follow_epochs, time_work
from ml.benchmark.recommend import decode_for, split_or_raise
from ml.benchmark.runs import report_progress
from ml.contract import PersonalModel, SimilarModel
from ml.data.datasets import read_image_set
from ml.data.images import ImageArray
from ml.data.interaction_files import read_interaction_file
from ml.data.interactions import PersonalData
from ml.nn.inference import AHEAD, embed_sources
from ml.training.loop import TrainConfig, fit

WARM_UP, FORWARDS = 10, 100  # single images
IMAGES, REPEATS = 512, 5


@contextmanager
def use_one_thread() -> Iterator[None]:
    """Compute on one core in this context."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def get_image_size(model: SimilarModel) -> tuple[int, int]:
    """Return the size of the images that the model takes."""
    assert model.image_size is not None, f"{model.method} takes no images"
    return model.image_size


def measure_seconds_per_image(model: SimilarModel, images: ImageArray) -> float:
    """Return the median time of 100 forward passes of one image on one CPU core, after a warm-up."""
    device = model.device
    seconds = []
    with use_one_thread(), torch.inference_mode():
        model.to("cpu")
        for number in range(WARM_UP + FORWARDS):
            image = images.batch([number % len(images)])
            seconds.append(time_work(partial(model.embed, image)))
        model.to(device)
    return statistics.median(seconds[WARM_UP:])


def measure_speeds(data: Path, options: Options) -> list[Document]:
    """Measure images per second of each similar method: trained with all threads, embedded with one.

    "forward" is of decoded pixels, "from_bytes" of files in memory, decoded while others are computed; "ratio" is the
    median of the latter by the former, measured one after the other.
    """
    models = compare.create_models(options, SimilarModel)
    for model in models:
        model.check()
    images = read_image_set(data)
    results = []
    for model in models:
        report_progress(f"{model.method}: training", options.progress)
        readable, pixels = images.decode(get_image_size(model))
        trained = [epoch.samples_per_second for epoch in fit(model, pixels, options.training)]
        report_progress(f"{model.method}: embedding", options.progress)
        files = [source.read_bytes() for source in readable.sources[:IMAGES]]
        with use_one_thread():
            forward, from_bytes = _measure_embedding(model, pixels, files)
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


def _measure_embedding(
    model: SimilarModel, pixels: ImageArray, files: Sequence[bytes]
) -> tuple[list[float], list[float]]:
    """Return seconds of forward passes over pixels, and of embedding files, each REPEATS times."""
    batches = [b.to(model.device) for b in pixels.batch(range(len(files))).split(AHEAD)]

    def forward() -> None:
        with torch.inference_mode():
            for batch in batches:
                model.embed(batch).cpu()

    forward()  # to warm up
    pairs = [(time_work(forward), time_work(partial(embed_sources, model, files))) for _ in range(REPEATS)]
    return [bare for bare, _ in pairs], [from_bytes for _, from_bytes in pairs]


def measure_personal_speeds(data: Path, options: Options) -> list[Document]:
    """Measure positives per second of each personal method, in the training loop and in its bare arithmetic.

    A positive is a user's item of the training part, each once an epoch, or as many drawn; "comparisons" are those of
    positives with other items. "loop" is whole epochs after the first, which also initializes: sampling, batches of
    images, forward, backward, the optimizers' steps. "arithmetic" is forward, backward and steps over batches that
    were drawn before and lie in memory, "gradients" the same without the steps. Each epoch is followed by one pass of
    these; the ratios, of "loop" by either, are medians over such pairs.
    Raises BadData if the data do not suit a method.
    """
    models = compare.create_models(options, PersonalModel)
    for model in models:
        model.check()
    file, arrays = decode_for(models, read_interaction_file(data), options.progress)
    train = split_or_raise(data, file, options).train
    training = options.training
    if training.epochs is None and training.seconds is None:
        training = replace(training, epochs=1 + REPEATS)
    results = []
    for model in models:
        report_progress(f"{model.method}: training", options.progress)
        personal_data = PersonalData(arrays[model.image_size], train, file.categories, texts=file.texts)
        results.append({"method": model.method, **_measure_training(model, personal_data, training)})
    return results


def _measure_training(model: PersonalModel, data: PersonalData, training: TrainConfig) -> dict[str, float | None]:
    positives = len(data.train.distinct)
    comparisons = 0.0
    rounds: list[tuple[float, float, float]] = []
    for epoch, bare in follow_epochs(model, data, training):
        comparisons = _count_comparisons(bare, positives)
        rounds.append((epoch.seconds, bare.measure_steps(), bare.measure_steps(update=False)))
    if not rounds:
        return dict.fromkeys(("loop", "comparisons", "arithmetic", "gradients", "ratio", "ratio_of_gradients"))
    loop, arithmetic, gradients = (statistics.median(each) for each in zip(*rounds, strict=True))
    return {
        "loop": positives / loop,
        "comparisons": comparisons / loop,
        "arithmetic": positives / arithmetic,
        "gradients": positives / gradients,
        "ratio": statistics.median(with_steps / seconds for seconds, with_steps, _ in rounds),
        "ratio_of_gradients": statistics.median(without / seconds for seconds, _, without in rounds),
    }


def _count_comparisons(bare: BareEpoch, positives: int) -> float:
    """Count an epoch's comparisons: with each item of a batch that its user has not taken, or one a positive."""
    marks = [part for batch in bare.prepared for part in batch if part.dtype == torch.bool]
    return sum((~each).sum().item() for each in marks) / bare.share if marks else positives
