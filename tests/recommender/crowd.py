"""Thousands of products with clustered vectors and an index, committed once for the module that asks for them."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial

import numpy as np
from django.db import connection

from catalog.models import Category, Product, ProductImage
from recommender.models import ModelVersion
from recommender.versions.vectors import index, store
from tests.bulk import bulk_writes
from tests.factories import VersionFactory

DIMENSIONS = 16
PRODUCTS = 6000
STYLES = 30
DEAR = 0  # the style whose products cost 1,000 and more


@contextmanager
def committed(blocker) -> Iterator[ModelVersion]:
    """A similarity version, with attributes: the products' `ids`, the `matrix` (N, D) of their vectors, `best`, the
    category `bags`, places of `dear` products of one style and of `cheap` ones; and a `personal` version like it.

    One product in forty is a bag, and one in twelve a belt. Nothing is left behind.
    """
    with blocker.unblock(), bulk_writes():
        made = fill()
    yield made
    with blocker.unblock(), connection.cursor() as cursor:
        for version in (made, made.personal):
            cursor.execute(f"DROP INDEX {index.index_name(version)}")
        cursor.execute(f"TRUNCATE {Category._meta.db_table}, {ModelVersion._meta.db_table} CASCADE")


def fill() -> ModelVersion:
    shoes, bags, belts = (Category.objects.create(name=name) for name in ("Shoes", "Bags", "Belts"))
    rng = np.random.default_rng(0)
    style = rng.integers(0, STYLES, PRODUCTS)
    price = rng.random(PRODUCTS) * 100 + np.where(style == DEAR, 1000, 0)
    Product.objects.bulk_create(
        Product(
            sku=f"P{n}",
            title=f"P {n}",
            price=round(price[n], 2),
            category=bags if n % 40 == 0 else belts if n % 12 == 1 else shoes,
        )
        for n in range(PRODUCTS)
    )
    products = list(Product.objects.order_by("pk").values_list("pk", flat=True))
    ProductImage.objects.bulk_create(
        ProductImage(product_id=pk, file=f"{pk}.png", width=1, height=1, content_hash=str(pk)) for pk in products
    )
    images = list(ProductImage.objects.order_by("product_id").values_list("pk", "product_id"))
    centres = rng.normal(size=(STYLES, DIMENSIONS))
    vectors = centres[style] + 0.5 * rng.normal(size=(PRODUCTS, DIMENSIONS))
    version = VersionFactory(dimensions=DIMENSIONS)
    version.personal = VersionFactory(dimensions=DIMENSIONS, role="personal", metric="inner")
    for each in (version, version.personal):
        store.store_vectors(each, [(i, p, v.tolist()) for (i, p), v in zip(images, vectors, strict=True)])
        index.build_index(each)
    other = VersionFactory(dimensions=3)
    store.store_vectors(other, [(i, p, [1.0, 0.0, 0.0]) for i, p in images])
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    version.bags = bags
    version.dear, version.cheap = np.flatnonzero(style == DEAR), np.flatnonzero(style != DEAR)
    version.matrix, version.personal.matrix = vectors / np.linalg.norm(vectors, axis=1, keepdims=True), vectors
    for each in (version, version.personal):
        each.ids, each.best = products, partial(best, each)
    return version


def best(version, query: np.ndarray, limit: int, but: int = -1, among: Iterable[int] | None = None) -> list[int]:
    """Ids of the products of largest inner product with the query; but: the place of one to leave out."""
    order = np.argsort(-(version.matrix @ query), kind="stable")
    allowed = set(version.ids if among is None else among)
    return [version.ids[place] for place in order if place != but and version.ids[place] in allowed][:limit]
