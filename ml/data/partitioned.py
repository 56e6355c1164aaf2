"""Reader of DVBPR's published data sets: a pickle of six objects in an .npy file, of which nothing is run."""

import pickle
import re
import tokenize
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

# kang205/DVBPR's six conditional classes, in the order of the marks in `c`.
CLASSES = ("men's tops", "women's tops", "men's bottoms", "women's bottoms", "men's shoes", "women's shoes")
PARTS = ("train", "validation", "test")
NUMBERS = re.compile(r"[biuf][1248]")
# Raised by reading a damaged pickle, or one of something else.
DAMAGE = (
    *(pickle.UnpicklingError, ValueError, TypeError, LookupError, AttributeError, EOFError, OverflowError),
    tokenize.TokenError,  # of numpy, where a header's bracket is never closed
)

Entry = Mapping[str | bytes, Any]


class Partitioned:
    """Interactions, already split, and the items with their images."""

    def __init__(self, file: Path) -> None:
        """Read the file. Raises one of DAMAGE."""
        *users, self.items, _, _ = _read_six(file)
        self.users = dict(zip(PARTS, users, strict=True))
        for name, part in (*self.users.items(), ("items", self.items)):
            if not isinstance(part, dict) or not all(isinstance(key, int) for key in part):
                raise ValueError(f"the {name} are no dict of numbers")

    def interactions(self) -> Iterator[tuple[int, int, float, str, str]]:
        """Yield (user, item, time, rating or "", part), each pair once a part.

        Where there is no time, the position in the list takes its place. Raises ValueError for a review without the
        number of an item.
        """
        for part, users in self.users.items():
            for user, reviews in users.items():
                seen = set()
                for position, review in enumerate(reviews):
                    item = get_field(review, "productid")  # 0 is an item, too
                    if not isinstance(item, int):
                        raise ValueError(
                            f"user {user}, {part}: productid of a review is {item!r}; it must be the number of an item"
                        )
                    if item not in seen:
                        seen.add(item)
                        rating = get_field(review, "overall")
                        when = get_field(review, "unixReviewTime")
                        yield user, item, position if when is None else when, "" if rating is None else rating, part


def get_field(entry: Entry, name: str) -> Any:
    """Return the value under this key, as text or as bytes, as Python 2 and 3 write it; None if there is none."""
    for key in (name, name.encode()):
        if key in entry:
            value = entry[key]
            return value.value() if isinstance(value, _Array) else value
    return None


def decode_text(value: str | bytes | None) -> str:
    """Decode text that Python 2 stored as UTF-8 and that Python 3 may have read as latin-1."""
    content = value or b""
    try:
        return (content.encode("latin-1") if isinstance(content, str) else content).decode("utf-8")
    except UnicodeError:
        return content if isinstance(content, str) else content.decode("latin-1")


def get_image(entry: Entry) -> bytes | None:
    """Return the bytes of an item's image, which Python 3 may have read as a string of latin-1."""
    value = get_field(entry, "imgs")
    return value.encode("latin-1") if isinstance(value, str) else value


def get_category(entry: Entry) -> str:
    """Return one of CLASSES where the set has them, else the last part of the shop's first path, else ""."""
    if (marks := get_field(entry, "c")) is not None:
        return CLASSES[list(marks).index(True)] if any(marks) else ""
    paths = get_field(entry, "categories")
    return decode_text(paths[0][-1]) if paths and paths[0] else ""


def _read_six(file: Path) -> list[Any]:
    with file.open("rb") as stream:
        version = np.lib.format.read_magic(stream)
        read_header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, _, dtype = read_header(stream)
        if not dtype.hasobject or shape != (6,):
            raise ValueError(
                f"the file has an array of {dtype} with shape {shape}; it must have six objects, shape (6,)"
            )
        array = _SafeUnpickler(stream, encoding="bytes").load()
    six = array.value() if isinstance(array, _Array) else None
    if not isinstance(six, list) or len(six) != 6:
        raise ValueError("the array does not have six objects")
    return six


class _Array:
    """The state of a pickled numpy array, kept as data."""

    def __init__(self, *_: object) -> None:
        self.state: tuple[Any, ...] = ()

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self.state = state

    def value(self) -> list[Any]:
        _, _, dtype, _, content = self.state
        return content if isinstance(content, list) else _to_numbers(dtype, content)


class _Dtype:
    def __init__(self, name: str | bytes, *_: object) -> None:
        self.name = decode_text(name)

    def __setstate__(self, state: object) -> None:
        """Ignore byte order and the like: these sets come from little-endian machines."""


def _to_numbers(dtype: _Dtype, content: bytes | str) -> list[Any]:
    if not NUMBERS.fullmatch(dtype.name):
        raise ValueError(
            f"the file has numbers of type {dtype.name!r}; they must be integers, floats or booleans of 1 to 8 bytes"
        )
    data = content.encode("latin-1") if isinstance(content, str) else content
    numbers: list[Any] = np.frombuffer(data, dtype.name).tolist()
    return numbers


def _to_number(dtype: _Dtype, content: bytes | str) -> Any:
    return _to_numbers(dtype, content)[0]


def _to_bytes(content: str, _encoding: str) -> bytes:
    return content.encode("latin-1")  # so Python 3 writes bytes for Python 2


def _make_empty_dict(*_: object) -> dict[Any, Any]:
    return {}


ALLOWED: dict[tuple[str, str], Callable[..., Any]] = {
    ("numpy", "ndarray"): _Array,
    ("numpy", "dtype"): _Dtype,
    ("_codecs", "encode"): _to_bytes,
    ("collections", "defaultdict"): _make_empty_dict,
    **{("builtins", container.__name__): container for container in (dict, list, set, tuple)},
    **{(f"numpy.{core}.multiarray", "_reconstruct"): _Array for core in ("core", "_core")},
    **{(f"numpy.{core}.multiarray", "scalar"): _to_number for core in ("core", "_core")},
}


class _SafeUnpickler(pickle.Unpickler):
    """Unpickler that calls only the functions of ALLOWED and refuses every other name."""

    def find_class(self, module: str, name: str) -> Callable[..., Any]:
        if (module, name) not in ALLOWED:
            raise pickle.UnpicklingError(f"it wants {module}.{name}, which no data needs")
        return ALLOWED[module, name]
