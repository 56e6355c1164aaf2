"""Tiny worlds whose answer is known: red discs and blue stripes, and two camps of users who take one of them each."""

import copy
import csv
import zipfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from ml.configs.backbones import BACKBONES
from ml.configs.methods import METHODS
from ml.contract import Model
from ml.data.images import ImageArray
from ml.data.interactions import Interactions, PersonalData
from ml.data.labelled_images import LabelledImages
from ml.models.factory import create
from ml.training.loop import TrainConfig, fit

# One of torchvision's networks stands for all: they share their code, and most of them are large.
CONTRACT = sorted(set(METHODS) - set(BACKBONES) | {"squeezenet1_1"})
SIMILAR = [name for name in CONTRACT if METHODS[name].role == "similar"]
PERSONAL = [name for name in CONTRACT if METHODS[name].role == "personal"]
WITH_VECTORS = [*SIMILAR, *PERSONAL]  # the others make pictures
SMALL = {
    "visrec": {"batch_size": 16},
    "age": {"width": 8, "batch_size": 20},
    "infogan": {"width": 4, "batch_size": 8},
    "squeezenet1_1": {"image_size": 64},  # and `weights`, a file that conftest.py writes
    "vae": {"batch_size": 10},
    "lsgan": {"width": 8, "batch_size": 8},
    "cae": {"batch_size": 10},
    "dvbpr": {"dimensions": 8},
    "hybrid": {"factors": 8, "dimensions": 8},
    "bpr-mf": {"factors": 8, "learning_rate": 0.05},
    "warp": {"factors": 8, "batch_size": 16, "decay": 0.02},
    "vbpr": {"factors": 10, "visual_factors": 10, "batch_size": 16},
    "deepstyle": {"factors": 8, "batch_size": 16},
    "cae-bpr": {"dimensions": 8, "cae_epochs": 1, "batch_size": 10},
    "inception-bpr": {"dimensions": 8, "backbone": "squeezenet1_1", "image_size": 64},  # and `weights`, as above
}


def picture(kind: int, seed: int, side: int | tuple[int, int] = 64) -> np.ndarray:
    """(H, W, 3) uint8 on white: a red disc for kind 0, blue stripes for kind 1, never twice the same."""
    rng = np.random.default_rng(seed)
    height, width = (side, side) if isinstance(side, int) else side
    y, x = np.mgrid[:height, :width] / np.array([height, width])[:, None, None]
    if kind == 0:
        mask = np.hypot(x - rng.uniform(0.4, 0.6), y - rng.uniform(0.4, 0.6)) < rng.uniform(0.2, 0.35)
        colour = (rng.integers(180, 230), 40, 40)
    else:
        mask = (np.sin(x * 40 + rng.uniform(0, 6)) > 0) & (abs(y - 0.5) < rng.uniform(0.25, 0.4))
        colour = (40, 40, rng.integers(180, 230))
    pixels = np.full((height, width, 3), 255, dtype=np.uint8)
    pixels[mask] = colour
    return pixels


def pictures(count: int, side: int | tuple[int, int] = 64) -> ImageArray:
    """Even ones discs, odd ones stripes."""
    return ImageArray(np.stack([picture(n % 2, n, side) for n in range(count)]))


def camps(users: int = 24, items: int = 40, taken: int = 6) -> Interactions:
    """Even users take discs, odd ones stripes, and of each only the first half: the last quarter of items is cold."""
    rng = np.random.default_rng(0)
    favourites = [rng.permutation(np.arange(user % 2, items // 2, 2))[:taken] for user in range(users)]
    return Interactions(
        users=np.repeat(np.arange(users), taken),
        items=np.concatenate(favourites),
        timestamps=np.tile(np.arange(taken, dtype=float), users),
        n_users=users,
        n_items=items,
    )


def garments(count: int = 40) -> LabelledImages:
    return LabelledImages(pictures(count), np.arange(count) % 2, ("discs", "stripes"))


def data_for(method: str, count: int = 40) -> ImageArray | PersonalData | LabelledImages:
    if METHODS[method].role == "design":
        return garments(count)
    side = small(method).image_size
    images = pictures(count, side) if side else None
    if METHODS[method].role == "similar":
        return images
    return PersonalData(images, camps(items=count).leave_one_out().train, categories(count))


def categories(count: int = 40) -> np.ndarray:
    """Two that have nothing to do with the kinds, and a fifth of the items without any."""
    items = np.arange(count)
    return np.where(items % 5 == 4, -1, items // 2 % 2)


def small(method: str, **settings: object) -> Model:
    return create(method, **SMALL.get(method, {}) | settings)


def trained(method: str, epochs: int = 2, **settings: object) -> Model:
    """A model of the test's own, trained once in this process for all who ask for the same."""
    return copy.deepcopy(_trained(method, epochs, tuple(sorted((SMALL.get(method, {}) | settings).items()))))


@cache
def _trained(method: str, epochs: int, settings: tuple[tuple[str, object], ...]) -> Model:
    model = create(method, **dict(settings))
    exhaust(fit(model, data_for(method), TrainConfig(epochs=epochs)))
    return model


def exhaust(epochs: object) -> list:
    return list(epochs)


def vectors_of(model: Model, count: int = 40) -> torch.Tensor:
    """(count, D) for the world's pictures, whatever the model's role; of who makes pictures, `count` of these."""
    if model.method not in WITH_VECTORS:
        return model.sample(count // model.categories, torch.Generator().manual_seed(0)).flatten(1)
    side = model.image_size
    images = pictures(count, side).batch(range(count)) if side else None
    with torch.inference_mode():
        return model.embed(images) if model.method in SIMILAR else model.embed(images, torch.arange(count))


def write_picture(file: Path, kind: int, seed: int) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(picture(kind, seed, side=32)).save(file)


def write_table(file: Path, header: list[str], rows: list[list[object]]) -> None:
    with file.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([header, *rows])


def zipped(folder: Path, file: Path, rename: Callable[[str], str] = str) -> Path:
    with zipfile.ZipFile(file, "w") as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                archive.write(path, rename(path.relative_to(folder).as_posix()))
    return file
