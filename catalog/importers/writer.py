"""Checked rows into the shop: a batch is one transaction, and only what differs is written."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from catalog import categories, products
from catalog.errors import BadRow, UnreadableImage
from catalog.images import DecodedImage
from catalog.importers.prices import made_up_price
from catalog.importers.reports import Report
from catalog.importers.rows import UNSTORABLE, Problem, Row
from catalog.models import Category, Product, ProductImage, single_spaced
from catalog.signals import images_added


@dataclass(frozen=True)
class Item:
    row: Row
    product: Product  # what the row would make: checked, not saved


# For each item and the hash of the file that its product has now: the picture, None if it is that file, or why neither.
ReadPictures = Callable[[Sequence[Item], Mapping[str, str]], Sequence[DecodedImage | UnreadableImage | None]]


def checked(row: Row) -> Item:
    """Raises BadRow if the row makes no product that the shop would take."""
    texts = (row.sku, row.title, row.category, row.image, *row.attributes, *row.attributes.values())
    if any(UNSTORABLE.search(text) for text in texts):
        raise BadRow("it holds a character that cannot be stored")
    product = Product(
        sku=row.sku,
        title=row.title,
        price=made_up_price(row.category, row.sku) if row.price is None else row.price,
        attributes=without_empty(row.attributes),
    )
    if row.currency is not None:
        product.currency = row.currency
    if row.in_stock is not None:
        product.in_stock = row.in_stock
    errors = {}
    category = Category(name=single_spaced(row.category))
    for field_name, instance in (("category", category), ("", product)):
        try:
            instance.clean_fields(exclude={"category"})
        except ValidationError as error:
            errors |= {field_name or name: messages for name, messages in error.message_dict.items()}
    if errors:
        raise BadRow("; ".join(f"{name}: {' '.join(messages)}" for name, messages in errors.items()))
    return Item(row, product)


def write(batch: Sequence[Item], read_pictures: ReadPictures, *, dry_run: bool) -> Report:
    """All of the batch or, if anything goes wrong, nothing: neither rows nor files. A dry run only counts."""
    try:
        return write_once(batch, read_pictures, dry_run=dry_run)
    except IntegrityError:  # somebody made one of these products meanwhile: now it is found
        return write_once(batch, read_pictures, dry_run=dry_run)


def write_once(batch: Sequence[Item], read_pictures: ReadPictures, *, dry_run: bool) -> Report:
    images: list[ProductImage] = []
    with ExitStack() as undo:
        undo.callback(products.delete_files, images)
        with transaction.atomic():
            plan = compare(batch, read_pictures)
            if not dry_run:
                save(plan, images)
        undo.pop_all()
    return plan.report


@dataclass
class Plan:
    report: Report = field(default_factory=Report)
    created: list[Product] = field(default_factory=list)
    updated: list[Product] = field(default_factory=list)
    fields: set[str] = field(default_factory=set)  # that differ in any of `updated`
    pictures: list[tuple[Product, DecodedImage, int]] = field(default_factory=list)  # to be stored, at which position
    replaced: list[ProductImage] = field(default_factory=list)
    categories: list[tuple[Product, str]] = field(default_factory=list)  # to be assigned, by name


def compare(batch: Sequence[Item], read_pictures: ReadPictures) -> Plan:
    """What is to be written. The products in question are locked until the transaction ends."""
    found = Product.objects.filter(sku__in=[item.row.sku for item in batch]).order_by("pk")
    stored = {product.sku: product for product in found.select_for_update()}
    primary = {
        image.product_id: image
        for image in ProductImage.objects.filter(product__in=stored.values())
        .order_by("product_id", "position", "pk")
        .distinct("product_id")
    }
    hashes = {sku: primary[product.pk].file_hash for sku, product in stored.items() if product.pk in primary}
    categorised = categories.find_by_name(item.row.category for item in batch)
    plan = Plan()

    for item, picture in zip(batch, read_pictures(batch, hashes), strict=True):
        product = stored.get(item.row.sku)
        if isinstance(picture, UnreadableImage):
            plan.report.problems.append(Problem(item.row.place, str(picture)))
        elif product is None:
            plan.created.append(item.product)
            plan.categories.append((item.product, item.row.category))
            plan.pictures.append((item.product, picture, 0))
        else:
            category = categorised.get(item.row.category)
            compare_with_stored(plan, item, picture, product, primary.get(product.pk), category)
    plan.report.created = len(plan.created)
    return plan


def compare_with_stored(
    plan: Plan,
    item: Item,
    picture: DecodedImage | None,
    product: Product,
    former: ProductImage | None,
    category: Category | None,
) -> None:
    """former, category: what the shop has already of the picture's place and of the row's category."""
    told = {"title": item.product.title}
    told["attributes"] = without_empty(product.attributes | item.row.attributes)
    # What the source does not tell may have been set by hand since, and stays.
    told |= {
        name: getattr(item.product, name)
        for name in ("price", "currency", "in_stock")
        if getattr(item.row, name) is not None
    }
    changed = {name for name, value in told.items() if getattr(product, name) != value}
    for name in changed:
        setattr(product, name, told[name])
    if category is None or category.pk != product.category_id:
        changed.add("category")
        plan.categories.append((product, item.row.category))
    if changed:
        plan.updated.append(product)
        plan.fields |= changed

    has_new_picture = picture is not None and (former is None or former.content_hash != picture.content_hash)
    if has_new_picture:
        plan.pictures.append((product, picture, former.position if former else 0))
        plan.replaced += [former] if former else []
    if changed or has_new_picture:
        plan.report.updated += 1
    else:
        plan.report.unchanged += 1


def save(plan: Plan, images: list[ProductImage]) -> None:
    """images: filled with the new rows before their files are stored, so that these can be found if this fails."""
    known = categories.find_or_create(name for _, name in plan.categories)
    for product, name in plan.categories:
        product.category = known[name]
    Product.objects.bulk_create(plan.created)
    if plan.updated:
        for product in plan.updated:
            product.updated_at = timezone.now()
        Product.objects.bulk_update(plan.updated, [*sorted(plan.fields), "updated_at"])
    products.delete_images(plan.replaced)
    images += [products.unsaved_image(product, picture, position) for product, picture, position in plan.pictures]
    for image, (_, picture, _) in zip(images, plan.pictures, strict=True):
        products.store_files(image, picture)
    ProductImage.objects.bulk_create(images)
    if images:
        images_added.send(sender=ProductImage, image_ids=[image.pk for image in images])


def without_empty(attributes: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in attributes.items() if value != ""}
