"""Create, change and delete products and their images."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from functools import partial
from typing import TypedDict, Unpack

from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import F, Max, QuerySet

from catalog import categories
from catalog.errors import UnreadableImage
from catalog.images import DecodedImage, fingerprint_file
from catalog.models import Category, Product, ProductImage, image_name, thumbnail_name
from catalog.signals import images_added

log = logging.getLogger(__name__)


class ProductFields(TypedDict, total=False):
    """Fields of a product that a caller may set, besides category and image."""

    sku: str
    title: str
    price: Decimal | str
    currency: str
    in_stock: bool
    is_hidden: bool
    attributes: Mapping[str, object]


@transaction.atomic
def create(*, category: str | Category, image: DecodedImage | None = None, **fields: Unpack[ProductFields]) -> Product:
    """Create a product, and its category if that is given by a name that is new.

    Raises ValidationError for fields that are missing or invalid.
    """
    product = Product(category=resolve_category(category), **fields)
    product.full_clean()
    product.save(force_insert=True)
    if image:
        add_images(product, [image])
    return product


@transaction.atomic
def update(
    product: Product,
    *,
    category: str | Category | None = None,
    image: DecodedImage | None = None,
    **fields: Unpack[ProductFields],
) -> None:
    """Write the fields that are given; an image replaces the primary one, unless both are equal.

    Raises ValidationError for fields that are invalid.
    """
    changes: dict[str, object] = dict(fields)
    if category is not None:
        changes["category"] = resolve_category(category)
    for name, value in changes.items():
        setattr(product, name, value)
    product.full_clean()
    if changes:
        product.save(update_fields=[*changes, "updated_at"])
    if image:
        replace_primary_image(product, image)


def resolve_category(category: str | Category) -> Category:
    return categories.find_or_create([category])[category] if isinstance(category, str) else category


@transaction.atomic
def add_images(product: Product, images: Sequence[DecodedImage]) -> list[ProductImage]:
    """Store images behind those that the product has."""
    Product.objects.select_for_update().get(pk=product.pk)  # two uploads at once must not take one position
    last = product.images.aggregate(last=Max("position"))["last"]
    first = 0 if last is None else last + 1
    rows = [store_image(product, image, position) for position, image in enumerate(images, first)]
    images_added.send(sender=ProductImage, image_ids=[row.pk for row in rows])
    return rows


@transaction.atomic
def replace_primary_image(product: Product, image: DecodedImage) -> ProductImage:
    """Store an image in place of the primary one, which is deleted with its embeddings, unless both are equal."""
    Product.objects.select_for_update().get(pk=product.pk)
    former = product.images.first()
    if former and former.content_hash == image.content_hash:
        return former
    position = former.position if former else 0
    if former:
        delete_images([former])
    row = store_image(product, image, position)
    images_added.send(sender=ProductImage, image_ids=[row.pk])
    return row


def store_image(product: Product, image: DecodedImage, position: int) -> ProductImage:
    row = build_image(product, image, position)
    store_files(row, image)
    row.save(force_insert=True)
    return row


def build_image(product: Product, image: DecodedImage, position: int) -> ProductImage:
    """Build a row that is not yet saved, with the names under which its files are not yet stored."""
    row = ProductImage(product=product, position=position)
    # The names go in with the sizes: a file assigned later would be opened and parsed, only to be measured.
    return ProductImage(
        product=product,
        position=position,
        file=image_name(row, image.file_name),
        thumbnail=thumbnail_name(row, "thumbnail.webp") if image.thumbnail else "",
        width=image.width,
        height=image.height,
        content_hash=image.content_hash,
        file_hash=image.file_hash,
        fingerprint=image.fingerprint,
    )


def store_files(row: ProductImage, image: DecodedImage) -> None:
    default_storage.save(row.file.name, image.file)
    if image.thumbnail_file:
        default_storage.save(row.thumbnail.name, image.thumbnail_file)


def add_missing_fingerprints(limit: int) -> int:
    """Compute fingerprints of up to `limit` images that were stored before there were any; return of how many."""
    images = list(ProductImage.objects.filter(fingerprint=None).order_by("pk")[:limit])
    for image in images:
        name = (image.thumbnail or image.file).name or ""
        try:
            with default_storage.open(name) as file:
                image.fingerprint = fingerprint_file(file.read())
        except (OSError, UnreadableImage) as error:
            log.warning("%s has no fingerprint: %s: %s", image, name, error)
            image.fingerprint = b""
    ProductImage.objects.bulk_update(images, ["fingerprint"])
    return len(images)


@transaction.atomic
def arrange_images(product: Product, image_ids: Sequence[int]) -> None:
    """Move these images to the front, in this order; the product's other images follow in their present order."""
    Product.objects.select_for_update().get(pk=product.pk)
    former = list(product.images.values_list("pk", flat=True))
    order = [pk for pk in image_ids if pk in former] + [pk for pk in former if pk not in image_ids]
    if order == former:
        return
    # Out of the way first: no two images may have one position, not even between two rows of an update.
    product.images.update(position=F("position") + len(order) + 1000)
    for position, pk in enumerate(order):
        ProductImage.objects.filter(pk=pk).update(position=position)
    if order[0] != former[0]:
        images_added.send(sender=ProductImage, image_ids=order[:1])  # some versions embed primary images only


@transaction.atomic
def delete_images(images: Iterable[ProductImage]) -> None:
    """Delete the rows now, and their files when the transaction is committed."""
    images = list(images)
    rows = ProductImage.objects.filter(pk__in=[image.pk for image in images])
    # Locked before what depends on them is deleted: a worker may be storing vectors of them just now.
    list(rows.select_for_update().order_by("pk").values_list("pk"))
    rows.delete()
    transaction.on_commit(partial(delete_files, images))


def delete_files(images: Iterable[ProductImage]) -> None:
    for image in images:
        for file in (image.file, image.thumbnail):
            if file.name:
                default_storage.delete(file.name)


@transaction.atomic
def delete(products: Iterable[Product]) -> int:
    """Delete products with their images, embeddings and interactions; return how many."""
    ids = [product.pk for product in products]
    delete_images(ProductImage.objects.filter(product__in=ids))
    _, counts = Product.objects.filter(pk__in=ids).delete()
    return counts.get(Product._meta.label, 0)


def hide(products: QuerySet[Product]) -> int:
    return products.filter(is_hidden=False).update(is_hidden=True)


def show(products: QuerySet[Product]) -> int:
    return products.filter(is_hidden=True).update(is_hidden=False)


def mark_in_stock(products: QuerySet[Product], in_stock: bool) -> int:
    return products.exclude(in_stock=in_stock).update(in_stock=in_stock)
