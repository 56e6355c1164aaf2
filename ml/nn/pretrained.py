"""Pretrained weights from files and from torchvision's hub, checked against the network that they are loaded into."""

import pickle
import re
import struct
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
import torchvision
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from ml.errors import BadWeights

# What torch's reader raises for a file that is no pickle, or half of one; it runs nothing of it.
NO_PICKLE = (AttributeError, IndexError, KeyError, TypeError, ValueError, struct.error)
DAMAGE = (OSError, EOFError, RuntimeError, pickle.UnpicklingError, SafetensorError, *NO_PICKLE)
NAMED_KEYS = 3  # of each kind, in an error
# Where a training's checkpoint has the network's tensors, of averaged weights first; and what wrappers put before keys.
NESTED = ("state_dict_ema", "model_ema", "state_dict", "model")
PREFIXES = ("module.", "_orig_mod.", "model.")


def read_weights(file: Path) -> dict[str, Tensor]:
    """Read the tensors of a .safetensors, .pth, .pt or .bin file, without running anything in it.

    Of a training's checkpoint they are the network's, by its own keys. Raises BadWeights with the file and the reason.
    """
    if not file.is_file():
        raise BadWeights(f"{file}: there is no such file of weights")
    if file.suffix not in (".safetensors", ".pth", ".pt", ".bin"):
        raise BadWeights(f"{file}: weights are read from .safetensors, .pth, .pt and .bin files")
    try:
        if file.suffix == ".safetensors":
            tensors: Any = load_file(file)
        else:
            tensors = torch.load(file, map_location="cpu", weights_only=True)
    except DAMAGE as error:
        raise BadWeights(f"{file} cannot be read: {_explain(error)}") from error
    if isinstance(tensors, dict):
        tensors = next((tensors[key] for key in NESTED if isinstance(tensors.get(key), dict)), tensors)
    named = isinstance(tensors, dict) and all(isinstance(key, str) for key in tensors)
    if not named or not all(isinstance(tensor, Tensor) for tensor in tensors.values()):
        raise BadWeights(f"{file} does not hold named tensors, as a network's state_dict() does")
    return _unwrap(dict(tensors))


def _unwrap(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Remove the prefixes that all keys have from a wrapper around the network."""
    while tensors and (prefix := next((each for each in PREFIXES if all(k.startswith(each) for k in tensors)), None)):
        tensors = {key.removeprefix(prefix): tensor for key, tensor in tensors.items()}
    return tensors


def _explain(error: Exception) -> str:
    """Return the error's first line; where it is no sentence, a sentence that this is no file of weights."""
    line = str(error).partition("\n")[0]
    printable = "".join(letter for letter in line if letter.isprintable()).strip()
    return printable if " " in printable else "it is damaged, or no file of weights"


def read_hub_weights(name: str) -> dict[str, Tensor]:
    """Read torchvision's ImageNet weights of the network of that name, from torch's cache or else from its hub.

    Raises BadWeights with what was tried, and with the setting that needs no hub.
    """
    url = torchvision.models.get_model_weights(name).DEFAULT.url
    try:
        file = download_once(url)
    except (OSError, RuntimeError) as error:
        raise BadWeights(
            f"no ImageNet weights for {name}: {Path(url).name} is not in {_cache_folder()}, and {url} cannot be"
            f" downloaded ({error}); give a file with weights=FILE"
        ) from error
    return read_weights(file)


def download_once(url: str) -> Path:
    """Return the file NAME-HASH.pth in torch's cache, downloaded if it is not there.

    Unlike torch.hub.load_state_dict_from_url it prints nothing. Raises OSError if the download fails, RuntimeError if
    the file's hash is not that of its name.
    """
    file = _cache_folder() / Path(url).name
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        torch.hub.download_url_to_file(url, str(file), file.stem.rpartition("-")[2], progress=False)
    return file


def _cache_folder() -> Path:
    return Path(torch.hub.get_dir()) / "checkpoints"


# torchvision renames the keys of its files of 2017 likewise: norm.1.weight is norm1.weight today.
DENSE_LAYER = re.compile(r"^(.*denselayer\d+\.(?:norm|conv))\.([12]\.)")


def load_weights(network: nn.Module, tensors: dict[str, Tensor], ignored: Iterable[str], source: str) -> None:
    """Load all tensors into the network, except the keys in `ignored`, of layers that it no longer has.

    Raises BadWeights with the source and the keys that are missing, unexpected or of another shape.
    """
    left_out = set(ignored)
    named_tensors = {DENSE_LAYER.sub(r"\1\2", key): tensor for key, tensor in tensors.items() if key not in left_out}
    shapes = {
        key: (tuple(t.shape), tuple(named_tensors[key].shape))
        for key, t in network.state_dict().items()
        if key in named_tensors
    }
    misshapen = {key: pair for key, pair in shapes.items() if pair[0] != pair[1]}
    fitting = {key: tensor for key, tensor in named_tensors.items() if key not in misshapen}
    found = network.load_state_dict(fitting, strict=False)
    problems = {
        "it lacks": [key for key in found.missing_keys if key not in misshapen],
        "it has in excess": found.unexpected_keys,
        "of another shape": [f"{key} {there} instead of {here}" for key, (here, there) in misshapen.items()],
    }
    if wrong := [f"{what}: {_join(keys)}" for what, keys in problems.items() if keys]:
        raise BadWeights(f"{source} does not fit: {'; '.join(wrong)}")


def _join(keys: list[str]) -> str:
    more = f" and {len(keys) - NAMED_KEYS} more" if len(keys) > NAMED_KEYS else ""
    return ", ".join(keys[:NAMED_KEYS]) + more
