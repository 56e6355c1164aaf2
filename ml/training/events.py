"""Files of events as TensorBoard reads them, without its libraries: TFRecords of `Event` messages with scalars.

The formats are those of TensorFlow's record_writer.h and of event.proto and summary.proto.
"""

import struct
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

CASTAGNOLI = 0x82F63B78  # the polynomial of CRC-32C, reversed
VERSION = b"brain.Event:2"


def _table() -> list[int]:
    rows = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (CASTAGNOLI if byte & 1 else 0)
        rows.append(byte)
    return rows


TABLE = _table()


def crc32c(data: bytes) -> int:
    """Return the CRC-32C of some bytes (RFC 3720, appendix B.4)."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ TABLE[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF


def _masked(data: bytes) -> bytes:
    crc = crc32c(data)
    return struct.pack("<I", ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF)


def record(data: bytes) -> bytes:
    """Return a TFRecord: the length, its checksum, the data, and their checksum."""
    length = struct.pack("<Q", len(data))
    return length + _masked(length) + data + _masked(data)


def _varint(number: int) -> bytes:
    found = bytearray()
    while number > 0x7F:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*found, number])


def _message(field: int, content: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(content)) + content


def event(at: float, step: int, scalars: Mapping[str, float]) -> bytes:
    """Return the message of some scalars after a step. at: seconds since 1970."""
    values = b"".join(
        _message(1, _message(1, tag.encode()) + _varint(2 << 3 | 5) + struct.pack("<f", value))
        for tag, value in scalars.items()
    )
    return _varint(1 << 3 | 1) + struct.pack("<d", at) + _varint(2 << 3) + _varint(step) + _message(5, values)


class EventFile:
    """A file of scalars by step, which TensorBoard may read while it grows."""

    def __init__(self, folder: Path):
        """Create a file in a folder. Those of earlier processes stay: TensorBoard reads all of a folder."""
        folder.mkdir(parents=True, exist_ok=True)
        now = time.time()
        self.file = folder / f"events.out.tfevents.{now:.6f}.visrec"
        begin = _varint(1 << 3 | 1) + struct.pack("<d", now) + _message(3, VERSION)
        self.file.write_bytes(record(begin))

    def add(self, step: int, scalars: Mapping[str, float]) -> None:
        """Append the scalars of a step."""
        with self.file.open("ab") as file:
            file.write(record(event(time.time(), step, scalars)))


def read(data: bytes) -> Iterable[bytes]:
    """Yield the messages in a file of events. Raises ValueError where a checksum is wrong."""
    while data:
        (length,) = struct.unpack("<Q", data[:8])
        content, data_end = data[12 : 12 + length], 12 + length
        if data[8:12] != _masked(data[:8]) or data[data_end : data_end + 4] != _masked(content):
            raise ValueError("a record is damaged")
        yield content
        data = data[data_end + 4 :]
