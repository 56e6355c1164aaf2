"""Training loops on synthetic data: `python -m ml gpu`, how near each comes to the arithmetic of its device."""

import platform
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode

from ml.benchmark.compare import Document
from ml.benchmark.loops import BareEpoch, follow_epochs, summarise
from ml.benchmark.runs import report_progress
from ml.benchmark.tables import align
from ml.contract import DesignModel, Model, PersonalModel
from ml.data.images import ImageArray
from ml.data.interactions import Interactions, PersonalData
from ml.data.labelled_images import LabelledImages
from ml.models.factory import create
from ml.runtime import best_device
from ml.training.loop import TrainConfig

ROUNDS = 2  # epochs that are measured, after a first
SECONDS = 360  # after which no further case is begun: on a CPU that does much else one may take two minutes
CATEGORIES = 4
# DVBPR on Amazon Men (arXiv:1711.02231): as many triples an epoch as users and items have interactions.
PAPER_EPOCHS, PAPER_TRIPLES = 20, 186_000


@dataclass(frozen=True)
class Case:
    """A training that is measured."""

    method: str
    settings: dict[str, Any] = field(default_factory=dict)
    on_cpu: dict[str, Any] = field(default_factory=dict)  # further settings without a GPU, for a step within seconds
    cpu_users: int = 400  # users without a GPU

    @property
    def name(self) -> str:
        """Return the method and what distinguishes the case from the method's default."""
        return " ".join([self.method, *(str(value) for value in self.settings.values())])


PAPER = Case("dvbpr", {"encoder": "cnn-f"}, {"batch_size": 10}, cpu_users=2)  # a step takes 2 s of a core
# Without inception-bpr, which needs weights: its loop is that of cae-bpr after the autoencoder's epochs.
CASES = (
    PAPER,
    *map(Case, ("visrec", "infogan", "vae", "cae", "age", "lsgan", "dvbpr", "hybrid", "vbpr", "deepstyle", "sasrec")),
    *map(Case, ("cae-bpr", "bpr-mf", "fm", "warp", "lightgcn")),
)


@dataclass(frozen=True)
class Scale:
    """Amount of synthetic data."""

    images: int
    users: int  # who take ten items each


ON_GPU, CPU_IMAGES = Scale(images=8192, users=PAPER_TRIPLES // 10), 40


def measure_cases(cases: Sequence[Case] = CASES, progress: bool = False) -> Document:
    """Measure the training loop of each case on the best device; stop after some minutes and name what was left out.

    "seconds" are those of an epoch (ml.benchmark.loops); "step" is what one batch takes: "flops" of matrix products and
    convolutions, "operations" started, "bytes" of the loaded batch.
    """
    began, device = time.monotonic(), best_device()
    results: list[Document] = []
    for case in cases:
        if time.monotonic() - began < SECONDS:
            report_progress(case.name, progress)
            results.append({"case": case.name, **measure_case(case, device)})
    paper = next((each for each in results if each["case"] == PAPER.name), None)
    return {
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else "CPU",
        "torch": torch.__version__,
        "python": platform.python_version(),
        "threads": torch.get_num_threads(),
        "results": results,
        "left out": [case.name for case in cases[len(results) :]],
        "seconds of the paper": estimate_paper(paper["samples a second"]) if paper else None,
    }


def estimate_paper(triples_a_second: float) -> float:
    """Return the seconds that the paper's whole training takes."""
    return PAPER_EPOCHS * PAPER_TRIPLES / triples_a_second


def measure_case(case: Case, device: torch.device) -> Document:
    """Measure one training loop."""
    on_gpu = device.type == "cuda"
    model = create(case.method, **case.settings, **({} if on_gpu else case.on_cpu))
    data = create_data(model, ON_GPU if on_gpu else Scale(CPU_IMAGES, case.cpu_users))
    if on_gpu:
        torch.cuda.reset_peak_memory_stats(device)
    rounds, step = [], {}
    # One epoch more than is measured: a training that comes to its end would finish the model, too.
    epochs = follow_epochs(model, data, TrainConfig(epochs=ROUNDS + 2))
    for (epoch, bare), _ in zip(epochs, range(ROUNDS), strict=False):
        rounds.append({"loop": epoch.seconds, **bare.measure()})
        samples, step = epoch.samples_per_second * epoch.seconds, count_step(bare)
    seconds = summarise(rounds)
    return {
        "samples a second": samples / seconds["loop"],
        "ratio": seconds.pop("ratio"),
        "seconds": seconds,
        "steps": len(bare.prepared) / bare.share,
        "step": step,
        "GPU memory, bytes": torch.cuda.max_memory_allocated(device) if on_gpu else None,
    }


def create_data(model: Model, scale: Scale) -> Any:
    """Create random images and interactions, as this model is trained on. Any: an argument of `fit`."""
    rng = np.random.default_rng(0)
    images = None
    if model.image_size is not None:
        images = ImageArray(rng.integers(256, size=(scale.images, *model.image_size, 3), dtype=np.uint8))
    if isinstance(model, PersonalModel):
        categories = np.arange(scale.images) % CATEGORIES
        return PersonalData(images, create_interactions(rng, scale), categories)
    assert images is not None
    if isinstance(model, DesignModel):
        names = tuple(f"category {number}" for number in range(CATEGORIES))
        return LabelledImages(images, np.arange(scale.images) % CATEGORIES, names)
    return images


def create_interactions(rng: np.random.Generator, scale: Scale) -> Interactions:
    """Create interactions of users with ten random items each, in a random order."""
    first = rng.integers(scale.images, size=(scale.users, 1))
    apart = rng.permutation(np.arange(1, scale.images))[:9]  # from the first: ten different items
    items = (first + np.concatenate([[0], apart])) % scale.images
    users = np.repeat(np.arange(scale.users), 10)
    return Interactions(users, items.flatten(), rng.permutation(len(users)).astype(float), scale.users, scale.images)


class _Operations(TorchDispatchMode):
    """Counts the operations that are started in its block; on a GPU each is a kernel or more."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # torch does not annotate it
        self.count = 0

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.count += 1
        return function(*args, **(kwargs or {}))


def count_step(bare: BareEpoch) -> Document:
    """Count what the steps of a batch take."""
    with _Operations() as operations, FlopCounterMode(display=False) as flops:
        bare.take_steps_of(bare.prepared[0])
    size = sum(part.nbytes for part in bare.prepared[0])
    return {"flops": flops.get_total_flops(), "operations": operations.count, "bytes": size}


def format_gpu_table(document: Document) -> str:
    """Format the measured cases, one row each, with a sentence about what the figures are."""
    columns = ["samples/s", "ratio", "loop", "drawing", "loading", "arithmetic", "GFLOP", "operations", "MB"]
    rows = [["ms a step", *columns]]
    for each in document["results"]:
        steps, step = each["steps"], each["step"]
        parts = (f"{1e3 * each['seconds'][name] / steps:,.2f}" for name in columns[2:6])
        counts = (f"{step['flops'] / 1e9:,.2f}", f"{step['operations']:,}", f"{step['bytes'] / 1e6:,.2f}")
        rows.append([each["case"], f"{each['samples a second']:,.0f}", f"{each['ratio']:.2f}", *parts, *counts])
    lines = [align(rows)]
    if document["device"] == "CPU":
        lines.insert(0, "There is no CUDA card. These are CPU figures on tiny data, and tell nothing about a card:")
    else:
        lines.insert(0, f"{document['device']}, torch {document['torch']}:")
    if document["seconds of the paper"] is not None:
        what = f"{PAPER_EPOCHS} epochs of {PAPER_TRIPLES:,} triples with {PAPER.name}"
        lines.append(f"{what} would take {document['seconds of the paper']:,.0f} s on this {_kind(document)}.")
    if document["left out"]:
        lines.append(f"Left out, as {SECONDS} s had passed: {', '.join(document['left out'])}.")
    return "\n".join(lines)


def _kind(document: Document) -> str:
    return "CPU" if document["device"] == "CPU" else "card"
