"""Create or change products by their SKUs, and delete some, in one transaction: only what differs is written."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.utils import timezone

from catalog import bulk_insert, categories, files, galleries, image_urls, locks, products
from catalog.images import DecodedImage
from catalog.models import Category, Product, ProductImage
from catalog.products import ProductFields, Versions

FIELDS = (
    "title",
    "category_id",
    "price",
    "currency",
    "in_stock",
    "is_hidden",
    "url",
    "attributes",
)  # that are compared
Errors = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Upsert:
    """A product as it is to be. An image takes the place of the primary one; without one the images stay.

    At most one of image, image_url and image_urls is given.
    """

    fields: ProductFields  # a field that is missing has its default
    category: str
    image: DecodedImage | None = None
    image_url: str = ""  # of one that is yet to be fetched
    image_urls: Sequence[
        str
    ] = ()  # of all, the first one primary: those of the last time that are not there are deleted
    versions: Versions = None  # that it may replace


@dataclass
class Result:
    """The SKUs of the products that were written, and the reasons against others by their index."""

    created: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    refused: dict[int, Errors] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)  # to be deleted


def upsert(upserts: Sequence[Upsert], deletions: Collection[str] = ()) -> Result:
    """Write products, and delete those of the SKUs in `deletions`; no SKU may be there twice.

    One that is not valid is refused, and the others are written. Raises OSError if an image cannot be stored, and
    ProductChanged if a product is none of the versions that it may be.
    """
    with files.stored([row.image for row in upserts if row.image]) as images:
        try:
            return upsert_with(images, upserts, deletions)
        except IntegrityError:  # another request has created one of these products just now: now it is found
            return upsert_with(images, upserts, deletions)


@locks.atomic
def upsert_with(images: Sequence[ProductImage], upserts: Sequence[Upsert], deletions: Collection[str]) -> Result:
    result = Result()
    skus = [row.fields["sku"] for row in upserts] + list(deletions)
    stored = {product.sku: product for product in lock(skus)}
    for row in upserts:
        products.check_version(stored.get(row.fields["sku"], Product(sku=row.fields["sku"])), row.versions)
    wanted = build(upserts, result)
    new = [product for sku, product in wanted.items() if sku not in stored]
    bulk_insert.insert(new)
    changed = change([(stored[sku], product) for sku, product in wanted.items() if sku in stored])
    rows = iter(images)
    for row in upserts:
        image = next(rows) if row.image else None
        sku = row.fields["sku"]
        if image and sku in wanted and products.replace_primary_row(stored.get(sku) or wanted[sku], image) is image:
            changed.add(sku)
    urls = {row.fields["sku"]: row.image_url for row in upserts if row.image_url}
    image_urls.note_primary({(stored.get(sku) or wanted[sku]).pk: url for sku, url in urls.items() if sku in wanted})
    named = {row.fields["sku"]: row.image_urls for row in upserts if row.image_urls and row.fields["sku"] in wanted}
    keys = {(stored.get(sku) or wanted[sku]).pk: sku for sku in named}
    changed |= {keys[pk] for pk in galleries.name_urls({pk: named[sku] for pk, sku in keys.items()})}
    result.created = [product.sku for product in new]
    existing = [sku for sku in wanted if sku in stored]
    result.updated = [sku for sku in existing if sku in changed]
    result.unchanged = [sku for sku in existing if sku not in changed]
    result.deleted = [sku for sku in deletions if sku in stored]
    result.unknown = [sku for sku in deletions if sku not in stored]
    products.delete([stored[sku] for sku in result.deleted])
    return result


def lock(skus: Sequence[str]) -> list[Product]:
    """Return the products of these SKUs, which others cannot change or delete until the transaction ends."""
    return list(Product.objects.filter(sku__in=skus).order_by("pk").select_for_update(no_key=True))


def build(upserts: Sequence[Upsert], result: Result) -> dict[str, Product]:
    """Return the products that are to be, by SKU, and note the reasons against the others."""
    found: dict[str, Product] = {}
    valid: list[tuple[str, str]] = []
    for index, row in enumerate(upserts):
        product = Product(**row.fields)
        if reasons := errors_of(product, row.category):
            result.refused[index] = reasons
        else:
            found[product.sku] = product
            valid.append((product.sku, row.category))
    known = categories.find_or_create(name for _, name in valid)
    for sku, name in valid:
        found[sku].category = known[name]
    return found


def errors_of(product: Product, category: str) -> Errors:
    """Return the reasons against a product in a category of this name, by field."""
    errors: dict[str, list[str]] = {}
    for name, instance in (("category", Category(name=category)), ("", product)):
        try:
            instance.clean_fields(exclude={"category"})
        except ValidationError as error:
            errors |= {name or field: messages for field, messages in error.message_dict.items()}
    return errors


def change(pairs: Sequence[tuple[Product, Product]]) -> set[str]:
    """Write to each first product the values of the second one; return the SKUs of those that differed."""
    changed, columns = [], set()
    for product, wanted in pairs:
        names = [name for name in FIELDS if getattr(product, name) != getattr(wanted, name)]
        for name in names:
            setattr(product, name, getattr(wanted, name))
        if names:
            product.updated_at = timezone.now()
            changed.append(product)
            columns.update(names)
    if changed:
        Product.objects.bulk_update(changed, [*sorted(columns), "updated_at"])
    return {product.sku for product in changed}
