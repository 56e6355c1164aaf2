"""Image files that shops and visitors upload, checked and decoded before anything else uses them."""

import hashlib
import io
import math
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Condition
from typing import TypeAlias

import pi_heif
from django.conf import settings
from django.core.files.base import ContentFile
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from catalog.errors import TooManyPixels, UnreadableImage
from catalog.fingerprints import compute_fingerprint

FORMATS = {
    "JPEG": "jpg",
    "PNG": "png",
    "WEBP": "webp",
    "GIF": "gif",
    "BMP": "bmp",
    "TIFF": "tiff",
    "AVIF": "avif",
    "HEIF": "heic",
}  # -> extension
UNSAFE = {"TIFF", "HEIF"}  # what not every browser shows
SRGB = ImageCms.createProfile("sRGB")

pi_heif.register_heif_opener(thumbnails=False)

# Pillow raises these for damaged files; SyntaxError and TypeError are for broken TIFF tags, which EXIF is made of too,
# and RuntimeError for a HEIC file beyond the limits of libheif.
DAMAGE = (OSError, SyntaxError, ValueError, EOFError, TypeError, RuntimeError)

# Seconds that a request waits for the memory to decode its image, and requests that wait at a time in a process: each
# holds one of its four threads, and the others are for pages.
PATIENCE = 5
MOST_WAITING = 1
STRIP = 1_000_000  # pixels of an image that are converted or hashed at a time
MAX_READS = 100_000  # of a file: Pillow reads each piece of it by itself, four times for a chunk of a PNG

# Pillow warns of decompression bombs above a limit of its own; MAX_IMAGE_PIXELS is checked first and refuses.
Image.MAX_IMAGE_PIXELS = None

Box: TypeAlias = tuple[float, float, float, float]  # left, top, right and bottom, as shares of the image's sides
WHOLE: Box = (0.0, 0.0, 1.0, 1.0)


@dataclass(frozen=True)
class DecodedImage:
    """An image file that was decoded to its last row, with what the shop stores of it."""

    data: bytes
    extension: str
    width: int  # the right way up, as the height
    height: int
    content_hash: str  # of size and RGB pixels: equal for equal images, whatever their file's metadata
    fingerprint: bytes  # catalog.fingerprints: nearly equal for one image, however it was saved
    renditions: dict[int, bytes]  # WebP in sRGB, by the longest side: THUMBNAIL_PIXELS, then larger ones

    @property
    def file_hash(self) -> str:
        return file_hash(self.data)

    @property
    def file_name(self) -> str:
        return f"image.{self.extension}"

    @property
    def file(self) -> "ContentFile[bytes]":
        return ContentFile(self.data, name=self.file_name)

    @property
    def rendition_files(self) -> "dict[int, ContentFile[bytes]]":
        return {side: ContentFile(data, name="rendition.webp") for side, data in self.renditions.items()}


def file_hash(data: bytes) -> str:
    """Hash the bytes of a file: enough to recognize it without decoding it."""
    return hashlib.sha256(data).hexdigest()


def read_image(source: bytes | Path, patience: float | None = None) -> DecodedImage:
    """Decode these bytes or this file. Raises UnreadableImage with the reason, and TooManyPixels as `decoded` does."""
    data = source.read_bytes() if isinstance(source, Path) else source
    with decoded(data, patience=patience) as image:
        format, is_safe = format_of(image), image.mode != "CMYK"
        upright = to_upright_rgb(image)
        (width, height), digest = upright.size, content_hash(upright)
        renditions = render(upright, is_safe and format not in UNSAFE)
        return DecodedImage(data, FORMATS[format], width, height, digest, compute_fingerprint(upright), renditions)


def render(image: Image.Image, is_safe: bool) -> dict[int, bytes]:
    """Return WebP copies of an image by their longest side, the smallest first; the image becomes that one.

    is_safe: whether browsers show the image itself; else there is a copy also of one that is no larger.
    """
    copies, larger = dict[int, bytes](), max(image.size)
    sides = (settings.THUMBNAIL_PIXELS, *settings.RENDITION_PIXELS)
    wanted = [side for side, last in zip(sides, (0, *sides), strict=False) if (side if is_safe else last) < larger]
    to_srgb(image)
    for side in reversed(wanted):
        image.thumbnail((side, side), Image.Resampling.LANCZOS, reducing_gap=2.0)
        copies[side] = encode(image, "WEBP", quality=85, method=2)
    return dict(reversed(copies.items()))


def content_hash(image: Image.Image) -> str:
    """Hash the size and the pixels of an RGB image."""
    digest = hashlib.sha256(f"{image.width}x{image.height}".encode())
    for box in strips(image):
        digest.update(image.crop(box).tobytes())
    return digest.hexdigest()


def strips(image: Image.Image) -> Iterator[tuple[int, int, int, int]]:
    """Yield the boxes of strips that cover the image from top to bottom: copies of a whole one take much memory."""
    rows = max(1, STRIP // image.width)
    for top in range(0, image.height, rows):
        yield 0, top, image.width, min(top + rows, image.height)


def format_of(image: Image.Image) -> str:
    """Return which of FORMATS a decoded image was in."""
    assert image.format is not None  # only images that were not read from a file have none
    # MPO: a JPEG with more images behind the first, as some phones save it; Pillow opens it as a JPEG.
    return "JPEG" if image.format == "MPO" else image.format


def fingerprint_file(data: bytes) -> bytes:
    """Compute the fingerprint of an image's file, or of its thumbnail's. Raises UnreadableImage."""
    with decoded(data, draft=settings.THUMBNAIL_PIXELS) as image:
        return compute_fingerprint(to_upright_rgb(image))


def shrink_to_jpeg(data: bytes, side: int, patience: float | None = None) -> bytes:
    """Shrink an image to a JPEG of at most `side` pixels, to be sent to a worker. Raises as read_image does."""
    return shrink_parts(data, side, [WHOLE], patience)[0]


def shrink_parts(data: bytes, side: int, boxes: Sequence[Box], patience: float | None = None) -> list[bytes]:
    """Shrink parts of an image to JPEGs of at most `side` pixels. Raises as read_image does.

    boxes: the parts of the image when it is the right way up.
    """
    least = min(min(right - left, bottom - top) for left, top, right, bottom in boxes)
    with decoded(data, draft=math.ceil(side / least), patience=patience) as image:
        upright = to_upright_rgb(image)
        across, down = upright.size
        return [
            shrink_part(
                upright,
                side,
                (int(left * across), int(top * down), math.ceil(right * across), math.ceil(bottom * down)),
            )
            for left, top, right, bottom in boxes
        ]


def shrink_part(image: Image.Image, side: int, box: tuple[int, int, int, int]) -> bytes:
    """Shrink what is in this box, in pixels, to a JPEG."""
    width, height = box[2] - box[0], box[3] - box[1]
    scale = min(1.0, side / max(width, height))
    size = max(1, round(scale * width)), max(1, round(scale * height))
    part = image.resize(size, Image.Resampling.LANCZOS, box=box, reducing_gap=2.0)
    part.info["icc_profile"] = image.info.get("icc_profile")
    to_srgb(part)
    return encode(part, "JPEG", quality=95)


class Budget:
    """Pixels that a process holds in memory at a time, shared by its threads.

    One of the largest images that are allowed, and half as many pixels for smaller ones beside it.
    """

    def __init__(self) -> None:
        self.used = 0
        self.waiting = 0  # threads, of those whose patience ends
        self.changed = Condition()

    @contextmanager
    def hold(self, pixels: int, patience: float | None) -> Iterator[None]:
        """Wait until these pixels fit beside those of other threads, and count them for the length of the block.

        patience: seconds, or None for as long as it takes. Raises TooManyPixels if they do not fit by then, and at once
        if MOST_WAITING others wait.
        """
        with self.changed:
            if not self.wait(pixels, patience):
                raise TooManyPixels("other large pictures are being read; try again in a moment")
            self.used += pixels
        try:
            yield
        finally:
            with self.changed:
                self.used -= pixels
                self.changed.notify_all()

    def wait(self, pixels: int, patience: float | None) -> bool:
        """Wait until these pixels fit; return False if they do not in time, or if enough others wait already."""

        def fit() -> bool:
            return not self.used or self.used + pixels <= settings.MAX_IMAGE_PIXELS * 3 // 2

        if patience is None:
            return self.changed.wait_for(fit)
        if fit():
            return True
        if self.waiting >= MOST_WAITING:
            return False
        self.waiting += 1
        try:
            return self.changed.wait_for(fit, patience)
        finally:
            self.waiting -= 1


budget = Budget()


@contextmanager
def decoded(data: bytes, draft: int | None = None, patience: float | None = None) -> Iterator[Image.Image]:
    """Decode an image file as it is stored, not yet turned by its EXIF data. Raises UnreadableImage with the reason.

    Other threads wait with large images until the block ends; TooManyPixels is raised if `patience`, in seconds, is not
    enough for that. draft: a JPEG may be decoded at a fraction of its size, no smaller than this side in pixels.
    """
    image = open_image(data)
    if draft:
        image.draft("RGB", (draft, draft))
    with budget.hold(image.width * image.height, patience), image:
        load(image)
        yield image


class Pieces(io.BytesIO):
    """An image file of which so many pieces are read and no more.

    A file of 12 MB may be a million empty chunks, of which each costs Pillow some microseconds of Python.
    """

    reads = 0

    def read(self, size: int | None = -1) -> bytes:
        """Return the next bytes. Raises UnreadableImage for one piece too many."""
        self.reads += 1
        if self.reads > MAX_READS:
            raise UnreadableImage(f"it consists of too many pieces; at most {MAX_READS:,} are read")
        return super().read(size)


def open_image(data: bytes) -> Image.Image:
    """Read the head of an image file. Raises UnreadableImage with the reason."""
    if not data:
        raise UnreadableImage("the file is empty")
    if len(data) > settings.MAX_IMAGE_BYTES:
        raise UnreadableImage(f"the file has {len(data):,} bytes; at most {settings.MAX_IMAGE_BYTES:,} are taken")
    try:
        image = Image.open(Pieces(data), formats=list(FORMATS))
        if max(image.size) > settings.MAX_IMAGE_SIDE:
            raise UnreadableImage(
                f"{image.width}×{image.height} pixels; at most {settings.MAX_IMAGE_SIDE:,} are taken on a side"
            )
        if image.width * image.height > settings.MAX_IMAGE_PIXELS:
            raise UnreadableImage(
                f"{image.width}×{image.height} pixels; at most {settings.MAX_IMAGE_PIXELS / 1e6:g} million are taken"
            )
    except UnidentifiedImageError:
        formats = "JPEG, PNG, WebP, GIF, BMP, TIFF, AVIF and HEIF (HEIC)"
        raise UnreadableImage(f"not a picture that can be read ({formats} are taken)") from None
    except DAMAGE as error:
        raise UnreadableImage(f"damaged: {error}") from error
    return image


def load(image: Image.Image) -> None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # odd metadata; the pixels are what counts
            image.load()
    except DAMAGE as error:
        raise UnreadableImage(f"damaged: {error}") from error


def to_upright_rgb(image: Image.Image) -> Image.Image:
    """Convert to RGB, turned as the EXIF data says; may change the image itself. Raises UnreadableImage if damaged."""
    try:
        ImageOps.exif_transpose(image, in_place=True)
        flat = flatten_on_white(image)
        flat.info["icc_profile"] = image.info.get("icc_profile")
        return flat
    except DAMAGE as error:
        raise UnreadableImage(f"damaged: {error}") from error


def flatten_on_white(image: Image.Image) -> Image.Image:
    """Convert to RGB, with transparency laid on white; 16-bit greys are divided by 256 in whole numbers."""
    if image.mode == "I;16B":  # of a big-endian TIFF; Pillow has no point operation for this mode
        image = image.convert("I")
    if image.mode.startswith("I"):
        image = image.point(lambda value: value / 256).convert("L")
    if image.mode in ("LA", "PA", "RGBA") or "transparency" in image.info:
        flat = Image.new("RGB", image.size)
        for box in strips(image):
            rgba = image.crop(box).convert("RGBA")
            flat.paste(Image.alpha_composite(Image.new("RGBA", rgba.size, "white"), rgba), box)
        return flat
    return image if image.mode == "RGB" else image.convert("RGB")


def to_srgb(image: Image.Image) -> None:
    """Change the colours of an RGB image from those of its profile, such as Display P3 or Adobe RGB, to sRGB's.

    In place. A profile that cannot be read, or is not of RGB, is ignored, as browsers do.
    """
    data = image.info.pop("icc_profile", None)
    if not data:
        return
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(data))
        if profile.profile.xcolor_space.strip() == "RGB" and "sRGB" not in (profile.profile.profile_description or ""):
            ImageCms.profileToProfile(image, profile, SRGB, inPlace=True)
    except (ImageCms.PyCMSError, OSError):
        return


def encode(image: Image.Image, format: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()
