import numpy as np
import pytest
import torch
from PIL import Image

from ml.data.images import ImageArray, create_mapped
from ml.errors import UnreadableImage
from tests.ml.data.test_decoding import encoded


def test_an_array_keeps_order_and_comes_back_from_its_file(tmp_path):
    sources = [encoded(Image.new("RGB", (4, 4), (n, n, n))) for n in range(20)]

    array = ImageArray.decode(sources, (4, 4), file=tmp_path / "pixels.npy")

    mapped = np.load(tmp_path / "pixels.npy", mmap_mode="r")
    assert len(array) == 20 and mapped[:, 0, 0, 0].tolist() == list(range(20))
    batch = array.batch([19, 3])
    assert batch.shape == (2, 3, 4, 4) and batch.dtype == torch.float32
    assert batch[:, 0, 0, 0].tolist() == pytest.approx([19 / 255, 3 / 255])


def test_a_mapped_file_has_its_room_before_it_is_written_to(tmp_path):
    create_mapped(tmp_path / "pixels.npy", (1000, 32, 32, 3))

    found = (tmp_path / "pixels.npy").stat()
    assert found.st_blocks * 512 >= found.st_size > 3_000_000


def test_an_array_stops_at_what_it_cannot_read():
    with pytest.raises(UnreadableImage, match="not a picture"):
        ImageArray.decode([encoded(Image.new("RGB", (4, 4))), b"text"], (4, 4))
