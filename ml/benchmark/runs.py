"""Finished trainings and figures, saved so that a comparison continues where it was interrupted."""

import hashlib
import json
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Generic, Protocol, TypedDict, TypeVar

from ml.contract import Model
from ml.data.decoding import StoredImage
from ml.errors import BadCheckpoint
from ml.runtime import best_device
from ml.training import checkpoints
from ml.training.loop import Epoch, TrainConfig, fit
from ml.training.resume import forget, last_epoch, read_elapsed

SAVE_EVERY = 30.0  # seconds of a training, which is measured: less often than an epoch that is shorter
LOSSES = "losses.json"  # of all epochs so far, beside the states of a training
RECORD = "compared.json"  # beside a saved model: the run that it is of, and how its training went
ModelT = TypeVar("ModelT", bound=Model)
DataT = TypeVar("DataT")


def fingerprint(*parts: Any) -> str:
    """Return a hash of the parts that is the same in every process. Any: whatever JSON or str() can write."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()


def stamp_images(sources: Sequence[StoredImage]) -> list[int | list[int] | None]:
    """Return a stamp of each image, which differs once the image has changed.

    The stamp of a file is its size and its time of change, so that it is not read; None if it does not exist.
    """
    return [_stamp(source) for source in sources]


def _stamp(source: StoredImage) -> int | list[int] | None:
    if isinstance(source, Path):
        stat = source.stat() if source.exists() else None
        return [stat.st_size, stat.st_mtime_ns] if stat else None
    return source.stamp


def report_progress(text: str, progress: bool) -> None:
    """Print the text on stderr if progress is shown."""
    if progress:
        print(text, file=sys.stderr, flush=True)


class Selected(TypedDict):
    epoch: int
    auc: dict[str, float]  # on validation, by epoch
    users: int  # in each of these figures


class Record(TypedDict):
    epochs: int
    seconds: float
    losses: list[dict[str, float]]
    selected: Selected | None


class Selector(Protocol[ModelT]):
    """A choice of the epoch whose model is taken."""

    def after(self, model: ModelT, epoch: Epoch) -> None:
        """Measure the model after an epoch, if there is time for it."""

    def choose(self, model: ModelT, epochs: int) -> ModelT:
        """Return the best model: the given one, which is finished, or that of an earlier epoch."""

    def as_dict(self) -> Selected:
        """Return what was measured and chosen."""


@dataclass(frozen=True)
class Trained(Generic[ModelT]):
    """A trained model, and how it was trained."""

    model: ModelT
    run: str  # the fingerprint of data, method, config, seed and length of the training
    epochs: int
    seconds: float
    losses: list[dict[str, float]]  # by epoch
    selected: Selected | None = None  # the chosen epoch, if it is not simply the last


@dataclass(frozen=True)
class Runs:
    """Store of trainings and figures. results, models: folders for figures and for models; None saves nothing."""

    training: TrainConfig
    results: Path | None = None
    models: Path | None = None
    progress: bool = False

    def compute_key(self, model: Model, data: str) -> str:
        """Return the fingerprint of a run, which changes with the version of our own code, too.

        data: the fingerprint of the training data.
        """
        config, training = model.config.model_dump(), self.training
        named = [Path(value).expanduser() for value in config.values() if isinstance(value, str)]
        files = stamp_images([path for path in named if path.is_file()])  # of weights
        how = (training.epochs, training.seconds, training.seed)
        return fingerprint(data, model.method, _hash_code(), config, files, *how)

    def train(
        self,
        model: ModelT,
        run: str,
        read_data: Callable[[], DataT],
        create_selector: Callable[[DataT], Selector[ModelT]] | None = None,
    ) -> Trained[ModelT]:
        """Train the model, or load it as it was saved after the same run.

        create_selector: creates, from the data, the choice of the epoch; by default the last is taken.
        """
        folder = self.models / model.method if self.models else None
        if folder and (saved := self.find_training(model, run)):
            report_progress(f"{model.method}: trained before, as kept in {folder}", self.progress)
            loaded = checkpoints.load(folder)
            assert isinstance(loaded, type(model))  # the folder is the method's own
            return Trained(loaded.to(best_device()), run, **saved)
        report_progress(f"{model.method}: training", self.progress)
        began = time.monotonic()
        data = read_data()
        selector = create_selector(data) if create_selector else None
        # A selector holds models of earlier epochs, which are not saved.
        work = None if selector or not self.results else self._prepare_work(model.method, run)
        losses = _read_losses(work) if work else []
        if work and losses:
            report_progress(f"{model.method}: goes on after epoch {len(losses)}, as kept in {work}", self.progress)
            began -= read_elapsed(work, len(losses))
        for epoch in fit(model, data, self.training, folder=work, progress=self.progress, save_every=SAVE_EVERY):
            losses.append(epoch.losses)
            if work:
                checkpoints.write_json({"losses": losses}, work / LOSSES)
            if selector:
                selector.after(model, epoch)
        if selector:
            model = selector.choose(model, len(losses))
        record = Record(
            epochs=len(losses),
            seconds=time.monotonic() - began,
            losses=losses,
            selected=selector.as_dict() if selector else None,
        )
        if folder is not None:
            (folder / RECORD).unlink(missing_ok=True)  # until the new model is complete there is no record
            checkpoints.save(model, folder)
            checkpoints.write_json({"run": run, "kept": record}, folder / RECORD)
        if work:
            shutil.rmtree(work.parent)
        return Trained(model, run, **record)

    def _prepare_work(self, method: str, run: str) -> Path:
        """Return the folder of the run's unfinished training, and delete those of the method's other runs."""
        assert self.results is not None
        work = self.results / f"{method}.training" / run
        for other in work.parent.glob("*"):
            if other != work:
                shutil.rmtree(other)
        work.mkdir(parents=True, exist_ok=True)
        return work

    def find_training(self, model: Model, run: str) -> Record | None:
        """Return how the training went, if the model was saved after this run."""
        if self.models is None:
            return None
        record: Record | None = _read(self.models / model.method / RECORD, run)
        return record

    def find_result(self, method: str, run: str) -> dict[str, Any] | None:
        """Return the result that was saved for this run."""
        if self.results is None:
            return None
        file = self.results / f"{method}.json"
        result: dict[str, Any] | None = _read(file, run)
        if result is not None:
            report_progress(f"{method}: measured before, as kept in {file}", self.progress)
        return result

    def save_result(self, method: str, run: str, result: dict[str, Any]) -> None:
        """Save a method's result."""
        if self.results:
            self.results.mkdir(exist_ok=True)
            checkpoints.write_json({"run": run, "kept": result}, self.results / f"{method}.json")


def _read_losses(work: Path) -> list[dict[str, float]]:
    """Return the losses of the epochs up to the last that was saved.

    A kill between the two leaves a state whose losses are not known; then the training begins anew.
    """
    file = work / LOSSES
    losses: list[dict[str, float]] = checkpoints.read_json(file)["losses"] if file.exists() else []
    if len(losses) < last_epoch(work):
        forget(work)
    return losses[: last_epoch(work)]


@cache
def _hash_code() -> str:
    files = sorted(Path(__file__).parents[1].rglob("*.py"))
    return fingerprint([file.read_text(encoding="utf-8") for file in files])


def _read(file: Path, run: str) -> Any:
    """Read what was saved for this run; None if there is nothing. Any: a result or a record, as it was saved."""
    if not file.exists():
        return None
    try:
        document = checkpoints.read_json(file)
    except BadCheckpoint as error:
        raise BadCheckpoint(f"{error}; delete it, and it is measured again") from error
    return document["kept"] if document.get("run") == run else None
