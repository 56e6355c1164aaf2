import hashlib
import io
import os
import struct
import subprocess
import sys
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import numpy as np
import pytest
from PIL import Image

from catalog import images
from catalog.errors import TooManyPixels, UnreadableImage
from tests.catalog.pictures import HEIC, in_swapped_colours
from tests.factories import image_bytes


def encoded(image: Image.Image, file_format: str, **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, file_format, **options)
    return stream.getvalue()


def test_an_image_is_read_with_its_size_and_hashes(tmp_path):
    file = tmp_path / "shoe.png"
    file.write_bytes(image_bytes(1))

    image = images.read_image(file)

    assert (image.extension, image.width, image.height) == ("png", 24, 24)
    assert image.file_hash == images.file_hash(image_bytes(1))
    assert (image.file.name, image.file.read()) == ("image.png", image_bytes(1))


def test_the_content_hash_is_that_of_the_pixels_and_the_file_hash_that_of_the_file():
    pixels = Image.open(io.BytesIO(image_bytes(1)))

    one, same, other = (images.read_image(data) for data in (image_bytes(1), encoded(pixels, "BMP"), image_bytes(2)))

    assert one.content_hash == same.content_hash != other.content_hash
    assert one.file_hash != same.file_hash


def test_only_an_image_above_the_limit_has_a_thumbnail(settings):
    settings.THUMBNAIL_PIXELS = 100

    large, small = images.read_image(image_bytes(1, size=200)), images.read_image(image_bytes(1, size=100))

    assert list(large.renditions) == list(large.rendition_files) == [100]
    assert Image.open(io.BytesIO(large.renditions[100])).size == (100, 100)
    assert small.renditions == small.rendition_files == {}


@pytest.mark.parametrize(
    ("size", "sides"),
    [((900, 300), [480]), ((960, 10), [480]), ((1000, 1200), [480, 960]), ((1700, 9), [480, 960, 1600])],
)
def test_an_image_has_a_webp_copy_of_each_size_that_is_smaller(size, sides):
    read = images.read_image(encoded(Image.new("RGB", size, "red"), "PNG"))

    copies = [Image.open(io.BytesIO(data)) for data in read.renditions.values()]
    assert list(read.renditions) == [max(copy.size) for copy in copies] == sides
    assert {copy.format for copy in copies} == {"WEBP"}


@pytest.mark.parametrize(
    ("size", "longest"), [((30, 20), [30]), ((600, 20), [480, 600]), ((2000, 20), [480, 960, 1600])]
)
@pytest.mark.parametrize("mode", ["RGB", "CMYK"])
def test_what_browsers_do_not_show_has_a_copy_in_its_own_size(size, longest, mode):
    image = Image.new("RGB", size, (200, 40, 60)).convert(mode)

    read = images.read_image(encoded(image, "TIFF" if mode == "RGB" else "JPEG"))

    copies = [Image.open(io.BytesIO(data)).convert("RGB") for data in read.renditions.values()]
    assert [max(copy.size) for copy in copies] == longest
    assert np.abs(np.subtract(copies[0].getpixel((copies[0].width // 2, 0)), (200, 40, 60))).max() <= 8


def test_a_picture_of_an_iphone_is_read_and_shown_as_webp():
    read = images.read_image(HEIC)

    assert (read.extension, read.width, read.height) == ("heic", 32, 16)
    shown = Image.open(io.BytesIO(read.renditions[480])).convert("RGB")
    assert np.abs(np.subtract(shown.getpixel((25, 8)), (200, 40, 60))).max() <= 12
    photo = Image.open(io.BytesIO(images.shrink_to_jpeg(HEIC, 64)))
    assert np.abs(np.subtract(photo.getpixel((5, 8)), (20, 60, 200))).max() <= 12


def test_a_damaged_picture_of_an_iphone_is_refused():
    rng = np.random.default_rng(0)
    for kept in rng.integers(1, len(HEIC), 20):
        with pytest.raises(UnreadableImage):
            images.read_image(HEIC[:kept])
    for _ in range(200):  # some are beyond libheif's own limits
        data = np.frombuffer(HEIC, dtype=np.uint8).copy()
        data[rng.integers(0, len(data), 5)] = rng.integers(0, 256, 5)
        with suppress(UnreadableImage):
            images.read_image(data.tobytes())


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "TIFF"])
def test_copies_and_searches_have_the_colours_of_the_profile(file_format):
    data = in_swapped_colours(Image.new("RGB", (600, 40), (220, 40, 60)), file_format)

    shown = [images.read_image(data).renditions[480], images.shrink_to_jpeg(data, 64)]

    for copy in shown:
        pixel = Image.open(io.BytesIO(copy)).convert("RGB").getpixel((5, 1))
        assert np.abs(np.subtract(pixel, (60, 40, 220))).max() <= 10


@pytest.mark.parametrize("profile", [b"no profile", bytes(200)])
def test_a_profile_that_cannot_be_read_is_ignored(profile):
    data = encoded(Image.new("RGB", (600, 40), (220, 40, 60)), "PNG", icc_profile=profile)

    copy = images.read_image(data).renditions[480]

    assert np.abs(np.subtract(Image.open(io.BytesIO(copy)).convert("RGB").getpixel((5, 1)), (220, 40, 60))).max() <= 6


def test_an_image_is_as_wide_and_high_as_it_is_upright():
    exif = Image.Exif()
    exif[0x0112] = 6

    read = images.read_image(encoded(Image.new("RGB", (40, 20)), "JPEG", exif=exif))

    assert (read.width, read.height) == (20, 40)


def test_a_large_image_is_shrunk_to_a_jpeg_and_a_small_one_keeps_its_size():
    shrunk = [Image.open(io.BytesIO(images.shrink_to_jpeg(image_bytes(1, size=size), 64))) for size in (300, 24)]

    assert [(image.format, image.size) for image in shrunk] == [("JPEG", (64, 64)), ("JPEG", (24, 24))]


def test_transparency_is_laid_on_white():
    clear = encoded(Image.new("RGBA", (4, 4), (255, 0, 0, 0)), "PNG")

    with images.decoded(clear) as image:
        assert np.asarray(images.to_upright_rgb(image)).min() == 255


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "LA", "P", "L"])
def test_an_image_is_converted_and_hashed_by_strips_to_what_it_is_as_a_whole(monkeypatch, mode):
    pixels = np.random.default_rng(1).integers(0, 256, (7, 5, 4), dtype=np.uint8)
    data = encoded(Image.fromarray(pixels).convert(mode), "PNG", **({"transparency": 3} if mode == "P" else {}))
    rgba = Image.open(io.BytesIO(data)).convert("RGBA")
    whole = Image.alpha_composite(Image.new("RGBA", (5, 7), "white"), rgba).convert("RGB")
    monkeypatch.setattr(images, "STRIP", 10)  # two rows

    with images.decoded(data) as image:
        assert images.to_upright_rgb(image).tobytes() == whole.tobytes()
    assert images.read_image(data).content_hash == hashlib.sha256(b"5x7" + whole.tobytes()).hexdigest()


def test_large_images_are_decoded_one_after_another_and_small_ones_beside_them(settings):
    settings.MAX_IMAGE_PIXELS = 100
    large, small = encoded(Image.new("L", (9, 9)), "PNG"), encoded(Image.new("L", (4, 4)), "PNG")

    with ThreadPoolExecutor(2) as pool:
        with images.decoded(large):
            assert pool.submit(images.read_image, small).result(60)
            waiting = pool.submit(images.read_image, large)
            with pytest.raises(TimeoutError):
                waiting.result(0.3)
            with pytest.raises(TooManyPixels):
                images.read_image(large, patience=0)
        assert waiting.result(60)
    assert images.budget.used == 0


def test_of_requests_with_large_images_one_waits_and_the_next_is_told_at_once(settings):
    settings.MAX_IMAGE_PIXELS = 100
    large = encoded(Image.new("L", (9, 9)), "PNG")

    with ThreadPoolExecutor(2) as pool:
        with images.decoded(large):
            first = pool.submit(images.read_image, large, 60)
            while not images.budget.waiting:
                time.sleep(0.01)
            with pytest.raises(TooManyPixels):
                pool.submit(images.read_image, large, 60).result(30)
        assert first.result(60)
    assert (images.budget.used, images.budget.waiting) == (0, 0)


def test_a_damaged_image_leaves_its_place_to_others():
    with pytest.raises(UnreadableImage):
        images.read_image(image_bytes(1)[:-30])

    assert images.budget.used == 0


MEMORY = """
import io, resource, sys
from concurrent.futures import ThreadPoolExecutor
from PIL import Image
import visrec_site.wsgi  # as a web process begins
from catalog import images
file = io.BytesIO()
Image.new("RGBA", (4000, 3000), (200, 30, 60, 128)).save(file, "PNG")  # 48 MB as Pillow has it
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
with ThreadPoolExecutor(4) as pool:
    list(pool.map(images.read_image, [file.getvalue()] * 8))
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1000)
"""


@pytest.mark.slow
def test_images_that_come_at_once_take_no_more_memory_than_the_largest_one():
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "visrec_site.settings", "VISREC_MAX_IMAGE_PIXELS": "12000000"}
    ran = subprocess.run([sys.executable, "-c", MEMORY], env=environment, capture_output=True, text=True, check=True)

    assert int(ran.stdout) < 150  # MB, where they took 500


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "the file is empty"),
        (b"no image", "not a picture that can be read"),
        (image_bytes(1)[:-30], "damaged"),
        (bytes(10_001), "10,001 bytes; at most 10,000"),
        (image_bytes(1, size=101), "101×101 pixels"),
    ],
)
def test_a_file_that_cannot_be_taken_is_refused_with_the_reason(settings, data, reason):
    settings.MAX_IMAGE_BYTES, settings.MAX_IMAGE_PIXELS = 10_000, 10_000

    with pytest.raises(UnreadableImage, match=reason):
        images.read_image(data)


def test_a_side_has_a_limit_of_its_own(settings):
    settings.MAX_IMAGE_SIDE = 100

    with pytest.raises(UnreadableImage, match="at most 100 are taken on a side"):
        images.read_image(encoded(Image.new("RGB", (101, 1)), "PNG"))


def test_who_sends_no_image_is_told_each_format_that_is_taken():
    with pytest.raises(UnreadableImage) as refusal:
        images.read_image(b"no image")
    assert [name for name in images.FORMATS if name.lower() not in str(refusal.value).lower()] == []


def chunk(name: bytes, data: bytes = b"") -> bytes:
    """Return a chunk of a PNG."""
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def with_chunks(name: bytes, number: int) -> bytes:
    """Return a PNG with so many empty chunks before its pixels."""
    data = image_bytes(1)
    pixels = data.index(b"IDAT") - 4
    return data[:pixels] + chunk(name) * number + data[pixels:]


PICTURE = encoded(Image.new("RGB", (8, 8)), "JPEG")


@pytest.mark.parametrize(
    "data",
    [
        with_chunks(b"abCd", 50_000),
        image_bytes(1)[:-12] + chunk(b"abCd") * 50_000 + image_bytes(1)[-12:],
        PICTURE[:2] + b"\xff\xfe\0\x02" * 50_000 + PICTURE[2:],
        PICTURE[:2] + b"\xff" * 150_000 + PICTURE[2:],
    ],
    ids=["chunks before the pixels", "chunks behind the pixels", "comments", "filling"],
)
def test_a_file_of_too_many_pieces_is_refused_before_all_are_read(data):
    with pytest.raises(UnreadableImage, match="too many pieces"):
        images.read_image(data)


def test_a_file_may_have_thousands_of_pieces():
    assert (
        images.read_image(with_chunks(b"abCd", 20_000)).content_hash == images.read_image(image_bytes(1)).content_hash
    )
