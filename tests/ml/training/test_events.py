import struct

import pytest

from ml.training import events
from ml.training.events import EventFile


@pytest.mark.parametrize(
    ("data", "checksum"),
    [  # RFC 3720, appendix B.4, and the check value of CRC-32/ISCSI
        (bytes(32), 0x8A9136AA),
        (b"\xff" * 32, 0x62A8AB43),
        (bytes(range(32)), 0x46DD794E),
        (b"123456789", 0xE3069283),
    ],
)
def test_checksums_are_those_of_the_standard(data, checksum):
    assert events.crc32c(data) == checksum


def test_a_file_has_its_version_and_then_an_event_for_each_step(tmp_path):
    file = EventFile(tmp_path / "tensorboard")
    file.add(1, {"all": 2.5})
    file.add(300, {"all": 0.5, "all/kl": 1.25})

    first, second, third = events.read(file.file.read_bytes())

    assert first[9:] == b"\x1a\x0dbrain.Event:2"
    assert second[9:] == b"\x10\x01" + b"\x2a\x0c\x0a\x0a" + b"\x0a\x03all" + b"\x15" + struct.pack("<f", 2.5)
    assert third[9:12] == b"\x10\xac\x02"  # 300 as a varint
    assert file.file.name.startswith("events.out.tfevents.")


def test_a_later_process_begins_a_file_of_its_own(tmp_path):
    EventFile(tmp_path).add(1, {"all": 1.0})
    EventFile(tmp_path).add(2, {"all": 1.0})

    assert len([*tmp_path.iterdir()]) == 2


def test_a_damaged_record_is_noticed(tmp_path):
    file = EventFile(tmp_path)
    file.add(1, {"all": 1.0})
    data = bytearray(file.file.read_bytes())
    data[-6] ^= 1

    with pytest.raises(ValueError, match="damaged"):
        [*events.read(bytes(data))]
