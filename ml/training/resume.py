"""The state of a training on disk, one folder an epoch, so that an interruption loses at most one epoch."""

import shutil
from pathlib import Path
from typing import Any, TypedDict

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


def save_epoch(
    model: Model, optimizers: dict[str, Optimizer], seed: int, folder: Path, epoch: int, elapsed: float
) -> None:
    """Save the state after this epoch, completely or not at all, and delete those of earlier epochs."""
    path = _path(folder, epoch)
    partial = path.with_name(path.name + PARTIAL)
    if partial.exists():
        shutil.rmtree(partial)
    checkpoints.save(model, partial)
    tensors: dict[str, Tensor] = {}
    state: TrainingState = {"seed": seed, "elapsed": elapsed, "epochs": model.epochs, "groups": {}}
    for optimizer_name, optimizer in optimizers.items():
        flat, state["groups"][optimizer_name] = checkpoints.flatten_state(optimizer)
        tensors |= {f"{optimizer_name}.{key}": tensor for key, tensor in flat.items()}
    checkpoints.write_tensors(tensors, partial / OPTIMIZERS)
    checkpoints.write_json(state, partial / STATE)
    partial.rename(path)
    for former in _complete(folder):
        if _number(former) < epoch:
            shutil.rmtree(former)


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
