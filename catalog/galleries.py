"""Images of a product as a table or a request names them: compared with those that it has, and written."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from catalog import files, image_urls, products
from catalog.arrays import IsAnyOf
from catalog.errors import UnreadableImage
from catalog.images import DecodedImage
from catalog.models import Product, ProductImage
from catalog.signals import images_added


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


def images_of(keys: Collection[int]) -> dict[int, list[ProductImage]]:
    """Return the images of products by the products' ids, in their order."""
    found: dict[int, list[ProductImage]] = {pk: [] for pk in keys}
    for image in ProductImage.objects.filter(IsAnyOf("product_id", keys)).order_by("position", "pk"):
        found[image.product_id].append(image)
    return found


def name_urls(urls: Mapping[int, Sequence[str]]) -> set[int]:
    """Replace the images that were named of products, by their ids, by those at these URLs.

    Returns the ids of those for which anything changes. Within a transaction that has locked them.
    """
    if not urls:
        return set()
    present, noted = images_of(urls.keys()), image_urls.numbered(urls)
    named = {pk: gallery_changes({url: RemoteFile(url) for url in found}, present[pk]) for pk, found in urls.items()}
    changed = {pk for pk, gallery in named.items() if gallery.any or gallery.awaited != noted.get(pk, {})}
    products.touch([pk for pk, gallery in named.items() if gallery.any])
    found = {product.pk: product for product in Product.objects.filter(pk__in=changed)}
    apply([(found[pk], named[pk]) for pk in changed], [])
    return changed


def apply(galleries: Sequence[tuple[Product, GalleryChanges]], rows: list[ProductImage]) -> None:
    """Write changes to images. rows: of those that are added, whose files are stored."""
    products.delete_image_rows([image for _, gallery in galleries for image in gallery.deleted])
    products.move_images([move for _, gallery in galleries for move in gallery.moved])
    added = [(product, source, position) for product, gallery in galleries for _, source, position in gallery.added]
    for row, (product, source, position) in zip(rows, added, strict=True):
        row.product, row.source, row.position = product, source, position
    ProductImage.objects.bulk_create(rows)
    image_urls.forget_primary([product.pk for product, _, position in added if position == 0])
    image_urls.note_numbered({product.pk: gallery.awaited for product, gallery in galleries})
    primary = [gallery.primary.pk for _, gallery in galleries if gallery.primary]
    if rows or primary:
        images_added.send(sender=ProductImage, image_ids=[*(row.pk for row in rows), *primary])
