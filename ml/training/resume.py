"""The state of a training on disk, one folder an epoch, written beside the next.

An interruption loses at most one epoch; a kill while a state is being written, that one and what came of the next.
"""

import shutil
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, TypedDict

from torch import Tensor
from torch.optim import Optimizer

from ml.contract import Model
from ml.errors import BadCheckpoint
from ml.training import checkpoints

STATE, OPTIMIZERS, PREFIX, PARTIAL = "training.json", "optimizers.safetensors", "epoch-", ".partial"


class TrainingState(TypedDict):
    """The JSON saved beside the weights and the optimizers' tensors."""

    seed: int
    elapsed: float  # seconds trained so far
    epochs: int  # model.epochs, which on_fit_start may have set
    groups: dict[str, list[dict[str, Any]]]  # the parameter groups of each optimizer


def last_epoch(folder: Path) -> int:
    """Return the number of the last complete epoch in the folder; 0 if there is none."""
    return max((_number(path) for path in _complete(folder)), default=0)


def forget(folder: Path) -> int:
    """Delete the states in the folder, so that the training begins anew; return how many there were."""
    complete = _complete(folder)
    for path in complete:
        shutil.rmtree(path)
    return len(complete)


@dataclass(frozen=True)
class State:
    """State of a training after an epoch, copied to the memory of the CPU: it changes no more."""

    epoch: int
    weights: dict[str, Tensor]
    model: dict[str, Any]  # checkpoints.describe
    optimizers: dict[str, Tensor]
    training: TrainingState

    @classmethod
    def copy(cls, model: Model, optimizers: dict[str, Optimizer], seed: int, epoch: int, elapsed: float) -> Self:
        """Copy the state of a training. elapsed: seconds trained so far."""
        tensors: dict[str, Tensor] = {}
        training: TrainingState = {"seed": seed, "elapsed": elapsed, "epochs": model.epochs, "groups": {}}
        for optimizer_name, optimizer in optimizers.items():
            flat, training["groups"][optimizer_name] = checkpoints.flatten_state(optimizer)
            tensors |= {f"{optimizer_name}.{key}": tensor for key, tensor in flat.items()}
        return cls(epoch, _copy(model.state_dict()), checkpoints.describe(model), _copy(tensors), training)

    def write(self, folder: Path) -> None:
        """Write the state, completely or not at all, and delete those of earlier epochs."""
        path = _path(folder, self.epoch)
        partial = path.with_name(path.name + PARTIAL)
        if partial.exists():
            shutil.rmtree(partial)
        checkpoints.write(self.weights, self.model, partial)
        checkpoints.write_tensors(self.optimizers, partial / OPTIMIZERS)
        checkpoints.write_json(self.training, partial / STATE)
        partial.rename(path)
        for former in _complete(folder):
            if _number(former) < self.epoch:
                shutil.rmtree(former)


def _copy(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor.detach().to("cpu", copy=True) for name, tensor in tensors.items()}


class Writer:
    """Writes states in a thread of its own, one at a time; leaving its context waits for the last."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1, "state")
        self._last: Future[None] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *others: object) -> None:
        self._pool.shutdown()
        if kind is None or kind is GeneratorExit:  # another error is the one to be known
            self._raise_error()

    def save_epoch(self, state: State, folder: Path) -> None:
        """Write the state beside what follows. Raises the error of the former, which is waited for."""
        self._raise_error()
        self._last = self._pool.submit(state.write, folder)

    def _raise_error(self) -> None:
        if self._last is not None:
            self._last.result()


def restore_model(model: Model, seed: int, folder: Path, epoch: int) -> float:
    """Load the weights after this epoch into the model, and return the seconds trained till then.

    Raises BadCheckpoint if another model, or one with another seed, was trained there.
    """
    path = _path(folder, epoch)
    former, state = checkpoints.load(path), _read_state(path)
    for name, there, here in (
        ("method", former.method, model.method),
        ("config", former.config, model.config),
        ("seed", state["seed"], seed),
    ):
        if there != here:
            raise BadCheckpoint(f"{folder}: training began with {name} {there}, not {here}")
    model.allocate(**former.state_shapes)
    model.load_state_dict(former.state_dict())
    model.epochs = state["epochs"]
    return state["elapsed"]


def read_elapsed(folder: Path, epoch: int) -> float:
    """Return the seconds that were trained till the end of this epoch."""
    return _read_state(_path(folder, epoch))["elapsed"]


def restore_optimizers(optimizers: dict[str, Optimizer], folder: Path, epoch: int) -> None:
    """Load the state after this epoch into the optimizers."""
    path = _path(folder, epoch)
    groups = _read_state(path)["groups"]
    tensors = checkpoints.read_tensors(path / OPTIMIZERS)
    for optimizer_name, optimizer in optimizers.items():
        prefix = f"{optimizer_name}."
        flat = {key.removeprefix(prefix): tensor for key, tensor in tensors.items() if key.startswith(prefix)}
        checkpoints.restore_state(optimizer, flat, groups[optimizer_name])


def _read_state(path: Path) -> TrainingState:
    state = checkpoints.read_json(path / STATE)
    if missing := TrainingState.__required_keys__ - set(state):
        raise BadCheckpoint(f"{path}: {STATE} lacks {', '.join(sorted(missing))}")
    return TrainingState(seed=state["seed"], elapsed=state["elapsed"], epochs=state["epochs"], groups=state["groups"])


def _path(folder: Path, epoch: int) -> Path:
    return folder / f"{PREFIX}{epoch:05d}"


def _number(path: Path) -> int:
    return int(path.name.removeprefix(PREFIX))


def _complete(folder: Path) -> list[Path]:
    return [path for path in folder.glob(f"{PREFIX}*") if not path.name.endswith(PARTIAL)]
