"""Write checked rows to the shop: a batch is one transaction, and only what differs is written."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

from django.core.exceptions import ValidationError
from django.db import IntegrityError, OperationalError, transaction
from django.utils import timezone

from catalog import categories, files, products
from catalog.errors import BadRow, UnreadableImage
from catalog.images import DecodedImage
from catalog.importers.prices import generate_price
from catalog.importers.reports import ProductReport
from catalog.importers.rows import UNSTORABLE, Problem, Row
from catalog.locks import is_deadlock
from catalog.models import Category, Product, ProductImage, single_spaced
from catalog.signals import images_added


@dataclass(frozen=True)
class CheckedRow:
    row: Row
    product: Product  # built from the row, checked, not saved


# Of a batch and the hashes of the files that its products have now, by SKU: for each row the image, None if its file is
# the product's present one, or the error.
ReadImages = Callable[[Sequence[CheckedRow], Mapping[str, str]], Sequence[DecodedImage | UnreadableImage | None]]


def check_row(row: Row) -> CheckedRow:
    """Build the product of a row, not saved. Raises BadRow if its fields are not valid."""
    texts = (row.sku, row.title, row.category, row.image, *row.attributes, *row.attributes.values())
    if any(UNSTORABLE.search(text) for text in texts):
        raise BadRow("it holds a character that cannot be stored")
    product = Product(
        sku=row.sku,
        title=row.title,
        price=generate_price(row.category, row.sku) if row.price is None else row.price,
        attributes=without_empty(row.attributes),
    )
    if row.currency is not None:
        product.currency = row.currency
    if row.in_stock is not None:
        product.in_stock = row.in_stock
    errors: dict[str, list[str]] = {}
    category = Category(name=single_spaced(row.category))
    for field_name, instance in (("category", category), ("", product)):
        try:
            instance.clean_fields(exclude={"category"})
        except ValidationError as error:
            errors |= {field_name or name: messages for name, messages in error.message_dict.items()}
    if errors:
        raise BadRow("; ".join(f"{name}: {' '.join(messages)}" for name, messages in errors.items()))
    return CheckedRow(row, product)


def write(batch: Sequence[CheckedRow], read_images: ReadImages, *, dry_run: bool) -> ProductReport:
    """Write a whole batch or, on an error, nothing of it: neither rows nor files. A dry run only counts."""
    try:
        return write_once(batch, read_images, dry_run=dry_run)
    except (IntegrityError, OperationalError) as error:  # one of these products was created meanwhile: now it is found
        if isinstance(error, OperationalError) and not is_deadlock(error):
            raise
        return write_once(batch, read_images, dry_run=dry_run)


def write_once(batch: Sequence[CheckedRow], read_images: ReadImages, *, dry_run: bool) -> ProductReport:
    with ExitStack() as cleanup, transaction.atomic():  # the files are deleted only once the rows are rolled back
        plan = plan_changes(batch, read_images)
        if not dry_run:
            rows = cleanup.enter_context(files.stored([image for _, image, _ in plan.images]))
            apply(plan, rows)
    return plan.report


@dataclass
class Plan:
    """Changes that a batch makes, worked out before any of them is written."""

    report: ProductReport = field(default_factory=ProductReport)
    created: list[Product] = field(default_factory=list)
    updated: list[Product] = field(default_factory=list)
    fields: set[str] = field(default_factory=set)  # to be written of `updated`
    images: list[tuple[Product, DecodedImage, int]] = field(default_factory=list)  # to be stored, with the position
    replaced: list[ProductImage] = field(default_factory=list)
    categories: list[tuple[Product, str]] = field(default_factory=list)  # to be assigned, by name


def plan_changes(batch: Sequence[CheckedRow], read_images: ReadImages) -> Plan:
    """Compare a batch with the shop. The products that it names are locked until the transaction ends."""
    found = Product.objects.filter(sku__in=[item.row.sku for item in batch]).order_by("pk")
    stored = {product.sku: product for product in found.select_for_update()}
    primary = {
        image.product_id: image
        for image in ProductImage.objects.filter(product__in=stored.values())
        .order_by("product_id", "position", "pk")
        .distinct("product_id")
    }
    hashes = {sku: primary[product.pk].file_hash for sku, product in stored.items() if product.pk in primary}
    found_categories = categories.find_by_name(item.row.category for item in batch)
    plan = Plan()

    for item, image in zip(batch, read_images(batch, hashes), strict=True):
        product = stored.get(item.row.sku)
        if isinstance(image, UnreadableImage):
            plan.report.problems.append(Problem(item.row.place, str(image)))
        elif product is None:
            assert image is not None  # None is for a file that the product has already
            plan.created.append(item.product)
            plan.categories.append((item.product, item.row.category))
            plan.images.append((item.product, image, 0))
        else:
            category = found_categories.get(item.row.category)
            plan_update(plan, item, image, product, primary.get(product.pk), category)
    plan.report.created = len(plan.created)
    return plan


def plan_update(
    plan: Plan,
    item: CheckedRow,
    image: DecodedImage | None,
    product: Product,
    former: ProductImage | None,
    category: Category | None,
) -> None:
    """Add to `plan` what differs between a row and its product.

    former, category: the image at the row's position and the category of the row's name, if the shop has them.
    """
    values: dict[str, object] = {"title": item.product.title}
    values["attributes"] = without_empty(product.attributes | item.row.attributes)
    # A value that the source lacks may have been set by hand since, and stays.
    values |= {
        name: getattr(item.product, name)
        for name in ("price", "currency", "in_stock")
        if getattr(item.row, name) is not None
    }
    changed = {name for name, value in values.items() if getattr(product, name) != value}
    for name in changed:
        setattr(product, name, values[name])
    if category is None or category.pk != product.category_id:
        changed.add("category")
        plan.categories.append((product, item.row.category))
    if changed:
        plan.updated.append(product)
        plan.fields |= changed

    if image is not None and (former is None or former.content_hash != image.content_hash):
        plan.images.append((product, image, former.position if former else 0))
        plan.replaced += [former] if former else []
        plan.report.updated += 1
    elif changed:
        plan.report.updated += 1
    else:
        plan.report.unchanged += 1


def apply(plan: Plan, rows: list[ProductImage]) -> None:
    """Write a plan. rows: of its images, whose files are stored."""
    known = categories.find_or_create(name for _, name in plan.categories)
    for product, name in plan.categories:
        product.category = known[name]
    Product.objects.bulk_create(plan.created)
    if plan.updated:
        for product in plan.updated:
            product.updated_at = timezone.now()
        Product.objects.bulk_update(plan.updated, [*sorted(plan.fields), "updated_at"])
    products.delete_images(plan.replaced)
    for row, (product, _, position) in zip(rows, plan.images, strict=True):
        row.product, row.position = product, position
    ProductImage.objects.bulk_create(rows)
    if rows:
        images_added.send(sender=ProductImage, image_ids=[row.pk for row in rows])


def without_empty(attributes: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in attributes.items() if value != ""}
