import json
from collections.abc import Iterator

import numpy as np
import pytest
from django.db import connection

from catalog.models import Category, Product, ProductImage
from recommender.models import ModelVersion
from recommender.versions.vectors import index, nearest, store
from tests.factories import VersionFactory

DIMENSIONS = 16
PRODUCTS = 6000


@pytest.fixture(scope="module")
def indexed(django_db_setup, django_db_blocker) -> Iterator[ModelVersion]:
    """6,000 products, 1 in 40 a bag, with clustered vectors of one indexed version and another's beside.

    Committed once for this module, whose tests find it in the database; nothing is left to the next module.
    """
    with django_db_blocker.unblock():
        version = fill()
    yield version
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(f"DROP INDEX {index.index_name(version)}")
        cursor.execute(f"TRUNCATE {Category._meta.db_table}, {ModelVersion._meta.db_table} CASCADE")


@pytest.fixture
def crowd(indexed, db) -> ModelVersion:
    return indexed


def fill() -> ModelVersion:
    shoes, bags = Category.objects.create(name="Shoes"), Category.objects.create(name="Bags")
    Product.objects.bulk_create(
        Product(sku=f"P{n}", title=f"P {n}", price=10, category=bags if n % 40 == 0 else shoes) for n in range(PRODUCTS)
    )
    products = list(Product.objects.order_by("pk").values_list("pk", flat=True))
    ProductImage.objects.bulk_create(
        ProductImage(product_id=pk, file=f"{pk}.png", width=1, height=1, content_hash=str(pk)) for pk in products
    )
    images = list(ProductImage.objects.order_by("product_id").values_list("pk", "product_id"))
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(30, DIMENSIONS))
    vectors = centres[rng.integers(0, 30, PRODUCTS)] + 0.5 * rng.normal(size=(PRODUCTS, DIMENSIONS))
    version = VersionFactory(dimensions=DIMENSIONS, state="active")
    store.store_vectors(version, [(i, p, v.tolist()) for (i, p), v in zip(images, vectors, strict=True)])
    other = VersionFactory(dimensions=3)
    store.store_vectors(other, [(i, p, [1.0, 0.0, 0.0]) for i, p in images])
    index.build_index(version)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    version.matrix = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    version.skus = [f"P{n}" for n in range(PRODUCTS)]
    return version


def plan(rows) -> str:
    return json.dumps(json.loads(rows.explain(format="json")))


def exact(version, query: np.ndarray, allowed, limit: int) -> list[str]:
    order = np.argsort(-(version.matrix @ query), kind="stable")
    return [version.skus[place] for place in order if allowed(place)][:limit]


def test_a_search_walks_the_version_s_own_index(crowd):
    rows = nearest.nearest_embeddings(crowd, crowd.matrix[0], among=Product.objects.visible(), limit=12)

    assert index.index_name(crowd) in plan(rows)


def test_a_euclidean_version_s_search_walks_its_index_too(crowd):
    version = VersionFactory(dimensions=DIMENSIONS, metric="euclidean")
    rows = [(e.image_id, e.product_id, e.vector) for e in crowd.embeddings.all()]
    store.store_vectors(version, rows)
    index.build_index(version)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")

    rows = nearest.nearest_embeddings(version, crowd.matrix[0], among=Product.objects.visible(), limit=12)

    assert index.index_name(version) in plan(rows)


def test_the_index_finds_what_sorting_everything_finds(crowd):
    recalls = []
    for place in range(0, 600, 20):
        rows = nearest.nearest_embeddings(crowd, crowd.matrix[place], among=Product.objects.visible(), limit=12)
        truth = exact(crowd, crowd.matrix[place], lambda place: True, 12)
        recalls.append(len({row.product.sku for row in rows} & set(truth)) / 12)

    assert np.mean(recalls) >= 0.98


def test_a_narrow_filter_still_fills_the_list(crowd):
    bags = Product.objects.visible().filter(category__name="Bags")

    rows = nearest.nearest_embeddings(crowd, crowd.matrix[1], among=bags, limit=48)

    assert len({row.product_id for row in rows}) == 48
    assert {row.product.category.name for row in rows} == {"Bags"}


def test_an_exact_search_leaves_the_index_alone_and_misses_nothing(crowd):
    bags = Product.objects.visible().filter(category__name="Bags")

    rows = nearest.nearest_embeddings(crowd, crowd.matrix[1], among=bags, limit=48, exact=True)

    assert index.index_name(crowd) not in plan(rows)
    assert [row.product.sku for row in rows] == exact(crowd, crowd.matrix[1], lambda place: place % 40 == 0, 48)


def test_narrow_is_what_can_be_sorted(crowd):
    assert nearest.is_narrow(Product.objects.filter(category__name="Bags"))
    assert not nearest.is_narrow(Product.objects.all())
