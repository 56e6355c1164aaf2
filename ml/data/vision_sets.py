"""Sets that vision papers measure on, from files that the user has: nothing is fetched.

torchvision's own readers are not used: they accept no file but the original, byte for byte, so that nobody could try
them on a part of it; SVHN's wants scipy, and CIFAR-10's unpickles whatever the file holds.
"""

import gzip
import io
import pickle
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from PIL import Image

from ml.data import matlab
from ml.data.archives import Files
from ml.data.datasets import ImageSet, read_image_set, select_labels
from ml.errors import BadData

TRAIN, TEST = "train", "test"
FASHION = ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"]
CIFAR = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
DIGITS = [str(digit) for digit in range(10)]


@dataclass(frozen=True)
class Pixels:
    """A picture that lies in an array, (H, W) or (H, W, 3) uint8."""

    array: np.ndarray
    name: str

    def read_bytes(self) -> bytes:
        """Return a BMP, which is not compressed."""
        buffer = io.BytesIO()
        Image.fromarray(self.array).save(buffer, "BMP")
        return buffer.getvalue()

    @property
    def stamp(self) -> int:
        return zlib.crc32(self.array.tobytes())


def read(source: str | Path, split: str) -> ImageSet:
    """What `read_image_set` reads, or "SET:FOLDER" for the train or test split of a set of SETS.

    Raises BadData with the file that is missing or damaged, or the names of the sets where there is none of that name.
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


def _mnist(words: Sequence[str]) -> Callable[[Files, str], ImageSet]:
    def reader(files: Files, split: str) -> ImageSet:
        prefix = {TRAIN: "train", TEST: "t10k"}[split]
        return _from_arrays(
            _idx(files, f"{prefix}-images-idx3-ubyte"), _idx(files, f"{prefix}-labels-idx1-ubyte"), words, files
        )

    return reader


def _idx(files: Files, name: str) -> np.ndarray:
    """An IDX file of bytes, packed by gzip or not."""
    packed = files.named(f"{name}.gz")
    data = _content(files, f"{name}.gz" if packed else name, gzip.decompress if packed else bytes)
    shape = np.frombuffer(data, dtype=">i4", count=data[3], offset=4) if data[:3] == b"\0\0\x08" else ()
    if not len(shape) or len(data) != 4 + 4 * len(shape) + int(np.prod(shape)):
        raise BadData(f"{files.path}: {name} is no whole IDX file of bytes")
    return np.frombuffer(data, dtype=np.uint8, offset=4 + 4 * len(shape)).reshape(shape)


def _svhn(files: Files, split: str) -> ImageSet:
    arrays = _content(files, f"{split}_32x32.mat", matlab.read_arrays)
    if missing := {"X", "y"} - set(arrays):
        raise BadData(f"{files.path}: {split}_32x32.mat lacks {', '.join(sorted(missing))}")
    numbers = arrays["y"].ravel().astype(int) % 10  # there the digit 0 is called 10
    return _from_arrays(np.moveaxis(arrays["X"], 3, 0), numbers, DIGITS, files)


def _cifar(files: Files, split: str) -> ImageSet:
    names = {TRAIN: [f"data_batch_{number}" for number in range(1, 6)], TEST: ["test_batch"]}[split]
    batches = [_content(files, name, _unpickled) for name in names]
    pixels = np.concatenate([batch["data"] for batch in batches]).reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    return _from_arrays(pixels, np.concatenate([batch["labels"] for batch in batches]), CIFAR, files)


def _unpickled(data: bytes) -> Any:
    return _Unpickler(io.BytesIO(data), encoding="latin1").load()


class _Unpickler(pickle.Unpickler):
    """Arrays, lists and words; nothing that could run."""

    def find_class(self, module: str, name: str) -> Any:
        if module in ("numpy.core.multiarray", "numpy._core.multiarray") and name == "_reconstruct":
            return np._core.multiarray._reconstruct
        if (module, name) in {("numpy", "ndarray"), ("numpy", "dtype"), ("_codecs", "encode")}:
            return super().find_class(module, name)
        raise pickle.UnpicklingError(f"it holds {module}.{name}")


def _celeba(files: Files, split: str) -> ImageSet:
    wanted = {TRAIN: "0", TEST: "2"}[split]
    rows = {name: value for name, value in _rows(files, "list_eval_partition.txt") if value == wanted}
    identity = dict(_rows(files, "identity_CelebA.txt"))
    _, header, *lines = _content(files, "list_attr_celeba.txt", bytes.decode).splitlines()
    attributes = {name: marks for name, *marks in (line.split() for line in lines)}
    found = {PurePosixPath(name).name: name for name in files.pictures}
    if missing := [name for name in rows if name not in found]:
        raise BadData(f"{files.path}: there is no img_align_celeba/{missing[0]}; unpack img_align_celeba.zip there")
    values = {"identity": [identity.get(name, "") for name in rows]}
    for place, attribute in enumerate(header.split()):
        values[attribute] = [{"1": "yes", "-1": "no"}[attributes[name][place]] for name in rows]
    names = [found[name] for name in rows]
    return ImageSet(names, [files.by_name[name] for name in names], *select_labels(values))


def _tiny(files: Files, split: str) -> ImageSet:
    """The test pictures' labels were never published, so val stands for test."""
    if split == TRAIN:
        names = [name for name in files.pictures if PurePosixPath(name).parts[-4:-3] == ("train",)]
        words = [PurePosixPath(name).parts[-3] for name in names]
        wanted = "train/CLASS/images/"
    else:
        classes = dict(_rows(files, "val_annotations.txt"))
        names = [name for name in files.pictures if PurePosixPath(name).parts[-3:-1] == ("val", "images")]
        words = [classes.get(PurePosixPath(name).name, "") for name in names]
        wanted = "val/images/"
    if not names:
        raise BadData(f"{files.path}: there are no pictures in {wanted}")
    return ImageSet(names, [files.by_name[name] for name in names], *select_labels({"class": words}))


def _rows(files: Files, name: str) -> list[tuple[str, str]]:
    """The first two words of each line."""
    return [tuple(line.split()[:2]) for line in _content(files, name, bytes.decode).splitlines() if line.strip()]


def _content(files: Files, name: str, parse: Callable[[bytes], Any]) -> Any:
    found = files.named(name)
    if found is None:
        raise BadData(f"{files.path}: there is no {name}")
    try:
        return parse(files.by_name[found].read_bytes())
    except (OSError, EOFError, ValueError, zlib.error, pickle.UnpicklingError) as error:
        raise BadData(f"{files.path}: {found} cannot be read: {error}") from error


def _from_arrays(pixels: np.ndarray, numbers: np.ndarray, words: Sequence[str], files: Files) -> ImageSet:
    if len(pixels) != len(numbers):
        raise BadData(f"{files.path}: {len(pixels)} pictures, but {len(numbers)} labels")
    sources = [Pixels(np.ascontiguousarray(picture), str(place)) for place, picture in enumerate(pixels)]
    names = [source.name for source in sources]
    return ImageSet(names, sources, *select_labels({"class": [words[int(number)] for number in numbers]}))


SETS: dict[str, Callable[[Files, str], ImageSet]] = {
    "mnist": _mnist(DIGITS),
    "fashion-mnist": _mnist(FASHION),
    "svhn": _svhn,
    "cifar-10": _cifar,
    "celeba": _celeba,
    "tiny-imagenet": _tiny,
}
