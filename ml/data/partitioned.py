"""DVBPR's published data sets: a pickle of six objects in an .npy file, read without running what it says."""

import pickle
import re
import tokenize
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

# Of kang205/DVBPR's six conditional classes, by the place of the one that is true in `c`.
GARMENTS = ("men's tops", "women's tops", "men's bottoms", "women's bottoms", "men's shoes", "women's shoes")
PARTS = ("train", "validation", "test")
NUMBERS = re.compile(r"[biuf][1248]")
# What reading a damaged pickle, or one of something else, ends in.
DAMAGE = (
    *(pickle.UnpicklingError, ValueError, TypeError, LookupError, AttributeError, EOFError, OverflowError),
    tokenize.TokenError,  # of numpy, where a header's bracket is never closed
)

Entry = Mapping[str | bytes, Any]


class Partitioned:
    """Who took what, already divided, and the items with their pictures."""

    def __init__(self, file: Path) -> None:
        """Raises one of DAMAGE."""
        *users, self.items, _, _ = _six(file)
        self.users = dict(zip(PARTS, users, strict=True))
        for name, part in (*self.users.items(), ("items", self.items)):
            if not isinstance(part, dict) or not all(isinstance(key, int) for key in part):
                raise ValueError(f"the {name} are no dict of numbers")

    def interactions(self) -> Iterator[tuple[int, int, float, str, str]]:
        """(user, item, time, rating or "", part), each pair once a part; where there is no time, the place in the list.

        Raises ValueError for a review that names no item.
        """
        for part, users in self.users.items():
            for user, reviews in users.items():
                seen = set()
                for place, review in enumerate(reviews):
                    item = field(review, "productid")  # item 0 is one, too
                    if not isinstance(item, int):
                        raise ValueError(f"user {user}, {part}: a review of no item")
                    if item not in seen:
                        seen.add(item)
                        rating = field(review, "overall")
                        when = field(review, "unixReviewTime")
                        yield user, item, place if when is None else when, "" if rating is None else rating, part


def field(entry: Entry, name: str) -> Any:
    """The value under this key, whichever Python wrote it and however it was loaded since; None if there is none."""
    for key in (name, name.encode()):
        if key in entry:
            value = entry[key]
            return value.value() if isinstance(value, _Array) else value
    return None


def text(value: str | bytes | None) -> str:
    """Words as they were meant: Python 2 had them as UTF-8, of which Python 3 may have made a string of latin-1."""
    try:
        return (value.encode("latin-1") if isinstance(value, str) else value or b"").decode("utf-8")
    except UnicodeError:
        return value if isinstance(value, str) else value.decode("latin-1")


def picture(entry: Entry) -> bytes | None:
    """The bytes of an item's picture, which Python 3 may have made a string of."""
    value = field(entry, "imgs")
    return value.encode("latin-1") if isinstance(value, str) else value


def category(entry: Entry) -> str:
    """One of GARMENTS where the set has them, else the end of the first of the shop's own paths; "" without either."""
    if (marks := field(entry, "c")) is not None:
        return GARMENTS[list(marks).index(True)] if any(marks) else ""
    paths = field(entry, "categories")
    return text(paths[0][-1]) if paths and paths[0] else ""


def _six(file: Path) -> list[Any]:
    with file.open("rb") as stream:
        version = np.lib.format.read_magic(stream)
        read_header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, _, dtype = read_header(stream)
        if not dtype.hasobject or shape != (6,):
            raise ValueError(f"an array of {dtype} and shape {shape}, not of six objects")
        array = _Inert(stream, encoding="bytes").load()
    six = array.value() if isinstance(array, _Array) else None
    if not isinstance(six, list) or len(six) != 6:
        raise ValueError("the array is not of six objects")
    return six


class _Array:
    """What a pickle says of a numpy array, kept as data."""

    def __init__(self, *_: object) -> None:
        self.said: tuple[Any, ...] = ()

    def __setstate__(self, said: tuple[Any, ...]) -> None:
        self.said = said

    def value(self) -> list[Any]:
        _, _, dtype, _, content = self.said
        return content if isinstance(content, list) else _numbers(dtype, content)


class _Dtype:
    def __init__(self, name: str | bytes, *_: object) -> None:
        self.name = text(name)

    def __setstate__(self, said: object) -> None:
        """Byte order and the like: these sets come from machines as little-endian as ours."""


def _numbers(dtype: _Dtype, content: bytes | str) -> list[Any]:
    if not NUMBERS.fullmatch(dtype.name):
        raise ValueError(f"numbers of type {dtype.name}")
    return np.frombuffer(content.encode("latin-1") if isinstance(content, str) else content, dtype.name).tolist()


def _number(dtype: _Dtype, content: bytes | str) -> Any:
    return _numbers(dtype, content)[0]


def _as_bytes(content: str, _encoding: str) -> bytes:
    return content.encode("latin-1")  # so Python 3 writes bytes for Python 2


def _empty_dict(*_: object) -> dict[Any, Any]:
    return {}


ALLOWED: dict[tuple[str, str], Callable[..., Any]] = {
    ("numpy", "ndarray"): _Array,
    ("numpy", "dtype"): _Dtype,
    ("_codecs", "encode"): _as_bytes,
    ("collections", "defaultdict"): _empty_dict,
    **{("builtins", container.__name__): container for container in (dict, list, set, tuple)},
    **{(f"numpy.{core}.multiarray", "_reconstruct"): _Array for core in ("core", "_core")},
    **{(f"numpy.{core}.multiarray", "scalar"): _number for core in ("core", "_core")},
}


class _Inert(pickle.Unpickler):
    """A pickle names what is to be called; here that is a table of our own, and whatever else it names is refused."""

    def find_class(self, module: str, name: str) -> Callable[..., Any]:
        if (module, name) not in ALLOWED:
            raise pickle.UnpicklingError(f"it wants {module}.{name}, which no data needs")
        return ALLOWED[module, name]
