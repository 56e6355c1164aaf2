"""Copies of an image in several sizes, as WebP, which every browser shows."""

from django.conf import settings
from django.db.models.fields.files import ImageFieldFile


def rendition_name(thumbnail: str, side: int) -> str:
    """Return the name of the copy with this longest side, beside its thumbnail."""
    return thumbnail.replace(".webp", f"-{side}.webp")


class Renditions:
    """The copies of a stored image, as its model has them."""

    file: ImageFieldFile
    thumbnail: ImageFieldFile
    largest_rendition: int
    width: int
    height: int

    @property
    def display_url(self) -> str:
        return (self.thumbnail or self.file).url

    @property
    def renditions(self) -> dict[int, str]:
        """Return the names of the copies by their longest side, the smallest first."""
        name = self.thumbnail.name
        if not name:
            return {}
        larger = [side for side in settings.RENDITION_PIXELS if side <= self.largest_rendition]
        return {settings.THUMBNAIL_PIXELS: name} | {side: rendition_name(name, side) for side in larger}

    @property
    def large_url(self) -> str:
        """Return the URL of the largest copy, or of the image itself."""
        names = list(self.renditions.values())
        return self.file.storage.url(names[-1]) if names else self.file.url

    @property
    def srcset(self) -> str:
        """Return the copies with their widths, from which a browser chooses; "" if there is but one."""
        longest = max(self.width, self.height)
        widths = {round(self.width * min(1, side / longest)): name for side, name in self.renditions.items()}
        if len(widths) < 2:
            return ""
        return ", ".join(f"{self.file.storage.url(name)} {width}w" for width, name in widths.items())
