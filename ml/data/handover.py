"""Training data on disk, for the processes that share a training: arrays in files, images mapped where they are."""

import json
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np

from ml.data.images import ImageArray
from ml.data.interactions import Interactions, PersonalData

NAMES = [each.name for each in fields(Interactions)]
INDEX, ARRAYS, PIXELS = "data.json", "data.npz", "pixels.npy"


def save_data(data: ImageArray | PersonalData, folder: Path) -> None:
    """Write the data into the folder for `load_data`; images that are the first of a mapped file stay in that."""
    folder.mkdir(parents=True, exist_ok=True)
    images = data if isinstance(data, ImageArray) else data.images
    index: dict[str, object] = {"pixels": None if images is None else _save_pixels(images.pixels, folder)}
    index["count"] = 0 if images is None else len(images)
    if isinstance(data, PersonalData):
        parts = {"train": data.train, "validation": data.validation}
        named = {
            f"{part}.{name}": value
            for part, each in parts.items()
            if each is not None
            for name, value in asdict(each).items()
        }
        named |= {"categories": data.categories, "listed": data.listed}
        np.savez(
            folder / ARRAYS, allow_pickle=False, **{name: value for name, value in named.items() if value is not None}
        )
        index["texts"] = data.texts and list(data.texts)
    index["kind"] = type(data).__name__
    (folder / INDEX).write_text(json.dumps(index), encoding="utf-8")


def load_data(folder: Path) -> ImageArray | PersonalData:
    """Read what `save_data` wrote; images are mapped, so that processes of one host have them in memory once."""
    index = json.loads((folder / INDEX).read_text(encoding="utf-8"))
    images = None
    if index["pixels"] is not None:
        images = ImageArray(np.load(index["pixels"], mmap_mode="r")[: index["count"]])
        if index["kind"] == ImageArray.__name__:
            return images
    with np.load(folder / ARRAYS) as arrays:
        train, validation = (_load_interactions(arrays, part) for part in ("train", "validation"))
        categories, listed = (arrays.get(name) for name in ("categories", "listed"))
    assert train is not None
    return PersonalData(images, train, categories, validation, listed, index["texts"])


def _save_pixels(pixels: np.ndarray, folder: Path) -> str:
    """Return the file that the images are in; it may have more after them."""
    if isinstance(pixels, np.memmap) and pixels.filename:
        return str(Path(pixels.filename).resolve())
    np.save(folder / PIXELS, pixels)
    return str((folder / PIXELS).resolve())


def _load_interactions(arrays: "np.lib.npyio.NpzFile", part: str) -> Interactions | None:
    own: dict[str, Any] = {name: arrays[f"{part}.{name}"] for name in NAMES if f"{part}.{name}" in arrays}
    return Interactions(**own | {name: int(own[name]) for name in ("n_users", "n_items")}) if own else None
