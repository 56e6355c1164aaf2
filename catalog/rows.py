"""Products with their category and images from rows of raw SQL: one statement, and less work than the ORM has."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple, TypeVar

from django.db import DEFAULT_DB_ALIAS, connections, router
from django.db.models import Model, QuerySet
from django.db.models.base import ModelState
from django.db.models.sql import Query

from catalog.models import Category, Product, ProductImage

M = TypeVar("M", bound=Model)

PRODUCT_FIELDS = (
    "id", "sku", "title", "category_id", "price", "currency", "in_stock", "is_hidden", "url", "attributes",
    "created_at", "updated_at",
)  # fmt: skip
ATTRIBUTES = PRODUCT_FIELDS.index("attributes")
IMAGE_FIELDS = (
    "id", "product_id", "position", "file", "thumbnail", "largest_rendition", "width", "height", "problem",
    "content_hash", "fingerprint",
)  # fmt: skip
# An image as an array of texts, which psycopg2 reads in C.
_IMAGE = (
    "ARRAY[i.id::text, i.product_id::text, i.position::text, i.file, i.thumbnail, i.largest_rendition::text,"
    " i.width::text, i.height::text, i.problem, i.content_hash, encode(i.fingerprint, 'hex')]"
)
COLUMNS = (
    ", ".join(f"p.{name}" for name in PRODUCT_FIELDS)
    + f", c.name, ARRAY(SELECT {_IMAGE} FROM catalog_productimage i WHERE i.product_id = p.id"
    " ORDER BY i.position, i.id)"
)
CATEGORY = "JOIN catalog_category c ON c.id = p.category_id"


@dataclass(frozen=True)
class Sql:
    """A statement, or a condition on a product that statements call `p`, with its parameters."""

    text: str
    params: tuple[Any, ...] = ()  # of any type that psycopg2 adapts

    def __and__(self, other: "Sql") -> "Sql":
        return Sql(f"{self.text} AND {other.text}", (*self.params, *other.params))


VISIBLE = Sql("NOT p.is_hidden")
IN_STOCK = Sql("p.in_stock")


def fetch(statement: Sql) -> list[tuple[Any, ...]]:
    """Return the rows of a statement that only reads."""
    with connections[router.db_for_read(Product)].cursor() as cursor:
        cursor.execute(statement.text, statement.params or None)
        return list(cursor.fetchall())


def estimated_count(where: Sql) -> int:
    """Return how many products satisfy the condition, as the planner estimates from its statistics."""
    [[plans]] = fetch(Sql(f"EXPLAIN (FORMAT JSON) SELECT FROM catalog_product p WHERE {where.text}", where.params))
    return int(plans[0]["Plan"]["Plan Rows"])


def find_product(where: Sql) -> Product | None:
    """Return a product that satisfies the condition; one statement."""
    found = fetch(Sql(f"SELECT {COLUMNS} FROM catalog_product p {CATEGORY} WHERE {where.text} LIMIT 1", where.params))
    return product_from_row(found[0]) if found else None


def products_by_id(ids: Iterable[int], where: Sql | None = None) -> dict[int, Product]:
    """Return the products of these ids that satisfy the condition; one statement."""
    chosen = Sql("p.id = ANY(%s)", (list(ids),))
    condition = chosen & where if where else chosen
    found = fetch(Sql(f"SELECT {COLUMNS} FROM catalog_product p {CATEGORY} WHERE {condition.text}", condition.params))
    return {row[0]: product_from_row(row) for row in found}


class ImageMarks(NamedTuple):
    """Marks of an image that all its copies have."""

    content_hash: str
    fingerprint: bytes | None


def image_marks(values: Sequence[Any]) -> list[ImageMarks]:
    """Return the marks of the images of the product of a row with COLUMNS."""
    return [ImageMarks(hash, bytes.fromhex(mark) if mark else None) for *_, hash, mark in values[-1]]


def product_from_row(values: Sequence[Any]) -> Product:
    """Return the product of a row with COLUMNS, its category and its images set."""
    *fields, category, images = values
    fields[ATTRIBUTES] = json.loads(fields[ATTRIBUTES])
    product = loaded(Product, zip(PRODUCT_FIELDS, fields, strict=True))
    # As select_related and prefetch_related do. Query sets may share a query: whatever narrows one copies it.
    product._state.fields_cache["category"] = loaded(Category, (("id", product.category_id), ("name", category)))
    found: QuerySet[ProductImage] = QuerySet(ProductImage, query=_all_images())
    found._result_cache = [image_from_row(image) for image in images]
    vars(product)["_prefetched_objects_cache"] = {"images": found}
    return product


@cache
def _all_images() -> Query:
    return ProductImage.objects.all().query


def image_from_row(values: Sequence[Any]) -> ProductImage:
    """Return an image of the texts in COLUMNS."""
    number, product, position, file, thumbnail, largest, width, height, problem, content_hash, mark = values
    fingerprint = None if mark is None else bytes.fromhex(mark)
    numbers = (int(number), int(product), int(position), file, thumbnail, int(largest), int(width), int(height))
    return loaded(ProductImage, zip(IMAGE_FIELDS, (*numbers, problem, content_hash, fingerprint), strict=True))


def loaded(model: type[M], fields: Iterable[tuple[str, Any]]) -> M:
    """Return an object of a model as it is after loading these columns; others are loaded when they are read.

    As unpickling does it, past the signals and the checks of Model.__init__, which take most of its time.
    """
    found = model.__new__(model)
    vars(found).update(fields)
    found._state = ModelState()
    found._state.adding, found._state.db = False, DEFAULT_DB_ALIAS
    return found
