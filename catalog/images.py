"""Image files that shops and visitors upload, checked and decoded before anything else uses them."""

import hashlib
import io
import warnings
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.core.files.base import ContentFile
from PIL import Image, ImageOps, UnidentifiedImageError

from catalog.errors import UnreadableImage
from catalog.fingerprints import compute_fingerprint

FORMATS = {"JPEG": "jpg", "PNG": "png", "WEBP": "webp", "GIF": "gif", "BMP": "bmp", "TIFF": "tiff"}  # -> extension

# Pillow raises these for damaged files; SyntaxError and TypeError are for broken TIFF tags, which EXIF is made of too.
DAMAGE = (OSError, SyntaxError, ValueError, EOFError, TypeError)

# Pillow warns of decompression bombs above a limit of its own; MAX_IMAGE_PIXELS is checked first and refuses.
Image.MAX_IMAGE_PIXELS = None


@dataclass(frozen=True)
class DecodedImage:
    """An image file that was decoded to its last row, with what the shop stores of it."""

    data: bytes
    extension: str
    width: int
    height: int
    content_hash: str  # of size and RGB pixels: equal for equal images, whatever their file's metadata
    fingerprint: bytes  # catalog.fingerprints: nearly equal for one image, however it was saved
    thumbnail: bytes | None  # WebP, at most THUMBNAIL_PIXELS a side; None if the image itself is no larger

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
    def thumbnail_file(self) -> "ContentFile[bytes] | None":
        return None if self.thumbnail is None else ContentFile(self.thumbnail, name="thumbnail.webp")


def file_hash(data: bytes) -> str:
    """Hash the bytes of a file: enough to recognize it without decoding it."""
    return hashlib.sha256(data).hexdigest()


def read_image(source: bytes | Path) -> DecodedImage:
    """Decode these bytes or this file. Raises UnreadableImage with the reason."""
    data = source.read_bytes() if isinstance(source, Path) else source
    image = decode(data)
    side = settings.THUMBNAIL_PIXELS
    upright = to_upright_rgb(image)
    digest = hashlib.sha256(f"{upright.width}x{upright.height}".encode() + upright.tobytes()).hexdigest()
    thumbnail = None
    if max(upright.size) > side:
        upright.thumbnail((side, side), Image.Resampling.LANCZOS)
        thumbnail = encode(upright, "WEBP", quality=85)
    extension = FORMATS[format_of(image)]
    return DecodedImage(data, extension, image.width, image.height, digest, compute_fingerprint(upright), thumbnail)


def format_of(image: Image.Image) -> str:
    """Return which of FORMATS a decoded image was in."""
    assert image.format is not None  # only images that were not read from a file have none
    # MPO: a JPEG with more images behind the first, as some phones save it; Pillow opens it as a JPEG.
    return "JPEG" if image.format == "MPO" else image.format


def fingerprint_file(data: bytes) -> bytes:
    """Compute the fingerprint of an image's file, or of its thumbnail's. Raises UnreadableImage."""
    return compute_fingerprint(to_upright_rgb(decode(data)))


def shrink_to_jpeg(data: bytes, side: int) -> bytes:
    """Shrink an image to a JPEG of at most `side` pixels, to be sent to a worker. Raises UnreadableImage."""
    upright = to_upright_rgb(decode(data, draft=side))
    upright.thumbnail((side, side), Image.Resampling.LANCZOS)
    return encode(upright, "JPEG", quality=95)


def decode(data: bytes, draft: int | None = None) -> Image.Image:
    """Decode an image file as it is stored, not yet turned by its EXIF data. Raises UnreadableImage with the reason.

    draft: a JPEG may be decoded at a fraction of its size, no smaller than this side in pixels.
    """
    if not data:
        raise UnreadableImage("the file is empty")
    if len(data) > settings.MAX_IMAGE_BYTES:
        raise UnreadableImage(f"the file has {len(data):,} bytes; at most {settings.MAX_IMAGE_BYTES:,} are taken")
    try:
        image = Image.open(io.BytesIO(data), formats=list(FORMATS))
        if image.width * image.height > settings.MAX_IMAGE_PIXELS:
            raise UnreadableImage(
                f"{image.width}×{image.height} pixels; at most {settings.MAX_IMAGE_PIXELS / 1e6:g} million are taken"
            )
        if draft:
            image.draft("RGB", (draft, draft))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # odd metadata; the pixels are what counts
            image.load()
    except UnidentifiedImageError:
        raise UnreadableImage("not a picture that can be read (JPEG, PNG, WebP, GIF, BMP and TIFF are taken)") from None
    except DAMAGE as error:
        raise UnreadableImage(f"damaged: {error}") from error
    return image


def to_upright_rgb(image: Image.Image) -> Image.Image:
    """Convert to RGB, turned as the EXIF data says. Raises UnreadableImage where these data are damaged."""
    try:
        return flatten_on_white(ImageOps.exif_transpose(image))
    except DAMAGE as error:
        raise UnreadableImage(f"damaged: {error}") from error


def flatten_on_white(image: Image.Image) -> Image.Image:
    """Convert to RGB, with transparency laid on white; 16-bit greys are divided by 256 in whole numbers."""
    if image.mode == "I;16B":  # of a big-endian TIFF; Pillow has no point operation for this mode
        image = image.convert("I")
    if image.mode.startswith("I"):
        image = image.point(lambda value: value / 256).convert("L")
    if image.mode in ("LA", "PA", "RGBA") or "transparency" in image.info:
        rgba = image.convert("RGBA")
        white = Image.new("RGBA", rgba.size, "white")
        return Image.alpha_composite(white, rgba).convert("RGB")
    return image.convert("RGB")


def encode(image: Image.Image, format: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()
