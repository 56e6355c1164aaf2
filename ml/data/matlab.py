"""Reader of numeric arrays in MATLAB 5 files, as SVHN is published; scipy's would be a dependency for this alone."""

import struct
import zlib
from collections.abc import Iterator

import numpy as np

HEADER = 128  # bytes
MATRIX, COMPRESSED = 14, 15
NUMBERS = {1: "i1", 2: "u1", 3: "<i2", 4: "<u2", 5: "<i4", 6: "<u4", 7: "<f4", 9: "<f8"}


def read_arrays(data: bytes) -> dict[str, np.ndarray]:
    """Read the file's arrays by name. Raises ValueError if it is no little-endian MATLAB 5 file of real numbers."""
    if data[126:128] != b"IM":
        raise ValueError("no MATLAB 5 file")
    try:
        # No generator: in one, the StopIteration of a damaged element would become a RuntimeError.
        return dict([_parse_array(content) for kind, content in _elements(data[HEADER:]) if kind == MATRIX])
    except (struct.error, zlib.error, StopIteration, KeyError) as error:
        raise ValueError(f"damaged, or no plain numbers: {error}") from error


def _elements(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield (kind, content) of each element, decompressed."""
    at = 0
    while at + 8 <= len(data):
        kind, size = struct.unpack_from("<II", data, at)
        if kind >> 16:  # a small element: its size is in the upper half, its content within the tag
            yield kind & 0xFFFF, data[at + 4 : at + 4 + (kind >> 16)]
            at += 8
        elif kind == COMPRESSED:
            yield from _elements(zlib.decompress(data[at + 8 : at + 8 + size]))
            at += 8 + size
        else:
            yield kind, data[at + 8 : at + 8 + size]
            at += 8 + -(-size // 8) * 8


def _parse_array(content: bytes) -> tuple[str, np.ndarray]:
    """Return name and values of a matrix element: flags, shape, name and numbers, in that order."""
    parts = _elements(content)
    next(parts)
    shape = np.frombuffer(next(parts)[1], dtype="<i4")
    name = next(parts)[1].decode("ascii")
    kind, numbers = next(parts)
    values = np.frombuffer(numbers, dtype=NUMBERS[kind])
    return name, values.reshape(shape, order="F")
