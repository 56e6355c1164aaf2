"""What is done to products and their pictures."""

import logging
from collections.abc import Iterable, Sequence
from functools import partial

from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import F, Max

from catalog import categories
from catalog.errors import UnreadableImage
from catalog.images import DecodedImage, fingerprint_file
from catalog.models import Category, Product, ProductImage, image_name, thumbnail_name
from catalog.signals import images_added

log = logging.getLogger(__name__)


@transaction.atomic
def create(*, category: str | Category, image: DecodedImage | None = None, **fields) -> Product:
    """A new product; a named category that is unknown is made. Raises ValidationError for fields that make no sense."""
    product = Product(category=known(category), **fields)
    product.full_clean()
    product.save(force_insert=True)
    if image:
        add_images(product, [image])
    return product


@transaction.atomic
def update(
    product: Product, *, category: str | Category | None = None, image: DecodedImage | None = None, **fields
) -> None:
    """Write the fields that are given; a picture replaces the primary one, unless it is the same picture."""
    if category is not None:
        fields["category"] = known(category)
    for name, value in fields.items():
        setattr(product, name, value)
    product.full_clean()
    if fields:
        product.save(update_fields=[*fields, "updated_at"])
    if image:
        replace_primary_image(product, image)


def known(category: str | Category) -> Category:
    return categories.find_or_create([category])[category] if isinstance(category, str) else category


@transaction.atomic
def add_images(product: Product, pictures: Sequence[DecodedImage]) -> list[ProductImage]:
    """The pictures, after those that the product has."""
    Product.objects.select_for_update().get(pk=product.pk)  # two uploads at once must not take one position
    last = product.images.aggregate(last=Max("position"))["last"]
    first = 0 if last is None else last + 1
    images = [stored(product, picture, position) for position, picture in enumerate(pictures, first)]
    images_added.send(sender=ProductImage, image_ids=[image.pk for image in images])
    return images


@transaction.atomic
def replace_primary_image(product: Product, picture: DecodedImage) -> ProductImage:
    """The picture in the first place; whatever was derived from the former one goes with it."""
    Product.objects.select_for_update().get(pk=product.pk)
    former = product.images.first()
    if former and former.content_hash == picture.content_hash:
        return former
    position = former.position if former else 0
    if former:
        delete_images([former])
    image = stored(product, picture, position)
    images_added.send(sender=ProductImage, image_ids=[image.pk])
    return image


def stored(product: Product, picture: DecodedImage, position: int) -> ProductImage:
    image = unsaved_image(product, picture, position)
    store_files(image, picture)
    image.save(force_insert=True)
    return image


def unsaved_image(product: Product, picture: DecodedImage, position: int) -> ProductImage:
    """A row that is yet to be saved, with the names under which its files are yet to be stored."""
    image = ProductImage(product=product, position=position)
    # The names go in with the sizes: a file assigned later would be opened and parsed, only to be measured.
    return ProductImage(
        product=product,
        position=position,
        file=image_name(image, picture.file.name),
        thumbnail=thumbnail_name(image, "thumbnail.webp") if picture.thumbnail else "",
        width=picture.width,
        height=picture.height,
        content_hash=picture.content_hash,
        file_hash=picture.file_hash,
        fingerprint=picture.fingerprint,
    )


def store_files(image: ProductImage, picture: DecodedImage) -> None:
    default_storage.save(image.file.name, picture.file)
    if picture.thumbnail_file:
        default_storage.save(image.thumbnail.name, picture.thumbnail_file)


def add_missing_fingerprints(most: int) -> int:
    """Look at up to `most` of the pictures that were stored before there were fingerprints; returns at how many."""
    images = list(ProductImage.objects.filter(fingerprint=None).order_by("pk")[:most])
    for image in images:
        file = image.thumbnail or image.file
        try:
            with default_storage.open(file.name) as stored_file:
                image.fingerprint = fingerprint_file(stored_file.read())
        except (OSError, UnreadableImage) as error:
            log.warning("%s has no fingerprint: %s: %s", image, file.name, error)
            image.fingerprint = b""
    ProductImage.objects.bulk_update(images, ["fingerprint"])
    return len(images)


@transaction.atomic
def arrange_images(product: Product, image_ids: Sequence[int]) -> None:
    """Put these pictures first, in this order; the product's others keep theirs behind them."""
    Product.objects.select_for_update().get(pk=product.pk)
    former = list(product.images.values_list("pk", flat=True))
    order = [pk for pk in image_ids if pk in former] + [pk for pk in former if pk not in image_ids]
    if order == former:
        return
    # Out of the way first: no two pictures may be in one place, not even between two rows of an update.
    product.images.update(position=F("position") + len(order) + 1000)
    for position, pk in enumerate(order):
        ProductImage.objects.filter(pk=pk).update(position=position)
    if order[0] != former[0]:
        images_added.send(sender=ProductImage, image_ids=order[:1])  # some versions look at primary pictures alone


@transaction.atomic
def delete_images(images: Iterable[ProductImage]) -> None:
    """The rows now, the files once that is certain."""
    images = list(images)
    ProductImage.objects.filter(pk__in=[image.pk for image in images]).delete()
    transaction.on_commit(partial(delete_files, images))


def delete_files(images: Iterable[ProductImage]) -> None:
    for image in images:
        for file in (image.file, image.thumbnail):
            if file:
                default_storage.delete(file.name)


@transaction.atomic
def delete(products: Iterable[Product]) -> int:
    """Remove products with their pictures, embeddings and interactions; returns how many."""
    ids = [product.pk for product in products]
    delete_images(ProductImage.objects.filter(product__in=ids))
    _, counts = Product.objects.filter(pk__in=ids).delete()
    return counts.get(Product._meta.label, 0)


def hide(products) -> int:
    return products.filter(is_hidden=False).update(is_hidden=True)


def show(products) -> int:
    return products.filter(is_hidden=True).update(is_hidden=False)


def mark_in_stock(products, in_stock: bool) -> int:
    return products.exclude(in_stock=in_stock).update(in_stock=in_stock)
