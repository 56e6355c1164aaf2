"""Models on disk: weights as safetensors, everything else as JSON; reading them runs no code."""

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from safetensors.torch import save as save_tensors
from torch import Tensor

from ml.configs.methods import method_of
from ml.contract import Model
from ml.errors import BadCheckpoint, MlError
from ml.models.factory import create

WEIGHTS, CONFIG = "weights.safetensors", "config.json"


def save(model: Model, folder: Path) -> None:
    """Write the model to a folder for `load`.

    Each file is replaced as a whole and the config holds the hash of the weights: a reader gets the old model, the new
    one or an error, never a mixture, even while this writes or after it was killed.
    """
    write(model.state_dict(), describe(model), folder)


def describe(model: Model) -> dict[str, Any]:
    """Return what JSON holds of a model, without the hash of its weights."""
    return {"method": model.method, "config": model.config.model_dump(), "sizes": model.state_shapes}


def write(weights: dict[str, Tensor], description: dict[str, Any], folder: Path) -> None:
    """Write a model as `save` does, of its weights and its description."""
    folder.mkdir(parents=True, exist_ok=True)
    write_tensors(weights, folder / WEIGHTS)
    write_json(description | {"sha256": _digest(folder / WEIGHTS)}, folder / CONFIG)


def load(folder: Path) -> Model:
    """Load a saved model on the CPU, in eval mode. Raises BadCheckpoint with the folder and the reason."""
    document = read_json(folder / CONFIG)
    try:
        earlier = method_of(document["method"]).config.earlier
        model = create(document["method"], **{**earlier, **document["config"]})
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
    """Write tensors by name as safetensors, replacing the file as a whole. Raises OSError, on a full disk too."""
    replace(file, save_tensors({name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}))


def read_tensors(file: Path) -> dict[str, Tensor]:
    """Read tensors by name. Raises BadCheckpoint if the file is missing, truncated or no safetensors."""
    try:
        return load_file(file)
    except (OSError, SafetensorError) as error:
        raise BadCheckpoint(f"{file.parent}: {file.name}: {error}") from error


def write_json(document: Mapping[str, Any] | Sequence[Any], file: Path) -> None:
    """Write a JSON object, replacing the file as a whole."""
    replace(file, json.dumps(document, indent=1).encode())


def replace(file: Path, content: bytes) -> None:
    """Replace a file as a whole; once it is there, it survives a loss of power."""
    partial = file.with_name(file.name + ".partial")
    with partial.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    partial.replace(file)


def read_json(file: Path) -> dict[str, Any]:
    """Read a JSON object. Raises BadCheckpoint if the file is missing or holds none."""
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


def flatten_state(optimizer: torch.optim.Optimizer) -> tuple[dict[str, Tensor], list[dict[str, Any]]]:
    """Split an optimizer's state into tensors by "parameter.name" and parameter groups, which JSON can hold."""
    state = optimizer.state_dict()
    tensors = {
        f"{index}.{name}": torch.as_tensor(value)
        for index, entries in state["state"].items()
        for name, value in entries.items()
    }
    return tensors, state["param_groups"]


def restore_state(optimizer: torch.optim.Optimizer, tensors: dict[str, Tensor], groups: list[dict[str, Any]]) -> None:
    """Load the two parts that `flatten_state` returned into an optimizer."""
    state: dict[int, dict[str, Tensor]] = {}
    for key, tensor in tensors.items():
        index, _, name = key.partition(".")
        state.setdefault(int(index), {})[name] = tensor
    optimizer.load_state_dict({"state": state, "param_groups": groups})
