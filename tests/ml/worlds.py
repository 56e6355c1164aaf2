"""Toy data with a known answer: red discs and blue stripes, and two groups of users who take one kind each."""

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
from ml.configs.methods import METHODS, method_of
from ml.contract import Model, SimilarModel
from ml.data.images import ImageArray
from ml.data.interactions import Interactions, PersonalData
from ml.data.labelled_images import LabelledImages
from ml.models.factory import create
from ml.training.loop import TrainConfig, fit

# One of torchvision's networks stands for all: they share their code, and most of them are large.
CONTRACT = sorted(set(METHODS) - set(BACKBONES) | {"squeezenet1_1"})
ENCODERS = ["open_clip:tiny", "timm:test_efficientnet"]  # one of each library
SIMILAR = [*(name for name in CONTRACT if METHODS[name].role == "similar"), *ENCODERS]
PERSONAL = [name for name in CONTRACT if METHODS[name].role == "personal"]
WITH_VECTORS = [*SIMILAR, *PERSONAL]  # the others generate images
SMALL = {
    "visrec": {"batch_size": 16},
    "age": {"width": 8, "batch_size": 20},
    "infogan": {"width": 4, "batch_size": 8},
    "squeezenet1_1": {"image_size": 64},  # conftest.py adds `weights`, a file
    "vae": {"batch_size": 10},
    "lsgan": {"width": 8, "batch_size": 8},
    "cae": {"batch_size": 10},
    "dvbpr": {"dimensions": 8},
    "hybrid": {"factors": 8, "dimensions": 8},
    "bpr-mf": {"factors": 8, "learning_rate": 0.05},
    "fm": {"factors": 8, "learning_rate": 0.1},
    "ials": {"factors": 8},
    "lightgcn": {"factors": 8, "batch_size": 16, "decay": 0.001},
    "warp": {"factors": 8, "batch_size": 16, "decay": 0.02},
    "vbpr": {"factors": 10, "visual_factors": 10, "batch_size": 16},
    "deepstyle": {"factors": 8, "batch_size": 16},
    "sasrec": {"factors": 8, "length": 5, "blocks": 1, "batch_size": 8, "learning_rate": 0.01},
    "cae-bpr": {"dimensions": 8, "cae_epochs": 1, "batch_size": 10},
    "inception-bpr": {"dimensions": 8, "backbone": "squeezenet1_1", "image_size": 64},  # and `weights`, too
    "open_clip:tiny": {},  # and to these, too
    "timm:test_efficientnet": {"image_size": 64, "dimensions": 16},
}


def toy_image(kind: int, seed: int, side: int | tuple[int, int] = 64) -> np.ndarray:
    """(H, W, 3) uint8 on white: a red disc for kind 0, blue stripes for kind 1, another for each seed."""
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


def toy_images(count: int, side: int | tuple[int, int] = 64) -> ImageArray:
    """Discs at even indices, stripes at odd ones."""
    return ImageArray(np.stack([toy_image(n % 2, n, side) for n in range(count)]))


def toy_interactions(users: int = 24, items: int = 40, taken: int = 6) -> Interactions:
    """Even users take discs, odd ones stripes, all from the first half of the items: the second half is cold."""
    rng = np.random.default_rng(0)
    favourites = [rng.permutation(np.arange(user % 2, items // 2, 2))[:taken] for user in range(users)]
    return Interactions(
        users=np.repeat(np.arange(users), taken),
        items=np.concatenate(favourites),
        timestamps=np.tile(np.arange(taken, dtype=float), users),
        n_users=users,
        n_items=items,
    )


def toy_labelled_images(count: int = 40) -> LabelledImages:
    return LabelledImages(toy_images(count), np.arange(count) % 2, ("discs", "stripes"))


def data_for(method: str, count: int = 40) -> ImageArray | PersonalData | LabelledImages:
    role = method_of(method).role
    if role == "design":
        return toy_labelled_images(count)
    side = small(method).image_size
    images = toy_images(count, side) if side else None
    if role == "similar":
        return images
    return PersonalData(images, toy_interactions(items=count).leave_one_out().train, categories(count))


def categories(count: int = 40) -> np.ndarray:
    """Two categories independent of the kinds; a fifth of the items has none."""
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
    """(count, D) vectors of the toy images, whatever the model's role; of a design model `count` flat images."""
    if not model.metric:
        return model.sample(count // model.categories, torch.Generator().manual_seed(0)).flatten(1)
    side = model.image_size
    images = toy_images(count, side).batch(range(count)) if side else None
    with torch.inference_mode():
        return model.embed(images) if isinstance(model, SimilarModel) else model.embed(images, torch.arange(count))


def write_toy_image(file: Path, kind: int, seed: int) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(toy_image(kind, seed, side=32)).save(file)


def write_table(file: Path, header: list[str], rows: list[list[object]]) -> None:
    with file.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([header, *rows])


def zipped(folder: Path, file: Path, rename: Callable[[str], str] = str) -> Path:
    with zipfile.ZipFile(file, "w") as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                archive.write(path, rename(path.relative_to(folder).as_posix()))
    return file
