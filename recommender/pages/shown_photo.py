"""A visitor's photo as the page shows it again, with what was found in it."""

import base64
import io
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from PIL import Image

from catalog.images import WHOLE, Box
from recommender.serving.photos import EDGES, Photo
from recommender.serving.types import PhotoFindings, PhotoObject


@dataclass(frozen=True)
class ShownBox:
    """A box over the photo. name: what stands on its button."""

    box: Box
    name: str
    size: tuple[int, int]  # of the photo, in pixels
    is_used: bool

    @property
    def value(self) -> str:
        """Return the box as the form takes it."""
        return ",".join(f"{edge:g}" for edge in self.box)

    @property
    def percent(self) -> dict[str, int]:
        """Return the edges by name, in percent."""
        return {name: round(100 * edge) for name, edge in zip(EDGES, self.box, strict=True)}

    @property
    def pixels(self) -> dict[str, int]:
        """Return the box as an SVG's rectangle has it."""
        left, top, right, bottom = (round(e * side) for e, side in zip(self.box, self.size * 2, strict=True))
        return {"x": left, "y": top, "width": right - left, "height": bottom - top}


@dataclass(frozen=True)
class ShownPhoto:
    photo: Photo
    findings: PhotoFindings | None = None  # None: it was not searched by

    @cached_property
    def size(self) -> tuple[int, int]:
        with Image.open(io.BytesIO(self.photo.whole)) as image:
            return image.size

    @property
    def base64(self) -> str:
        return base64.b64encode(self.photo.whole).decode()

    @property
    def used(self) -> ShownBox:
        """Return the part that was searched by."""
        return ShownBox(self.findings.box if self.findings else self.photo.box or WHOLE, "", self.size, True)

    @property
    def choices(self) -> list[ShownBox]:
        """Return the objects that were found, if there are several or the visitor chose another part, and the whole."""
        if self.findings is None:
            return []
        return list(self._choices(self.findings))

    def _choices(self, findings: PhotoFindings) -> Iterator[ShownBox]:
        for number, found in enumerate(findings.objects, 1):
            yield ShownBox(found.box, name_of(number, found), self.size, found.box == findings.box)
        if all(found.box != WHOLE for found in findings.objects):
            yield ShownBox(WHOLE, "The whole photo", self.size, findings.box == WHOLE)


def name_of(number: int, found: PhotoObject) -> str:
    """Return the name of the object of this number, from 1."""
    return f"{number}: {found.label}" if found.label else f"Thing {number}"
