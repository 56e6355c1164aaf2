import io

import numpy as np
import pytest
from PIL import Image

from catalog import images
from catalog.errors import UnreadableImage
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

    assert Image.open(io.BytesIO(large.thumbnail)).size == (100, 100)
    assert large.thumbnail_file.name == "thumbnail.webp"
    assert small.thumbnail is small.thumbnail_file is None


def test_a_large_image_is_shrunk_to_a_jpeg_and_a_small_one_keeps_its_size():
    shrunk = [Image.open(io.BytesIO(images.shrink_to_jpeg(image_bytes(1, size=size), 64))) for size in (300, 24)]

    assert [(image.format, image.size) for image in shrunk] == [("JPEG", (64, 64)), ("JPEG", (24, 24))]


def test_transparency_is_laid_on_white():
    clear = encoded(Image.new("RGBA", (4, 4), (255, 0, 0, 0)), "PNG")

    assert np.asarray(images.to_upright_rgb(images.decode(clear))).min() == 255


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
