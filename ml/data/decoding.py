"""Image files to RGB pixels of a given size."""

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol, runtime_checkable

import numpy as np
import pi_heif
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from ml.data.photo_views import Box, crop, cut_out
from ml.errors import UnreadableImage

# The same as in catalog, which ml may not import; tests/test_rooms_agree.py compares the two.
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "HEIF")
SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".jfif", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".avif", ".heic", ".heif"}
)
MOST_PIXELS = 50_000_000  # before decoding: a 30,000 x 30,000 PNG of one colour is 2 MB on disk and 2.7 GB decoded
WHITE = (255, 255, 255)
SRGB = ImageCms.createProfile("sRGB")

pi_heif.register_heif_opener(thumbnails=False)


@runtime_checkable
class ImageFile(Protocol):
    """A file whose bytes are read when they are needed, such as a member of a zip; str() is its name."""

    def read_bytes(self) -> bytes: ...


class StampedFile(ImageFile, Protocol):
    """A file that is no Path, with a number that changes when its bytes do."""

    @property
    def stamp(self) -> int: ...


@dataclass(frozen=True)
class Part:
    """A part of an image, the only one that is looked at."""

    file: Path
    box: Box  # of the image as it is upright


StoredImage = Path | StampedFile  # of a data set
Source = ImageFile | bytes | BinaryIO | Part  # a Path is an ImageFile, too


class MarkedSize(tuple[int, int]):
    """A size (H, W) that images are brought to in another way than to a plain one. It equals no other kind of size."""

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and super().__eq__(other)

    def __ne__(self, other: object) -> bool:
        return not self == other  # a tuple has a `!=` of its own

    def __hash__(self) -> int:
        return hash((type(self), *self))


class Stretched(MarkedSize):
    """A size that images are stretched to, where they are fitted into a plain one."""


class CutOut(MarkedSize):
    """A size that what stands out from the ground of an image is fitted into, on white; see `cut_out`."""


def read_image(source: Source, size: tuple[int, int], most_pixels: int | None = MOST_PIXELS) -> np.ndarray:
    """Decode an image to (H, W, 3) uint8, upright, in RGB on white, with its aspect ratio kept.

    The rest of the target is filled with the image's own border colour, so that a studio photo stays one. To a size
    that is `Stretched` its aspect ratio is not kept; to one that is a `CutOut` its ground is made white.

    most_pixels: a larger image is refused before it is decoded; None for a file whose size was checked already.
    Raises UnreadableImage with the file and the reason.
    """
    file, box = (source.file, source.box) if isinstance(source, Part) else (source, None)
    with _opened(file) as image:
        return _fit(image, size, most_pixels, box)


def open_image(source: ImageFile | bytes | BinaryIO) -> Image.Image:
    """Decode an image in its own size, upright, in RGB on white. Raises UnreadableImage."""
    with _opened(source) as image:
        _check_pixels(image, MOST_PIXELS)
        return to_upright_rgb(image)


@contextmanager
def _opened(source: ImageFile | bytes | BinaryIO) -> Iterator[Image.Image]:
    """Open an image file. Raises UnreadableImage, also for whatever goes wrong in the block."""
    name = "the picture" if isinstance(source, bytes) else getattr(source, "name", None) or str(source)
    try:
        # An image that is large but below our limit is no reason for Pillow's warning.
        with (
            warnings.catch_warnings(action="ignore", category=Image.DecompressionBombWarning),
            Image.open(_stream(source), formats=FORMATS) as image,
        ):
            yield image
    except UnidentifiedImageError:
        raise UnreadableImage(f"{name}: not a picture in a known format") from None
    except OSError as error:
        raise UnreadableImage(f"{name}: {error.strerror or error}") from error
    except Exception as error:  # for a damaged file a decoder raises whatever happens to it
        raise UnreadableImage(f"{name}: {error or type(error).__name__}") from error


def _stream(source: ImageFile | bytes | BinaryIO) -> BinaryIO:
    if isinstance(source, bytes):
        return io.BytesIO(source)
    return io.BytesIO(source.read_bytes()) if isinstance(source, ImageFile) else source


def _fit(image: Image.Image, size: tuple[int, int], most_pixels: int | None, box: Box | None) -> np.ndarray:
    height, width = size
    _check_pixels(image, most_pixels)
    if box is None:
        # Decode a large JPEG at a fraction of its size: 6 times faster (5 against 30 ms).
        # Twice the target leaves the final resize something to average.
        image.draft("RGB", (2 * width, 2 * height))
    image.load()  # raises for a truncated file
    upright = to_upright_rgb(image)
    return fit(crop(upright, box) if box else upright, size)


def _check_pixels(image: Image.Image, most: int | None) -> None:
    if most is not None and image.width * image.height > most:
        raise ValueError(f"{image.width} x {image.height} pixels are more than {most / 1e6:g} million")


def fit(image: Image.Image, size: tuple[int, int]) -> np.ndarray:
    """Resize an image in RGB to (H, W, 3) uint8 as read_image does, in the way of its size."""
    height, width = size
    if isinstance(size, CutOut):
        image = cut_out(image)
    scale = min(width / image.width, height / image.height)
    inner = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    if isinstance(size, Stretched):
        inner = (width, height)
    small = np.asarray(image.resize(inner, Image.Resampling.BILINEAR, reducing_gap=3.0))
    if inner == (width, height):
        return small
    canvas = np.empty((height, width, 3), dtype=np.uint8)
    canvas[:] = _border_colour(small)
    top, left = (height - inner[1]) // 2, (width - inner[0]) // 2
    canvas[top : top + inner[1], left : left + inner[0]] = small
    return canvas


def to_upright_rgb(image: Image.Image) -> Image.Image:
    """Return the image in RGB on white, turned as its EXIF data says. 16-bit greys are divided by 256."""
    profile = image.info.get("icc_profile")
    image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I"):  # Pillow's own conversion to 8 bits clips instead of scaling
        grey = np.asarray(image) // 256
        return Image.fromarray(grey.clip(0, 255).astype(np.uint8)).convert("RGB")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        background = Image.new("RGBA", image.size, WHITE)
        image = Image.alpha_composite(background, image)
    return to_srgb(image.convert("RGB"), profile)


def to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Return an RGB image with its colours, which are those of a profile such as Display P3, as sRGB has them.

    A profile that cannot be read, or is not of RGB, is ignored, as browsers do.
    """
    if not profile:
        return image
    try:
        own = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if own.profile.xcolor_space.strip() != "RGB" or "sRGB" in (own.profile.profile_description or ""):
            return image
        return ImageCms.profileToProfile(image, own, SRGB) or image
    except (ImageCms.PyCMSError, OSError):
        return image


def _border_colour(pixels: np.ndarray) -> np.ndarray:
    border = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    colour: np.ndarray = np.median(border, axis=0).astype(np.uint8)
    return colour
