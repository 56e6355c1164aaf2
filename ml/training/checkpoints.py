"""Models on disk: weights as safetensors, all else as JSON. Nothing that is read can run."""

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from ml.contract import Model
from ml.errors import BadCheckpoint, MlError
from ml.models.factory import create

WEIGHTS, CONFIG = "weights.safetensors", "config.json"


def save(model: Model, folder: Path) -> None:
    """Write the model so that `load` gives it back.

    Each file is replaced as a whole and the config holds the hash of the weights: who reads while this writes, or after
    it was killed, gets the old model, the new one, or an error, never a mixture.
    """
    folder.mkdir(parents=True, exist_ok=True)
    write_tensors(model.state_dict(), folder / WEIGHTS)
    write_json(
        {
            "method": model.method,
            "config": model.config.model_dump(),
            "sizes": model.state_shapes,
            "sha256": _digest(folder / WEIGHTS),
        },
        folder / CONFIG,
    )


def load(folder: Path) -> Model:
    """The saved model on the CPU, in eval mode. Raises BadCheckpoint with the folder and the reason."""
    document = read_json(folder / CONFIG)
    try:
        model = create(document["method"], **document["config"])
        model.allocate(**document["sizes"])
        digest = document["sha256"]
    except (KeyError, TypeError, MlError) as error:
        raise BadCheckpoint(f"{folder}: {CONFIG} does not describe a model: {error}") from error
    tensors = read_tensors(folder / WEIGHTS)
    if _digest(folder / WEIGHTS) != digest:
        raise BadCheckpoint(f"{folder}: {WEIGHTS} is not the file that {CONFIG} was written for")
    try:
        model.load_state_dict(tensors)
    except RuntimeError as error:
        raise BadCheckpoint(f"{folder}: {error}") from error
    return model.eval()


def write_tensors(tensors: dict[str, Tensor], file: Path) -> None:
    aside = file.with_name(file.name + ".partial")
    save_file({name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}, aside)
    aside.replace(file)


def read_tensors(file: Path) -> dict[str, Tensor]:
    """Raises BadCheckpoint if the file is missing, truncated or no safetensors."""
    try:
        return load_file(file)
    except (OSError, SafetensorError) as error:
        raise BadCheckpoint(f"{file.parent}: {file.name}: {error}") from error


def write_json(document: dict[str, Any], file: Path) -> None:
    aside = file.with_name(file.name + ".partial")
    with aside.open("w", encoding="utf-8") as stream:
        json.dump(document, stream, indent=1)
        stream.flush()
        os.fsync(stream.fileno())
    aside.replace(file)


def read_json(file: Path) -> dict[str, Any]:
    """Raises BadCheckpoint if the file is missing or no JSON object."""
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadCheckpoint(f"{file.parent}: {file.name}: {error}") from error
    if not isinstance(document, dict):
        raise BadCheckpoint(f"{file.parent}: {file.name} holds no object")
    return document


def _digest(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def flat_state(optimizer: torch.optim.Optimizer) -> tuple[dict[str, Tensor], list[dict[str, Any]]]:
    """An optimizer's state in two parts: tensors by "parameter.name", and the groups, which JSON can hold."""
    state = optimizer.state_dict()
    tensors = {
        f"{index}.{name}": torch.as_tensor(value)
        for index, entries in state["state"].items()
        for name, value in entries.items()
    }
    return tensors, state["param_groups"]


def restore_state(optimizer: torch.optim.Optimizer, tensors: dict[str, Tensor], groups: list[dict[str, Any]]) -> None:
    """The reverse of `flat_state`."""
    state: dict[int, dict[str, Tensor]] = {}
    for key, tensor in tensors.items():
        index, _, name = key.partition(".")
        state.setdefault(int(index), {})[name] = tensor
    optimizer.load_state_dict({"state": state, "param_groups": groups})
