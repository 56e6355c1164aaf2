import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ml.data.decoding import CutOut, Part, Stretched, read_image
from ml.errors import UnreadableImage

RED = (200, 30, 30)


def encoded(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def bomb(side: int = 30_000) -> bytes:
    """A valid one-bit PNG of side x side black pixels, about a hundred kilobytes."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    squeeze, row = zlib.compressobj(1), bytes(1 + side // 8) * 100
    pixels = b"".join(squeeze.compress(row) for _ in range(side // 100)) + squeeze.flush()
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def test_a_tall_picture_is_padded_with_its_own_border():
    picture = Image.new("RGB", (20, 40), (240, 240, 250))
    picture.paste(RED, (5, 10, 15, 30))

    pixels = read_image(encoded(picture), (64, 64))

    assert pixels.shape == (64, 64, 3) and pixels.dtype == np.uint8
    assert (pixels[:, :16] == (240, 240, 250)).all()  # 20 x 40 becomes 32 x 64, with 16 columns on either side
    assert (pixels[:, 48:] == (240, 240, 250)).all()
    assert tuple(pixels[32, 32]) == RED


def test_a_tall_picture_is_stretched_to_a_size_that_says_so():
    picture = Image.new("RGB", (20, 40), (240, 240, 250))
    picture.paste(RED, (0, 0, 20, 20))  # the upper half

    pixels = read_image(encoded(picture), Stretched((64, 64)))

    assert pixels.shape == (64, 64, 3)
    assert (pixels[:28] == RED).all() and (pixels[36:] == (240, 240, 250)).all()


def test_a_size_equals_none_of_another_kind():
    assert Stretched((64, 64)) == Stretched((64, 64)) != Stretched((64, 32))
    assert {(64, 64), Stretched((64, 64)), Stretched((64, 64))} == {Stretched((64, 64)), (64, 64)}
    assert CutOut((64, 64)) == CutOut((64, 64)) != Stretched((64, 64)) != (64, 64)
    assert Stretched((64, 64)) != (64, 64) and len({(64, 64), Stretched((64, 64))}) == 2


def test_what_stands_out_is_cut_out_to_a_size_that_says_so():
    picture = Image.new("RGB", (80, 120), (140, 100, 60))
    picture.paste(RED, (10, 50, 50, 90))

    pixels = read_image(encoded(picture), CutOut((64, 64)))

    assert pixels.shape == (64, 64, 3)
    white = (pixels == 255).all(axis=2)
    assert white[:3].all() and white[-3:].all() and white[:, :3].all() and white[:, -3:].all()
    assert abs((~white).mean() - 0.85**2) < 0.06  # in the middle, as wide as most shops show products
    assert np.abs(pixels[32, 32].astype(int) - RED).max() < 8


def test_a_picture_on_white_is_not_cut_out():
    picture = Image.new("RGB", (80, 120), "white")
    picture.paste(RED, (10, 50, 50, 90))

    assert np.array_equal(read_image(encoded(picture), CutOut((64, 64))), read_image(encoded(picture), (64, 64)))


def test_a_part_is_of_the_upright_picture(tmp_path):
    picture = Image.new("RGB", (80, 40), "white")
    picture.paste(RED, (0, 0, 40, 40))  # the left half
    exif = picture.getexif()
    exif[0x0112] = 6  # to be turned clockwise by 90 degrees: the upper half
    picture.save(tmp_path / "picture.png", exif=exif)

    pixels = read_image(Part(tmp_path / "picture.png", (0.0, 0.0, 1.0, 0.5)), (32, 32))

    assert (pixels == RED).all()


def test_a_picture_lying_on_its_side_is_turned_upright():
    picture = Image.new("RGB", (32, 32), "white")
    picture.paste(RED, (0, 0, 32, 16))  # red above
    exif = picture.getexif()
    exif[0x0112] = 6  # to be turned clockwise by 90 degrees

    pixels = read_image(encoded(picture, "PNG", exif=exif), (32, 32))

    assert tuple(pixels[16, 28]) == RED
    assert tuple(pixels[16, 3]) == (255, 255, 255)


@pytest.mark.parametrize(
    "picture",
    [
        Image.new("CMYK", (8, 8), (0, 255, 255, 0)),
        Image.new("P", (8, 8), 1),
        Image.new("RGB", (8, 8), (255, 0, 0)),
    ],
    ids=lambda picture: picture.mode,
)
def test_other_modes_become_rgb(picture):
    if picture.mode == "P":
        picture.putpalette([0, 0, 0, 255, 0, 0])
    kind = "TIFF" if picture.mode == "CMYK" else "PNG"

    assert np.abs(read_image(encoded(picture, kind), (8, 8)).astype(int) - (255, 0, 0)).max() <= 3


@pytest.mark.parametrize("mode", ["L", "I;16"])
def test_grey_stays_as_bright_as_it_was(mode):
    grey = Image.fromarray(np.full((8, 8), 128 if mode == "L" else 128 * 257, np.uint8 if mode == "L" else np.uint16))

    assert (read_image(encoded(grey), (8, 8)) == 128).all()


@pytest.mark.parametrize("mode", ["RGBA", "LA", "PA"])
def test_what_is_transparent_becomes_white(mode):
    clear = Image.new("RGBA", (8, 8), (0, 0, 0, 0)).convert(mode)

    assert (read_image(encoded(clear, "TIFF" if mode == "PA" else "PNG"), (8, 8)) == 255).all()


def test_a_truncated_picture_is_refused(tmp_path):
    file = tmp_path / "half.jpg"
    whole = encoded(Image.effect_noise((64, 64), 50), "JPEG")
    file.write_bytes(whole[: len(whole) // 2])

    with pytest.raises(UnreadableImage, match="half.jpg.*truncated"):
        read_image(file, (32, 32))


def test_a_text_named_jpg_is_refused(tmp_path):
    file = tmp_path / "note.jpg"
    file.write_text("not a picture")

    with pytest.raises(UnreadableImage, match="note.jpg: not a picture in a known format"):
        read_image(file, (32, 32))


def test_a_bomb_is_refused_before_it_is_decoded():
    small_on_disk = bomb()
    assert len(small_on_disk) < 1_000_000

    with pytest.raises(UnreadableImage, match="pixels"):
        read_image(small_on_disk, (32, 32))


def test_just_above_the_limit_is_refused_with_the_size():
    with pytest.raises(UnreadableImage, match="8000 x 8000 pixels are more than 50 million"):
        read_image(bomb(8000), (32, 32))
    assert (read_image(bomb(8000), (32, 32), most_pixels=None) == 0).all()


def test_a_missing_file_is_refused_by_name():
    with pytest.raises(UnreadableImage, match="nowhere.jpg"):
        read_image(Path("nowhere.jpg"), (32, 32))


def test_a_large_jpeg_keeps_its_colours():
    large = Image.new("RGB", (1600, 1600), RED)

    pixels = read_image(io.BytesIO(encoded(large, "JPEG", quality=95)), (64, 64))

    assert np.abs(pixels.astype(int) - RED).max() <= 4
