"""Create, change and delete products and their images."""

import logging
from collections.abc import Collection, Container, Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import TypeAlias, TypedDict, Unpack

from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import F, Max, QuerySet
from django.utils import timezone

from catalog import categories, files, image_urls, locks, readings
from catalog.errors import ProductChanged, UnreadableImage
from catalog.images import Box, DecodedImage, fingerprint_file
from catalog.models import Category, ImageReading, Product, ProductImage
from catalog.signals import images_added

log = logging.getLogger(__name__)

OUT_OF_THE_WAY = 10_000  # a position that no image has


# Of a product, by `updated_at`; None for whichever it is.
Versions: TypeAlias = Container[datetime | None] | None  # None among them: there is no such product yet


class Present:
    """Versions of a product that is there, whichever it is."""

    def __contains__(self, updated_at: object) -> bool:
        return updated_at is not None


ABSENT: Versions = {None}
PRESENT: Versions = Present()


class ProductFields(TypedDict, total=False):
    """Fields of a product that a caller may set, besides category and image."""

    sku: str
    title: str
    price: Decimal | str
    currency: str
    in_stock: bool
    is_hidden: bool
    url: str
    attributes: Mapping[str, object]


def create(
    *,
    category: str | Category,
    image: DecodedImage | None = None,
    image_url: str = "",
    **fields: Unpack[ProductFields],
) -> Product:
    """Create a product, and its category if that is given by a name that is new.

    image_url: of an image that is yet to be fetched.

    Raises ValidationError for fields that are missing or invalid, and OSError if the image cannot be stored.
    """
    with files.stored([image] if image else []) as rows:
        return create_with(rows, category, fields, image_url)


@locks.atomic
def create_with(
    rows: Sequence[ProductImage], category: str | Category, fields: ProductFields, image_url: str
) -> Product:
    product = Product(category=resolve_category(category), **fields)
    product.full_clean()
    product.save(force_insert=True)
    append_rows(product, rows)
    if image_url:
        image_urls.note_primary({product.pk: image_url})
    return product


def update(
    product: Product,
    *,
    category: str | Category | None = None,
    image: DecodedImage | None = None,
    image_url: str = "",
    versions: Versions = None,
    **fields: Unpack[ProductFields],
) -> None:
    """Write the fields that are given; an image replaces the primary one, unless both are equal and its file is there.

    image_url: of an image that is yet to be fetched.

    Raises ValidationError for fields that are invalid, Product.DoesNotExist if it was deleted meanwhile, ProductChanged
    if it is none of these versions, and OSError if the image cannot be stored.
    """
    with files.stored([image] if image else []) as rows:
        update_with(rows, product, category, fields, versions)
        if image_url:
            image_urls.note_primary({product.pk: image_url})


@locks.atomic
def update_with(
    rows: Sequence[ProductImage],
    product: Product,
    category: str | Category | None,
    fields: ProductFields,
    versions: Versions,
) -> None:
    lock(product, versions)
    changes: dict[str, object] = dict(fields)
    if category is not None:
        changes["category"] = resolve_category(category)
    for name, value in changes.items():
        setattr(product, name, value)
    product.full_clean()
    if changes:
        product.save(update_fields=[*changes, "updated_at"])
    for row in rows:
        replace_primary_row(product, row)


def resolve_category(category: str | Category) -> Category:
    return categories.find_or_create([category])[category] if isinstance(category, str) else category


def lock(product: Product, versions: Versions = None) -> None:
    """Wait for others who change the product, and then let them wait.

    Raises Product.DoesNotExist, and ProductChanged if it is none of these versions.
    """
    if not lock_all([product.pk]):
        raise Product.DoesNotExist(f"there is no product {product.sku!r} any more")
    if versions is not None:
        check_version(Product.objects.only("sku", "updated_at").get(pk=product.pk), versions)


def check_version(product: Product, versions: Versions) -> None:
    """Raise ProductChanged unless the product, which is locked, is one of these versions."""
    updated_at: datetime | None = product.updated_at  # None of a product that is yet to be stored
    if versions == ABSENT and updated_at:
        raise ProductChanged(f"there is a product {product.sku!r} already")
    if versions is not None and updated_at not in versions:
        if updated_at is None:
            raise ProductChanged(f"there is no product {product.sku!r}")
        raise ProductChanged(f"the product {product.sku!r} was changed meanwhile")


def touch(products: Iterable[int]) -> None:
    """Mark these products as changed, as their images were."""
    Product.objects.filter(pk__in=products).update(updated_at=timezone.now())


def lock_all(products: Iterable[int] | QuerySet[ProductImage, int]) -> list[int]:
    """Wait for others who change these products, and then let them wait; return the ids of those that there are."""
    # Not their keys, which events refer to: to record those one need not wait for an upload.
    rows = Product.objects.filter(pk__in=products).order_by("pk").select_for_update(no_key=True)
    return list(rows.values_list("pk", flat=True))


def add_images(product: Product, images: Sequence[DecodedImage]) -> list[ProductImage]:
    """Store images behind those that the product has.

    Raises Product.DoesNotExist if it was deleted meanwhile, and OSError if the images cannot be stored.
    """
    with files.stored(images) as rows:
        append_rows(product, rows)
    return rows


@locks.atomic
def append_rows(product: Product, rows: Sequence[ProductImage]) -> None:
    lock(product)  # two uploads at once must not take one position
    last = product.images.aggregate(last=Max("position"))["last"]
    for position, row in enumerate(rows, 0 if last is None else last + 1):
        save_row(row, product, position)
    touch([product.pk])
    images_added.send(sender=ProductImage, image_ids=[row.pk for row in rows])


def replace_primary_image(product: Product, image: DecodedImage) -> ProductImage:
    """Store an image in place of the primary one, which is deleted with its embeddings.

    Unless both are equal and the file of the primary one is there.

    Raises Product.DoesNotExist if the product was deleted meanwhile, and OSError if the image cannot be stored.
    """
    with files.stored([image]) as [row]:
        return replace_primary_row(product, row)


@locks.atomic
def replace_primary_row(product: Product, row: ProductImage) -> ProductImage:
    lock(product)
    image_urls.forget_primary([product.pk])  # which this image supersedes
    former = ProductImage.objects.filter(product=product).first()  # not one that was prefetched before the lock
    if former and former.content_hash == row.content_hash and not files.is_lost(former):
        return former
    if former:
        delete_image_rows([former])
    save_row(row, product, former.position if former else 0)
    touch([product.pk])
    images_added.send(sender=ProductImage, image_ids=[row.pk])
    return row


@locks.atomic
def insert_row(product: Product, row: ProductImage, position: int) -> None:
    """Add an image at the position that an import keeps for it: at 0 in place of the image that is there."""
    lock(product)
    present = product.images.filter(position=position).first()
    if present and position == 0 and present.content_hash == row.content_hash:
        ProductImage.objects.filter(pk=present.pk).update(source=row.source)
        return
    if present and position == 0:
        delete_image_rows([present])
    elif present:
        behind = list(product.images.filter(position__gte=position))
        move_images([(image, image.position + 1) for image in behind])
    save_row(row, product, position)
    touch([product.pk])
    images_added.send(sender=ProductImage, image_ids=[row.pk])


def move_images(moves: Sequence[tuple[ProductImage, int]]) -> None:
    """Move images of products that are locked to new positions, also to those of others of them."""
    # Out of the way first: no two images may have one position, not even between two rows of an update.
    rows = ProductImage.objects.filter(pk__in=[image.pk for image, _ in moves])
    rows.update(position=F("position") + OUT_OF_THE_WAY)
    for image, position in moves:
        image.position = position
    ProductImage.objects.bulk_update([image for image, _ in moves], ["position"])


def save_row(row: ProductImage, product: Product, position: int) -> None:
    row.product, row.position = product, position
    row.pk = None  # it has one if a transaction that saved it before was rolled back
    row.save(force_insert=True)


def add_missing_fingerprints(limit: int) -> int:
    """Compute fingerprints of up to `limit` images that were stored before there were any; return of how many."""
    images = list(ProductImage.objects.readable().filter(fingerprint=None).order_by("pk")[:limit])
    for image in images:
        with readings.alone(image.pk) as may_read:
            if may_read:
                add_fingerprint(image)
                readings.end([image.pk])
    return len(images)


def add_fingerprint(image: ProductImage) -> None:
    """Compute and save an image's fingerprint, which is empty if its file cannot be read."""
    name = (image.thumbnail or image.file).name or ""
    try:
        with default_storage.open(name) as file:
            image.fingerprint = fingerprint_file(file.read())
    except (OSError, UnreadableImage) as error:
        log.warning("%s has no fingerprint: %s: %s", image, name, error)
        image.fingerprint = b""
    ProductImage.objects.filter(pk=image.pk).update(fingerprint=image.fingerprint)


@locks.atomic
def arrange_images(product: Product, image_ids: Sequence[int]) -> None:
    """Move these images to the front, in this order; the product's other images follow in their present order.

    Raises Product.DoesNotExist if the product was deleted meanwhile.
    """
    lock(product)
    former = list(product.images.values_list("pk", flat=True))
    order = [pk for pk in image_ids if pk in former] + [pk for pk in former if pk not in image_ids]
    if order == former:
        return
    images = product.images.in_bulk(order)
    move_images([(images[pk], position) for position, pk in enumerate(order)])
    touch([product.pk])
    if order[0] != former[0]:
        images_added.send(sender=ProductImage, image_ids=order[:1])  # some versions embed primary images only


@locks.atomic
def delete_images(images: Collection[ProductImage]) -> None:
    """Delete the rows now, and their files when the transaction is committed."""
    touch(lock_all({image.product_id for image in images}))
    delete_image_rows(images)


@locks.atomic
def choose_part(image: ProductImage, part: Box | None) -> ProductImage:
    """Choose the part of an image that models look at, or with None leave it to them; return the image's row.

    That is a new one: a vector of the former, which a worker may be computing just now, is never stored for it. Raises
    Product.DoesNotExist or ProductImage.DoesNotExist if the image was deleted meanwhile.
    """
    lock(image.product)
    row = ProductImage.objects.get(pk=image.pk)
    chosen = None if part is None else list(part)
    if row.part == chosen:
        return row
    forget_image_rows([row])
    row.part = chosen
    save_row(row, image.product, row.position)
    touch([image.product_id])
    images_added.send(sender=ProductImage, image_ids=[row.pk])
    return row


def delete_image_rows(images: Collection[ProductImage]) -> None:
    """Delete images of products that are locked."""
    forget_image_rows(images)
    transaction.on_commit(partial(files.delete, list(images)))


def forget_image_rows(images: Collection[ProductImage]) -> None:
    """Delete the rows of images of products that are locked, not their files."""
    rows = ProductImage.objects.filter(pk__in=[image.pk for image in images])
    # Locked before what depends on them is deleted: a worker may be storing vectors of them just now.
    list(rows.select_for_update().order_by("pk").values_list("pk"))
    rows.delete()
    ImageReading.objects.filter(image_id__in=[image.pk for image in images]).delete()


@locks.atomic
def delete(products: Collection[Product]) -> int:
    """Delete products with their images, embeddings and interactions; return how many."""
    chosen = Product.objects.filter(pk__in=[product.pk for product in products])
    # With their keys: events that are being recorded are waited for, and then deleted as well.
    list(chosen.select_for_update(of=("self",)).order_by("pk").values_list("pk"))
    delete_image_rows(ProductImage.objects.filter(product__in=chosen))
    _, counts = chosen.delete()
    return counts.get(Product._meta.label, 0)


@locks.atomic
def delete_version(product: Product, versions: Versions) -> None:
    """Delete a product. Raises Product.DoesNotExist, and ProductChanged if it is none of these versions."""
    lock(product, versions)
    delete([product])


def hide(products: QuerySet[Product]) -> int:
    return products.filter(is_hidden=False).update(is_hidden=True, updated_at=timezone.now())


def show(products: QuerySet[Product]) -> int:
    return products.filter(is_hidden=True).update(is_hidden=False, updated_at=timezone.now())


def mark_in_stock(products: QuerySet[Product], in_stock: bool) -> int:
    return products.exclude(in_stock=in_stock).update(in_stock=in_stock, updated_at=timezone.now())
