"""Write checked rows to the shop: a batch is one transaction, and only what differs is written."""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache

from django.core.exceptions import ValidationError
from django.db import IntegrityError, OperationalError, transaction
from django.utils import timezone

from catalog import bulk_insert, categories, files, galleries, image_urls, products
from catalog.arrays import IsAnyOf
from catalog.currencies import CURRENCIES
from catalog.errors import BadRow, UnreadableImage
from catalog.galleries import GalleryChanges, NamedImage, gallery_changes, images_of
from catalog.importers.prices import generate_price
from catalog.importers.reports import ProductReport
from catalog.importers.rows import UNSTORABLE, Problem, Row
from catalog.importers.values import read_text, text_of
from catalog.locks import is_deadlock
from catalog.models import Category, Product, ProductImage, single_spaced
from catalog.page_urls import MAX_PAGE_URL, PAGE_URL
from catalog.rows import PRODUCT_FIELDS, loaded


@dataclass(frozen=True)
class CheckedRow:
    """A row whose fields are valid."""

    row: Row
    price: Decimal


# Of a batch and the hashes of the files that its products have now, by SKU: for each row its images, in their order.
ReadImages = Callable[[Sequence[CheckedRow], Mapping[str, Collection[str]]], Sequence[Mapping[str, NamedImage]]]

OPTIONAL = ("currency", "in_stock", "is_hidden", "url")  # fields of a product that a source may lack, as of a Row
# Fields that are surely valid, as most are: the model, which takes ten times as long, need not be asked about them.
PLAIN_SKU, PLAIN_PRICE = re.compile(r"[A-Za-z0-9_-]{1,100}"), re.compile(r"\d{1,8}(\.\d{1,2})?")
LONGEST_TITLE = Product._meta.get_field("title").max_length or 0


def check_row(row: Row) -> CheckedRow:
    """Return a row that can be stored. Raises BadRow if its fields are not valid."""
    texts = (row.sku, row.title, row.category, row.url or "", *row.images, *row.attributes, *row.attributes.values())
    if UNSTORABLE.search("\n".join(texts)):
        wrong = next(text for text in texts if UNSTORABLE.search(text))
        field = next((f"{name}: " for name in ("sku", "title", "category", "url") if getattr(row, name) == wrong), "")
        raise BadRow(f"{field}{wrong[:40]!r} holds a character that cannot be stored, such as NUL: delete it")
    price = generate_price(row.category, row.sku) if row.price is None else row.price
    why = category_errors(row.category)
    if not why and is_plain(row, price):
        return CheckedRow(row, Decimal(price))
    errors = [f"category: {explain(row.category, why)}"] if why else []
    product = build_product(row, price)
    try:
        product.clean_fields(exclude={"category"})
    except ValidationError as error:
        errors += [f"{name}: {explain(getattr(product, name), why)}" for name, why in error.message_dict.items()]
    if errors:
        raise BadRow("; ".join(errors))
    return CheckedRow(row, product.price)


def is_plain(row: Row, price: Decimal | str) -> bool:
    """Return whether the fields of a row but its category are surely valid, as those of many others are, too."""
    is_title = 0 < len(row.title) <= LONGEST_TITLE
    is_currency = row.currency is None or row.currency in CURRENCIES
    is_url = not row.url or len(row.url) <= MAX_PAGE_URL and re.search(PAGE_URL.regex, row.url)
    return bool(
        is_title and is_currency and is_url and PLAIN_SKU.fullmatch(row.sku) and PLAIN_PRICE.fullmatch(str(price))
    )


def build_product(row: Row, price: Decimal | str) -> Product:
    """Return the product of a row, not saved, without its category."""
    given = {name: value for name in OPTIONAL if (value := getattr(row, name)) is not None}
    attributes = without_empty(row.attributes)
    return bulk_insert.new(Product, sku=row.sku, title=row.title, price=price, attributes=attributes, **given)


@lru_cache(10_000)  # of a category there are many rows
def category_errors(name: str) -> Sequence[str]:
    """Return the reasons against the name of a category."""
    try:
        Category(name=single_spaced(name)).clean_fields()
    except ValidationError as error:
        return error.messages
    return ()


def explain(value: object, reasons: Sequence[str]) -> str:
    """Return the value of a field and why it is refused."""
    return f"{str(value)[:100]!r}: {' '.join(reasons)}" if value else "it is empty"


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
            images = [image for _, gallery in plan.galleries for image, _, _ in gallery.added]
            apply(plan, cleanup.enter_context(files.stored(images)))
    return plan.report


@dataclass
class Plan:
    """Changes that a batch makes, worked out before any of them is written."""

    report: ProductReport = field(default_factory=ProductReport)
    created: list[Product] = field(default_factory=list)
    updated: list[Product] = field(default_factory=list)
    fields: set[str] = field(default_factory=set)  # to be written of `updated`
    galleries: list[tuple[Product, GalleryChanges]] = field(default_factory=list)
    categories: list[tuple[Product, str]] = field(default_factory=list)  # to be assigned, by name


def plan_changes(batch: Sequence[CheckedRow], read_images: ReadImages) -> Plan:
    """Compare a batch with the shop. The products that it names are locked until the transaction ends."""
    found = Product.objects.filter(IsAnyOf("sku", [item.row.sku for item in batch])).order_by("pk").select_for_update()
    rows = found.values_list(*PRODUCT_FIELDS)
    stored = {each.sku: each for each in (loaded(Product, zip(PRODUCT_FIELDS, row, strict=True)) for row in rows)}
    images = images_of([product.pk for product in stored.values()])
    urls = image_urls.numbered(images)
    hashes = {
        sku: {image.file_hash for image in images[product.pk] if not files.is_lost(image)}
        for sku, product in stored.items()
    }
    found_categories = categories.find_by_name(item.row.category for item in batch)
    plan = Plan()

    for item, named in zip(batch, read_images(batch, hashes), strict=True):
        problems = [image for image in named.values() if isinstance(image, UnreadableImage)]
        plan.report.problems += [Problem(item.row.place, str(problem), item.row.sku) for problem in problems]
        if isinstance(named[item.row.image], UnreadableImage):
            continue
        product = stored.get(item.row.sku)
        gallery = gallery_changes(named, images[product.pk] if product else [])
        plan.report.awaited += len(gallery.awaited)
        if product is None:
            product = build_product(item.row, item.price)
            plan.created.append(product)
            plan.categories.append((product, item.row.category))
        else:
            is_changed = plan_update(plan, item, product, found_categories.get(item.row.category))
            is_awaited = gallery.awaited != urls.get(product.pk, {})
            plan.report.updated += is_changed or is_awaited or gallery.any
        plan.galleries.append((product, gallery))
    plan.report.created = len(plan.created)
    plan.report.unchanged = len(plan.galleries) - plan.report.created - plan.report.updated
    return plan


def plan_update(plan: Plan, item: CheckedRow, product: Product, category: Category | None) -> bool:
    """Add to `plan` which fields differ between a row and its product; return whether any does.

    category: the one of the row's name, if the shop has it.
    """
    row = item.row
    values: dict[str, object] = {"title": row.title}
    # The API stores numbers, and texts of several lines: in a file they are what `read_text` makes of them.
    known = product.attributes
    differing = {name: text for name, text in row.attributes.items() if is_other(known.get(name), text)}
    if differing:
        values["attributes"] = without_empty(known | differing)
    # A value that the source lacks may have been set by hand since, and stays.
    if row.price is not None:
        values["price"] = item.price
    values |= {name: value for name in OPTIONAL if (value := getattr(row, name)) is not None}
    changed = {name for name, value in values.items() if getattr(product, name) != value}
    for name in changed:
        setattr(product, name, values[name])
    if category is None or category.pk != product.category_id:
        changed.add("category")
        plan.categories.append((product, item.row.category))
    if changed:
        plan.updated.append(product)
        plan.fields |= changed
    return bool(changed)


def is_other(stored: object, text: str) -> bool:
    """Return whether an attribute of the shop is another one than the text of a row."""
    return stored != text and read_text(text_of(stored)) != text


def apply(plan: Plan, rows: list[ProductImage]) -> None:
    """Write a plan. rows: of its images, whose files are stored."""
    known = categories.find_or_create(name for _, name in plan.categories)
    for product, name in plan.categories:
        product.category_id = known[name].pk
    bulk_insert.insert(plan.created)
    if plan.updated:
        for product in plan.updated:
            product.updated_at = timezone.now()
        Product.objects.bulk_update(plan.updated, [*sorted(plan.fields), "updated_at"])
    new = {product.pk for product in plan.created}
    products.touch([product.pk for product, gallery in plan.galleries if gallery.any and product.pk not in new])
    galleries.apply(plan.galleries, rows)


def without_empty(attributes: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in attributes.items() if value != ""}
