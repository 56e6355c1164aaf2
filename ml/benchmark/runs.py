"""What is finished is kept, and not done again: figures beside the JSON, trained models where the user says."""

import hashlib
import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from ml.benchmark.selection import Selection
from ml.contract import Model
from ml.data.decoding import Source
from ml.errors import BadCheckpoint
from ml.runtime import best_device
from ml.training import checkpoints
from ml.training.loop import TrainConfig, fit

RECORD = "compared.json"  # beside a kept model: of which run it is, and how its training went


def fingerprint(*parts: Any) -> str:
    """The same for the same parts, in this process and in any other."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()


def stamps(sources: Sequence[Source]) -> list[Any]:
    """What changes when a picture does, without reading it where that can be helped."""
    return [_stamp(source) for source in sources]


def _stamp(source: Source) -> Any:
    if isinstance(source, Path):
        there = source.stat() if source.exists() else None
        return there and [there.st_size, there.st_mtime_ns]
    return source.stamp


def say(text: str, aloud: bool) -> None:
    if aloud:
        print(text, file=sys.stderr, flush=True)


@dataclass(frozen=True)
class Trained:
    """A model ready to embed, and how it came to be."""

    model: Model
    run: str  # the fingerprint of data, method, config, seed and length of the training
    epochs: int
    seconds: float
    losses: list[dict[str, float]]  # by epoch
    selected: dict[str, Any] | None = None  # which of the epochs it is, if not simply the last


@dataclass(frozen=True)
class Runs:
    """results: a folder for each method's figures. models: one for what was trained. None: nothing is kept."""

    training: TrainConfig
    results: Path | None = None
    models: Path | None = None
    progress: bool = False

    def key(self, model: Model, data: str) -> str:
        """data: the fingerprint of what it is trained on. Another version of our own code is another run, too."""
        config, how = model.config.model_dump(), self.training
        named = [Path(value).expanduser() for value in config.values() if isinstance(value, str)]
        files = stamps([path for path in named if path.is_file()])  # of weights
        return fingerprint(data, model.method, _code(), config, files, how.epochs, how.seconds, how.seed)

    def train(
        self,
        model: Model,
        run: str,
        data: Callable[[], Any],
        selection: Callable[[Any], Selection] | None = None,
    ) -> Trained:
        """The model after its training, or as it was kept after the same one.

        selection: makes, of the data, what chooses the epoch to keep; the last one if there is none.
        """
        folder = self.models / model.method if self.models else None
        if record := self.training_of(model, run):
            say(f"{model.method}: trained before, as kept in {folder}", self.progress)
            return Trained(checkpoints.load(folder).to(best_device()), run, **record)
        say(f"{model.method}: training", self.progress)
        began = time.monotonic()
        given, losses = data(), []
        choice = selection(given) if selection else None
        for epoch in fit(model, given, self.training, progress=self.progress):
            losses.append(epoch.losses)
            if choice:
                choice.after(model, epoch)
        if choice:
            model = choice.end(model, len(losses))
        record = {"epochs": len(losses), "seconds": time.monotonic() - began, "losses": losses}
        record["selected"] = choice and choice.as_dict()
        if folder is not None:
            (folder / RECORD).unlink(missing_ok=True)  # till the new one is complete there is none
            checkpoints.save(model, folder)
            checkpoints.write_json({"run": run, "kept": record}, folder / RECORD)
        return Trained(model, run, **record)

    def training_of(self, model: Model, run: str) -> dict[str, Any] | None:
        """How the training went, if the model is kept after this run."""
        return _read(self.models / model.method / RECORD, run) if self.models else None

    def result(self, method: str, run: str) -> dict[str, Any] | None:
        """What `keep` was given for this run."""
        file = self.results / f"{method}.json" if self.results else None
        result = _read(file, run) if file else None
        if result is not None:
            say(f"{method}: measured before, as kept in {file}", self.progress)
        return result

    def keep(self, method: str, run: str, result: dict[str, Any]) -> None:
        if self.results:
            self.results.mkdir(exist_ok=True)
            checkpoints.write_json({"run": run, "kept": result}, self.results / f"{method}.json")


@cache
def _code() -> str:
    files = sorted(Path(__file__).parents[1].rglob("*.py"))
    return fingerprint([file.read_text(encoding="utf-8") for file in files])


def _read(file: Path, run: str) -> dict[str, Any] | None:
    if not file.exists():
        return None
    try:
        document = checkpoints.read_json(file)
    except BadCheckpoint as error:
        raise BadCheckpoint(f"{error}; delete it, and it is measured anew") from error
    return document["kept"] if document.get("run") == run else None
