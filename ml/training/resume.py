"""A training's state on disk, one folder an epoch, so that a kill loses at most one."""

import shutil
from pathlib import Path
from typing import Any

from torch.optim import Optimizer

from ml.contract import Model
from ml.errors import BadCheckpoint
from ml.training import checkpoints

STATE, OPTIMIZERS, PREFIX, ASIDE = "training.json", "optimizers.safetensors", "epoch-", ".partial"


def newest(folder: Path) -> int:
    """The last epoch that is complete in the folder; 0 if there is none."""
    return max((_number(place) for place in _complete(folder)), default=0)


def keep(model: Model, optimizers: dict[str, Optimizer], seed: int, folder: Path, epoch: int, elapsed: float) -> None:
    """Write the state after this epoch, complete or not at all, in place of the former epoch's."""
    place = _place(folder, epoch)
    aside = place.with_name(place.name + ASIDE)
    if aside.exists():
        shutil.rmtree(aside)
    checkpoints.save(model, aside)
    tensors, groups = {}, {}
    for optimizer_name, optimizer in optimizers.items():
        own, groups[optimizer_name] = checkpoints.flat_state(optimizer)
        tensors |= {f"{optimizer_name}.{key}": tensor for key, tensor in own.items()}
    checkpoints.write_tensors(tensors, aside / OPTIMIZERS)
    checkpoints.write_json({"seed": seed, "elapsed": elapsed, "epochs": model.epochs, "groups": groups}, aside / STATE)
    aside.rename(place)
    for former in _complete(folder):
        if _number(former) < epoch:
            shutil.rmtree(former)


def restore_model(model: Model, seed: int, folder: Path, epoch: int) -> float:
    """Give the model the weights it had after this epoch; returns the seconds trained till then.

    Raises BadCheckpoint if another model, or with another seed, was trained there.
    """
    place = _place(folder, epoch)
    former, state = checkpoints.load(place), _state(place)
    for what, there, here in (
        ("method", former.method, model.method),
        ("config", former.config, model.config),
        ("seed", state["seed"], seed),
    ):
        if there != here:
            raise BadCheckpoint(f"{folder}: training began with {what} {there}, not {here}")
    model.allocate(**former.state_shapes)
    model.load_state_dict(former.state_dict())
    model.epochs = state["epochs"]
    return state["elapsed"]


def restore_optimizers(optimizers: dict[str, Optimizer], folder: Path, epoch: int) -> None:
    place = _place(folder, epoch)
    groups = _state(place)["groups"]
    tensors = checkpoints.read_tensors(place / OPTIMIZERS)
    for optimizer_name, optimizer in optimizers.items():
        own = {
            key.removeprefix(f"{optimizer_name}."): t
            for key, t in tensors.items()
            if key.startswith(f"{optimizer_name}.")
        }
        checkpoints.restore_state(optimizer, own, groups[optimizer_name])


def _state(place: Path) -> dict[str, Any]:
    state = checkpoints.read_json(place / STATE)
    if missing := {"seed", "elapsed", "epochs", "groups"} - set(state):
        raise BadCheckpoint(f"{place}: {STATE} lacks {', '.join(sorted(missing))}")
    return state


def _place(folder: Path, epoch: int) -> Path:
    return folder / f"{PREFIX}{epoch:05d}"


def _number(place: Path) -> int:
    return int(place.name.removeprefix(PREFIX))


def _complete(folder: Path) -> list[Path]:
    return [place for place in folder.glob(f"{PREFIX}*") if not place.name.endswith(ASIDE)]
