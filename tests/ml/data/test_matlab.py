import struct
import zlib

import numpy as np
import pytest

from ml.data.matlab import read_arrays


def element(kind: int, content: bytes) -> bytes:
    return struct.pack("<II", kind, len(content)) + content + bytes(-len(content) % 8)


def matrix(name: bytes, values: np.ndarray, kind: int) -> bytes:
    flags = element(6, struct.pack("<II", 6, 0))
    shape = element(5, np.array(values.shape, "<i4").tobytes())
    short_name = struct.pack("<HH", 1, len(name)) + name.ljust(4, b"\0")  # in the tag itself
    return element(14, flags + shape + short_name + element(kind, values.tobytes(order="F")))


HEADER = b"MATLAB 5.0 MAT-file".ljust(124) + struct.pack("<H", 0x0100) + b"IM"


@pytest.mark.parametrize("compress", [False, True])
def test_arrays_are_read_by_name_in_column_order(compress):
    images, labels = np.arange(12, dtype=np.uint8).reshape(2, 3, 2), np.array([[1.5], [2.5]])
    elements = [matrix(b"X", images, 2), matrix(b"y", labels, 9)]
    if compress:
        packed = [zlib.compress(each) for each in elements]
        elements = [struct.pack("<II", 15, len(each)) + each for each in packed]

    arrays = read_arrays(HEADER + b"".join(elements))

    assert arrays.keys() == {"X", "y"}
    assert np.array_equal(arrays["X"], images) and np.array_equal(arrays["y"], labels)


@pytest.mark.parametrize("data", [b"", b"x" * 200, HEADER + element(14, b"short")])
def test_another_file_is_refused(data):
    with pytest.raises(ValueError, match="no MATLAB 5 file|damaged"):
        read_arrays(data)
