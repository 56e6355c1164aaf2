"""Files that shops and visitors hand in, checked before anything else touches them."""

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

EXTENSIONS = {"JPEG": "jpg", "PNG": "png", "WEBP": "webp", "GIF": "gif", "BMP": "bmp", "TIFF": "tiff"}

# What Pillow raises for damaged files; SyntaxError and TypeError are for broken TIFF tags, which EXIF is made of too.
DAMAGE = (OSError, SyntaxError, ValueError, EOFError, TypeError)

# Pillow warns of bombs from a limit of its own; ours is checked first and refuses.
Image.MAX_IMAGE_PIXELS = None


@dataclass(frozen=True)
class DecodedImage:
    """A picture that was decoded to its last row."""

    data: bytes
    extension: str
    width: int
    height: int
    content_hash: str  # of size and RGB pixels: equal for equal pictures, whatever their file's metadata
    fingerprint: bytes  # catalog.fingerprints: nearly equal for one picture, however it was saved
    thumbnail: bytes | None  # WebP, at most THUMBNAIL_PIXELS a side; None if the picture itself is no larger

    @property
    def file_hash(self) -> str:
        return file_hash(self.data)

    @property
    def file(self) -> ContentFile:
        return ContentFile(self.data, name=f"picture.{self.extension}")

    @property
    def thumbnail_file(self) -> ContentFile | None:
        return None if self.thumbnail is None else ContentFile(self.thumbnail, name="thumbnail.webp")


def file_hash(data: bytes) -> str:
    """Of the file as it came: enough to recognise it without decoding it."""
    return hashlib.sha256(data).hexdigest()


def read_image(source: bytes | Path) -> DecodedImage:
    """The picture in these bytes or this file. Raises UnreadableImage with the reason."""
    data = source.read_bytes() if isinstance(source, Path) else source
    image = decode(data)
    side = settings.THUMBNAIL_PIXELS
    upright = to_upright_rgb(image)
    digest = hashlib.sha256(f"{upright.width}x{upright.height}".encode() + upright.tobytes()).hexdigest()
    thumbnail = None
    if max(upright.size) > side:
        upright.thumbnail((side, side), Image.Resampling.LANCZOS)
        thumbnail = encode(upright, "WEBP", quality=85)
    # MPO: a JPEG with more pictures behind the first, as some phones save it; Pillow opens it as a JPEG.
    extension = EXTENSIONS["JPEG" if image.format == "MPO" else image.format]
    return DecodedImage(data, extension, image.width, image.height, digest, compute_fingerprint(upright), thumbnail)


def fingerprint_file(data: bytes) -> bytes:
    """Of a picture's file, or of its thumbnail's. Raises UnreadableImage."""
    return compute_fingerprint(to_upright_rgb(decode(data)))


def shrink_to_jpeg(data: bytes, side: int) -> bytes:
    """The picture as a JPEG of at most `side` pixels, small enough to hand to a worker. Raises UnreadableImage."""
    upright = to_upright_rgb(decode(data, draft=side))
    upright.thumbnail((side, side), Image.Resampling.LANCZOS)
    return encode(upright, "JPEG", quality=95)


def decode(data: bytes, draft: int | None = None) -> Image.Image:
    """draft: a JPEG may be decoded at a fraction of its size, no smaller than this side."""
    if not data:
        raise UnreadableImage("the file is empty")
    if len(data) > settings.MAX_IMAGE_BYTES:
        raise UnreadableImage(f"the file has {len(data):,} bytes; at most {settings.MAX_IMAGE_BYTES:,} are taken")
    try:
        image = Image.open(io.BytesIO(data), formats=list(EXTENSIONS))
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
    """RGB, turned as its EXIF data says. Raises UnreadableImage where they are damaged."""
    try:
        return flatten_on_white(ImageOps.exif_transpose(image))
    except DAMAGE as error:
        raise UnreadableImage(f"damaged: {error}") from error


def flatten_on_white(image: Image.Image) -> Image.Image:
    """RGB, transparency laid on white. 16-bit greys are scaled, not clipped."""
    if image.mode == "I;16B":  # of a big-endian TIFF; Pillow has no point operation for this mode
        image = image.convert("I")
    if image.mode.startswith("I"):
        image = image.point(lambda value: value / 256).convert("L")
    if image.mode in ("LA", "PA", "RGBA") or "transparency" in image.info:
        rgba = image.convert("RGBA")
        white = Image.new("RGBA", rgba.size, "white")
        return Image.alpha_composite(white, rgba).convert("RGB")
    return image.convert("RGB")


def encode(image: Image.Image, format: str, **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()
