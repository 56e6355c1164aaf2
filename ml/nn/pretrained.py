"""Weights that somebody else has trained: where they come from, and whether they are this network's."""

import pickle
import re
import struct
from collections.abc import Iterable
from pathlib import Path

import torch
import torchvision
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from ml.errors import BadWeights

# What torch's reader raises for a file that is no pickle, or half of one; it runs nothing of it.
NO_PICKLE = (AttributeError, IndexError, KeyError, TypeError, ValueError, struct.error)
DAMAGE = (OSError, EOFError, RuntimeError, pickle.UnpicklingError, SafetensorError, *NO_PICKLE)
SHOWN = 3  # keys of each kind that an error names


def read(file: Path) -> dict[str, Tensor]:
    """The tensors in a .safetensors or .pth file, without running anything in it.

    Raises BadWeights with the file and the reason.
    """
    if not file.is_file():
        raise BadWeights(f"{file}: there is no such file of weights")
    if file.suffix not in (".safetensors", ".pth", ".pt"):
        raise BadWeights(f"{file}: weights are read from .safetensors and .pth files")
    try:
        if file.suffix == ".safetensors":
            return load_file(file)
        tensors = torch.load(file, map_location="cpu", weights_only=True)
    except DAMAGE as error:
        raise BadWeights(f"{file} cannot be read: {_reason(error)}") from error
    named = isinstance(tensors, dict) and all(isinstance(key, str) for key in tensors)
    if not named or not all(isinstance(tensor, Tensor) for tensor in tensors.values()):
        raise BadWeights(f"{file} holds something else than tensors by name, as a network's state_dict() has them")
    return tensors


def _reason(error: Exception) -> str:
    """The error's first line, for a terminal; where it has no words of its own, that this is no file of weights."""
    line = str(error).partition("\n")[0]
    words = "".join(letter for letter in line if letter.isprintable()).strip()
    return words if " " in words else "it is damaged, or no file of weights"


def from_hub(name: str) -> dict[str, Tensor]:
    """torchvision's own ImageNet weights of the network of that name, from torch's cache or else from its hub.

    Raises BadWeights with what was tried, and how to do without a hub.
    """
    url = torchvision.models.get_model_weights(name).DEFAULT.url
    try:
        file = cached(url)
    except (OSError, RuntimeError) as error:
        raise BadWeights(
            f"no ImageNet weights for {name}: {Path(url).name} is not in {_cache()}, and {url} cannot be had ({error});"
            " give a file with weights=FILE"
        ) from error
    return read(file)


def cached(url: str) -> Path:
    """The file in torch's cache, downloaded if it is not there: NAME-HASH.pth, as torch's hub has them.

    Unlike torch's own way it prints nothing. Raises OSError if it cannot be had, RuntimeError if its hash is another.
    """
    file = _cache() / Path(url).name
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        torch.hub.download_url_to_file(url, str(file), file.stem.rpartition("-")[2], progress=False)
    return file


def _cache() -> Path:
    return Path(torch.hub.get_dir()) / "checkpoints"


# As torchvision itself renames what is in its files of 2017: norm.1.weight is norm1.weight today.
DENSE_LAYER = re.compile(r"^(.*denselayer\d+\.(?:norm|conv))\.([12]\.)")


def fill(network: nn.Module, tensors: dict[str, Tensor], ignored: Iterable[str], source: str) -> None:
    """Put all tensors into the network; keys in `ignored`, of parts it no longer has, may be there.

    Raises BadWeights with the source and the keys that are missing, unexpected or of another shape.
    """
    left_out = set(ignored)
    given = {DENSE_LAYER.sub(r"\1\2", key): tensor for key, tensor in tensors.items() if key not in left_out}
    shapes = {key: (tuple(t.shape), tuple(given[key].shape)) for key, t in network.state_dict().items() if key in given}
    misshapen = {key: pair for key, pair in shapes.items() if pair[0] != pair[1]}
    fitting = {key: tensor for key, tensor in given.items() if key not in misshapen}
    found = network.load_state_dict(fitting, strict=False)
    problems = {
        "it lacks": [key for key in found.missing_keys if key not in misshapen],
        "it has in excess": found.unexpected_keys,
        "of another shape": [f"{key} {there} instead of {here}" for key, (here, there) in misshapen.items()],
    }
    if wrong := [f"{what}: {_listed(keys)}" for what, keys in problems.items() if keys]:
        raise BadWeights(f"{source} does not fit: {'; '.join(wrong)}")


def _listed(keys: list[str]) -> str:
    more = f" and {len(keys) - SHOWN} more" if len(keys) > SHOWN else ""
    return ", ".join(keys[:SHOWN]) + more
