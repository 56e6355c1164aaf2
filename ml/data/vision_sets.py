"""Readers of the data sets that vision papers measure on. The user provides the files: nothing is downloaded.

torchvision's readers are not used: they accept the original file alone, byte for byte, so that a part of it cannot be
tried; SVHN's needs scipy, and CIFAR-10's unpickles whatever the file holds.
"""

import gzip
import io
import math
import pickle
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

import numpy as np
from PIL import Image

from ml.data import matlab
from ml.data.archives import Files
from ml.data.datasets import ImageSet, read_image_set, select_labels
from ml.errors import BadData

T = TypeVar("T")
TRAIN, TEST = "train", "test"
FASHION = ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"]
CIFAR = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
DIGITS = [str(digit) for digit in range(10)]


@dataclass(frozen=True)
class Pixels:
    """An image in an array, (H, W) or (H, W, 3) uint8."""

    array: np.ndarray
    name: str

    def read_bytes(self) -> bytes:
        """Return a BMP, which is not compressed."""
        buffer = io.BytesIO()
        Image.fromarray(self.array).save(buffer, "BMP")
        return buffer.getvalue()

    @property
    def stamp(self) -> int:
        """Return a number that changes when the pixels do."""
        return zlib.crc32(self.array.tobytes())


def read(source: str | Path, split: str) -> ImageSet:
    """Read a path as `read_image_set` does, or "SET:FOLDER", the train or test split of a set of SETS.

    Raises BadData with the file that is missing or damaged, or with the names of the sets if there is no such set.
    """
    name, _, folder = str(source).partition(":")
    if not folder or "/" in name or Path(source).exists():
        return read_image_set(Path(source))
    if name not in SETS:
        raise BadData(f"{source} does not exist, nor a set called {name}; there are: {', '.join(SETS)}")
    try:
        return SETS[name](Files(Path(folder)), split)
    except (LookupError, TypeError, ValueError) as error:  # a file that can be read, but holds something else
        raise BadData(f"{folder}: its files are not as those of {name} are: {error!r}") from error


def _mnist_reader(class_names: Sequence[str]) -> Callable[[Files, str], ImageSet]:
    def reader(files: Files, split: str) -> ImageSet:
        prefix = {TRAIN: "train", TEST: "t10k"}[split]
        return _from_arrays(
            _read_idx(files, f"{prefix}-images-idx3-ubyte"),
            _read_idx(files, f"{prefix}-labels-idx1-ubyte"),
            class_names,
            files,
        )

    return reader


def _read_idx(files: Files, name: str) -> np.ndarray:
    """Read an IDX file of bytes, compressed by gzip or not."""
    packed = files.find(f"{name}.gz")
    data = _parse(files, f"{name}.gz" if packed else name, gzip.decompress if packed else bytes)
    shape = np.frombuffer(data, dtype=">i4", count=data[3], offset=4).tolist() if data[:3] == b"\0\0\x08" else []
    if not shape or len(data) != 4 + 4 * len(shape) + math.prod(shape):
        raise BadData(f"{files.path}: {name} is no whole IDX file of bytes")
    return np.frombuffer(data, dtype=np.uint8, offset=4 + 4 * len(shape)).reshape(shape)


def _read_svhn(files: Files, split: str) -> ImageSet:
    arrays = _parse(files, f"{split}_32x32.mat", matlab.read_arrays)
    if missing := {"X", "y"} - set(arrays):
        raise BadData(f"{files.path}: {split}_32x32.mat lacks {', '.join(sorted(missing))}")
    numbers = arrays["y"].ravel().astype(int) % 10  # there the digit 0 is called 10
    return _from_arrays(np.moveaxis(arrays["X"], 3, 0), numbers, DIGITS, files)


def _read_cifar(files: Files, split: str) -> ImageSet:
    names = {TRAIN: [f"data_batch_{number}" for number in range(1, 6)], TEST: ["test_batch"]}[split]
    batches = [_parse(files, name, _unpickle) for name in names]
    pixels = np.concatenate([batch["data"] for batch in batches]).reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    return _from_arrays(pixels, np.concatenate([batch["labels"] for batch in batches]), CIFAR, files)


def _unpickle(data: bytes) -> Any:
    return _SafeUnpickler(io.BytesIO(data), encoding="latin1").load()


class _SafeUnpickler(pickle.Unpickler):
    """Unpickler of arrays, lists and text, which runs nothing."""

    def find_class(self, module: str, name: str) -> Any:
        if module in ("numpy.core.multiarray", "numpy._core.multiarray") and name == "_reconstruct":
            return super().find_class("numpy._core.multiarray", name)
        if (module, name) in {("numpy", "ndarray"), ("numpy", "dtype"), ("_codecs", "encode")}:
            return super().find_class(module, name)
        raise pickle.UnpicklingError(f"it holds {module}.{name}")


def _read_celeba(files: Files, split: str) -> ImageSet:
    wanted = {TRAIN: "0", TEST: "2"}[split]
    rows = {name: value for name, value in _read_pairs(files, "list_eval_partition.txt") if value == wanted}
    identity = dict(_read_pairs(files, "identity_CelebA.txt"))
    _, header, *lines = _parse(files, "list_attr_celeba.txt", bytes.decode).splitlines()
    attributes = {name: marks for name, *marks in (line.split() for line in lines)}
    found = {PurePosixPath(name).name: name for name in files.images}
    if missing := [name for name in rows if name not in found]:
        raise BadData(f"{files.path}: there is no img_align_celeba/{missing[0]}; unpack img_align_celeba.zip there")
    values = {"identity": [identity.get(name, "") for name in rows]}
    for column, attribute in enumerate(header.split()):
        values[attribute] = [{"1": "yes", "-1": "no"}[attributes[name][column]] for name in rows]
    names = [found[name] for name in rows]
    return ImageSet(names, [files.by_name[name] for name in names], *select_labels(values))


def _read_tiny_imagenet(files: Files, split: str) -> ImageSet:
    """Read train, or val as the test split: the labels of the test images were never published."""
    if split == TRAIN:
        names = [name for name in files.images if PurePosixPath(name).parts[-4:-3] == ("train",)]
        cells = [PurePosixPath(name).parts[-3] for name in names]
        wanted = "train/CLASS/images/"
    else:
        classes = dict(_read_pairs(files, "val_annotations.txt"))
        names = [name for name in files.images if PurePosixPath(name).parts[-3:-1] == ("val", "images")]
        cells = [classes.get(PurePosixPath(name).name, "") for name in names]
        wanted = "val/images/"
    if not names:
        raise BadData(f"{files.path}: there are no pictures in {wanted}")
    return ImageSet(names, [files.by_name[name] for name in names], *select_labels({"class": cells}))


def _read_pairs(files: Files, name: str) -> list[tuple[str, str]]:
    """Read the first two words of each line."""
    rows = (line.split() for line in _parse(files, name, bytes.decode).splitlines() if line.strip())
    return [(first, second) for first, second, *_ in rows]


def _parse(files: Files, name: str, parse: Callable[[bytes], T]) -> T:
    """Read and parse the file of that name. Raises BadData if it is missing or damaged."""
    found = files.find(name)
    if found is None:
        raise BadData(f"{files.path}: there is no {name}")
    try:
        return parse(files.by_name[found].read_bytes())
    except (OSError, EOFError, ValueError, zlib.error, pickle.UnpicklingError) as error:
        raise BadData(f"{files.path}: {found} cannot be read: {error}") from error


def _from_arrays(pixels: np.ndarray, numbers: np.ndarray, class_names: Sequence[str], files: Files) -> ImageSet:
    if len(pixels) != len(numbers):
        raise BadData(f"{files.path}: {len(pixels)} pictures, but {len(numbers)} labels")
    sources = [Pixels(np.ascontiguousarray(image), str(index)) for index, image in enumerate(pixels)]
    names = [source.name for source in sources]
    return ImageSet(names, sources, *select_labels({"class": [class_names[int(number)] for number in numbers]}))


SETS: dict[str, Callable[[Files, str], ImageSet]] = {
    "mnist": _mnist_reader(DIGITS),
    "fashion-mnist": _mnist_reader(FASHION),
    "svhn": _read_svhn,
    "cifar-10": _read_cifar,
    "celeba": _read_celeba,
    "tiny-imagenet": _read_tiny_imagenet,
}
