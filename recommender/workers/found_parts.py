"""Parts of products' images that models find and look at. Workers only."""

from pathlib import Path

from catalog.models import ProductImage
from ml.data.decoding import open_image
from ml.data.photo_views import main_part
from ml.errors import UnreadableImage


def find_part(image_id: int) -> list[float] | None:
    """Return the part of an image that stands out from its ground; None if it is gone or cannot be read."""
    image = ProductImage.objects.filter(pk=image_id).first()
    if image is None:
        return None
    try:
        return list(main_part(open_image(Path(image.file.path))))
    except UnreadableImage:
        return None
