"""catalog and ml may not import each other; what both of them do with files is compared here."""

import io
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from catalog import errors as shop_errors
from catalog import images as shop_images
from catalog.importers import archive as shop_archive
from ml.data import decoding
from ml.data.archives import Files
from ml.errors import UnreadableImage
from tests.catalog.pictures import HEIC, in_swapped_colours

WIDTH, HEIGHT = 12, 9


def rgb() -> Image.Image:
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8))


def rgba() -> Image.Image:
    return Image.fromarray(np.random.default_rng(1).integers(0, 256, (HEIGHT, WIDTH, 4), dtype=np.uint8))


def deep_grey() -> np.ndarray:
    """(H, W) uint16, among them values that 256 and 257 divide to different greys."""
    return (np.arange(HEIGHT * WIDTH, dtype=np.uint32) * 607 % 65536).astype(np.uint16).reshape(HEIGHT, WIDTH)


def encode(image: Image.Image, file_format: str, **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, file_format, **options)
    return stream.getvalue()


def big_endian_tiff(grey: np.ndarray) -> bytes:
    """A TIFF of one strip, which Pillow opens as I;16B and cannot write itself."""
    height, width = grey.shape
    strip = grey.astype(">u2").tobytes()
    short, long = ((lambda value: struct.pack(">HH", value, 0)), (lambda value: struct.pack(">I", value)))
    tags = [
        *((256, 3, short(width)), (257, 3, short(height)), (258, 3, short(16)), (259, 3, short(1))),
        *((262, 3, short(1)), (273, 4, long(8)), (277, 3, short(1)), (278, 3, short(height))),
        (279, 4, long(len(strip))),
    ]
    directory = b"".join(struct.pack(">HHI", tag, kind, 1) + value for tag, kind, value in tags)
    return b"MM\0*" + long(8 + len(strip)) + strip + struct.pack(">H", len(tags)) + directory + long(0)


def turned() -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned clockwise by 90 degrees
    return exif


def frames(file_format: str, **options: object) -> bytes:
    return encode(rgb(), file_format, save_all=True, append_images=[rgb().rotate(180)], **options)


AWKWARD = {
    "16-bit grey PNG": encode(Image.fromarray(deep_grey()), "PNG"),
    "16-bit grey PNG, one grey transparent": encode(Image.fromarray(deep_grey()), "PNG", transparency=607),
    "16-bit grey TIFF": encode(Image.fromarray(deep_grey()), "TIFF"),
    "16-bit grey TIFF, big-endian": big_endian_tiff(deep_grey()),
    "32-bit TIFF, partly out of range": encode(Image.fromarray(deep_grey().astype(np.int32) * 3 - 30_000), "TIFF"),
    "float TIFF": encode(Image.fromarray(deep_grey().astype(np.float32) / 100 - 50), "TIFF"),
    "palette": encode(rgb().convert("P"), "PNG"),
    "palette, one colour transparent": encode(rgb().convert("P"), "PNG", transparency=3),
    "palette, alpha for each colour": encode(rgb().convert("P"), "PNG", transparency=bytes(range(256))),
    "LA": encode(rgba().convert("LA"), "PNG"),
    "L, one grey transparent": encode(rgb().convert("L"), "PNG", transparency=77),
    "RGBA": encode(rgba(), "PNG"),
    "RGBA WebP": encode(rgba(), "WEBP", lossless=True),
    "RGB, one colour transparent": encode(rgb(), "PNG", transparency=rgb().getpixel((0, 0))),
    "CMYK JPEG": encode(rgb().convert("CMYK"), "JPEG"),
    "CMYK TIFF": encode(rgb().convert("CMYK"), "TIFF"),
    "JPEG turned by EXIF": encode(rgb(), "JPEG", exif=turned()),
    "RGBA PNG turned by EXIF": encode(rgba(), "PNG", exif=turned()),
    "1-bit": encode(rgb().convert("1"), "PNG"),
    "1-bit, black transparent": encode(rgb().convert("1"), "PNG", transparency=0),
    "animated GIF": frames("GIF", duration=100, loop=0),
    "GIF, one colour transparent": encode(rgb().convert("P"), "GIF", transparency=3),
    "JPEG with a second image": frames("MPO"),
    "BMP": encode(rgb(), "BMP"),
}


def test_both_rooms_read_the_pictures_of_iphones_and_the_colours_of_profiles():
    for data in (HEIC, in_swapped_colours(Image.new("RGB", (32, 16), (220, 40, 60)), "PNG")):
        shown = Image.open(io.BytesIO(shop_images.shrink_to_jpeg(data, 32))).convert("RGB")
        assert np.abs(decoding.read_image(data, (16, 32)).astype(int) - np.asarray(shown)).mean() < 4


def shop_pixels(data: bytes) -> np.ndarray:
    with shop_images.decoded(data) as image:
        return np.asarray(shop_images.to_upright_rgb(image))


@pytest.mark.parametrize("name", AWKWARD)
def test_both_rooms_decode_a_file_to_the_same_pixels(name):
    expected = shop_pixels(AWKWARD[name])

    # At the image's own size ml neither scales nor pads.
    assert np.array_equal(decoding.read_image(AWKWARD[name], expected.shape[:2]), expected)


def test_16_bits_are_divided_by_256():
    expected = np.repeat((deep_grey() // 256).astype(np.uint8)[:, :, None], 3, axis=2)

    assert (expected != (deep_grey() // 257)[:, :, None]).any()
    for name in ("16-bit grey PNG", "16-bit grey TIFF", "16-bit grey TIFF, big-endian"):
        assert np.array_equal(shop_pixels(AWKWARD[name]), expected)


@pytest.mark.parametrize("name", AWKWARD)
def test_the_shop_takes_each_of_them_as_a_product_image(name):
    image = shop_images.read_image(AWKWARD[name])

    assert f".{image.extension}" in decoding.SUFFIXES
    assert {image.width, image.height} == {WIDTH, HEIGHT}


def test_both_rooms_take_the_same_suffixes_and_formats():
    assert shop_archive.SUFFIXES == decoding.SUFFIXES
    assert set(shop_images.FORMATS) == set(decoding.FORMATS)
    assert {f".{extension}" for extension in shop_images.FORMATS.values()} <= decoding.SUFFIXES


def test_both_rooms_refuse_what_is_in_another_format():
    portable = encode(rgb(), "PPM")

    with pytest.raises(shop_errors.UnreadableImage, match="not a picture"):
        shop_images.read_image(portable)
    with pytest.raises(UnreadableImage, match="not a picture"):
        decoding.read_image(portable, (HEIGHT, WIDTH))


LISTED = ["a/1.jpg", "a/2.TIFF", "a/b/3.jpeg", "a/b/notes.txt", "top.webp"]
HIDDEN = [".hidden/4.jpg", "a/.5.jpg", "a/.git/6.jpg", "__MACOSX/7.jpg", "__MACOSX/a/._1.jpg", "a/__MACOSX/8.jpg"]
NOT_MACOS = "__MACOSX_photos/9.jpg"  # a shop's folder, whatever its name begins with


def test_both_rooms_list_the_same_files_of_a_folder(tmp_path):
    root, beside = tmp_path / "root", tmp_path / "beside"
    for file in (*(root / name for name in (*LISTED, *HIDDEN, NOT_MACOS)), beside / "10.png"):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"x")
    (root / "linked").symlink_to(beside)
    (root / "a" / "back").symlink_to(root)
    (root / "a" / "up").symlink_to("..")
    (root / "a" / "self").symlink_to(root / "a")
    (beside / "round").symlink_to(root)
    (root / "11.png").symlink_to(beside / "10.png")

    shop, ours = shop_archive.Folder(root), Files(root)

    assert shop.names == sorted([*LISTED, NOT_MACOS, "linked/10.png", "11.png"])
    assert sorted(ours.by_name) == shop.names
    assert sorted(ours.images) == shop.images
    assert "linked/10.png" in shop.images and "a/b/notes.txt" not in shop.images


def test_both_rooms_list_the_same_files_of_a_zip(tmp_path):
    file = tmp_path / "source.zip"
    outside = ["../up.jpg", "a/../../up.jpg", "/etc/absolute.jpg", "a//double.jpg"]
    with zipfile.ZipFile(file, "w") as writer:
        for name in (
            *LISTED,
            *HIDDEN,
            NOT_MACOS,
            *outside,
            "folder/",
            "backslash\\12.jpg",
            "empty\\",
            ".hidden\\13.jpg",
        ):
            writer.writestr(name, Path(name).name)

    with shop_archive.open_zip(file) as shop:
        ours = Files(file)

        assert shop.names == sorted([*LISTED, NOT_MACOS, "backslash/12.jpg"])
        assert sorted(ours.by_name) == shop.names
        assert sorted(ours.images) == shop.images
        assert ours.by_name["backslash/12.jpg"].read_bytes() == shop.read_image_file("backslash/12.jpg")
