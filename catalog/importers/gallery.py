"""Comparison of the images that a row names with those that its product has."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from catalog import files
from catalog.errors import UnreadableImage
from catalog.images import DecodedImage
from catalog.models import ProductImage


@dataclass(frozen=True)
class StoredFile:
    """A file that the product has already, and that was not decoded therefore."""

    file_hash: str


@dataclass(frozen=True)
class RemoteFile:
    """A file that a worker is to fetch."""

    url: str


NamedImage: TypeAlias = DecodedImage | StoredFile | RemoteFile | UnreadableImage


@dataclass
class GalleryChanges:
    """Changes to the images of one product: those of the row take the positions from 0, in its order."""

    added: list[tuple[DecodedImage, str, int]] = field(default_factory=list)  # with source and position
    awaited: dict[int, str] = field(default_factory=dict)  # URLs by position
    moved: list[tuple[ProductImage, int]] = field(default_factory=list)
    deleted: list[ProductImage] = field(default_factory=list)
    primary: ProductImage | None = None  # which has become that, and was another one

    @property
    def any(self) -> bool:
        return bool(self.added or self.moved or self.deleted)


def gallery_changes(named: Mapping[str, NamedImage], present: Sequence[ProductImage]) -> GalleryChanges:
    """Return what turns the images that are present, in their order, into those that a row names.

    named: by path or URL. Images that no import brought stay, behind those of the row. The primary image is replaced;
    while the one in its place is yet to be fetched, it stays.
    """
    readable = {source: image for source, image in named.items() if not isinstance(image, UnreadableImage)}
    changes, others = GalleryChanges(), list(present)
    final: dict[int, ProductImage] = {}  # by position
    for position, (source, image) in enumerate(readable.items()):
        same = next((other for other in others if is_same(other, image)), None)
        if same:
            others.remove(same)
            final[position] = same
        elif isinstance(image, RemoteFile):
            changes.awaited[position] = image.url
        elif isinstance(image, DecodedImage):
            changes.added.append((image, source, position))
    former = others[0] if others and others[0] is present[0] and 0 not in final else None
    if former and 0 in changes.awaited:
        final[0] = former
        others.remove(former)
    unread = set(named) - set(readable)  # what cannot be read now could be at the last import
    changes.deleted = [other for other in others if other is former or other.source and other.source not in unread]
    staying = [other for other in others if other not in changes.deleted]
    behind = max([len(readable) - 1, *(other.position for other in staying)]) + 1
    final |= enumerate((other for other in staying if other.position < len(readable)), behind)
    changes.moved = [(other, position) for position, other in final.items() if other.position != position]
    if 0 in final and final[0] is not present[0]:
        changes.primary = final[0]
    return changes


def is_same(stored: ProductImage, named: NamedImage) -> bool:
    """Return whether a stored image, whose file is there, is the one that a row names."""
    if isinstance(named, RemoteFile):
        is_equal = stored.source == named.url
    elif isinstance(named, StoredFile):
        is_equal = stored.file_hash == named.file_hash
    else:
        is_equal = isinstance(named, DecodedImage) and stored.content_hash == named.content_hash
    return is_equal and not files.is_lost(stored)
