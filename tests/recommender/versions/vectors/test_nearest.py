from collections.abc import Iterator

import numpy as np
import pytest
from django.db import connection

from catalog.rows import VISIBLE, Sql, fetch
from recommender.models import ModelVersion
from recommender.versions.vectors import index, nearest, store
from tests.factories import ProductFactory, ShopperFactory, VersionFactory, embed, turned
from tests.recommender.conftest import train
from tests.recommender.crowd import DIMENSIONS, committed


@pytest.fixture(scope="module")
def indexed(django_db_setup, django_db_blocker) -> Iterator[ModelVersion]:
    with committed(django_db_blocker) as version:
        yield version


@pytest.fixture
def crowd(indexed, db) -> ModelVersion:
    return indexed


@pytest.fixture
def bags(crowd) -> Sql:
    return VISIBLE & Sql("p.category_id = %s", (crowd.bags.pk,))


def plan(search: Sql) -> str:
    return "\n".join(line for (line,) in fetch(Sql(f"EXPLAIN {search.text}", search.params)))


@pytest.mark.parametrize("among", [None, VISIBLE])
def test_a_search_walks_the_version_s_own_index(crowd, among):
    search = nearest.nearest_sql(crowd, crowd.matrix[0], 12, among=among)

    assert index.index_name(crowd) in plan(search)
    assert "Sort" not in plan(search)


@pytest.mark.parametrize("metric", ["euclidean", "inner"])
def test_versions_of_other_metrics_have_an_index_that_their_searches_walk_too(crowd, metric):
    version = VersionFactory(dimensions=DIMENSIONS, metric=metric)
    rows = [(e.image_id, e.product_id, e.vector) for e in crowd.embeddings.all()]
    store.store_vectors(version, rows)
    index.build_index(version)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")

    assert index.index_name(version) in plan(nearest.nearest_sql(version, crowd.matrix[0], 12))


def test_the_index_finds_what_sorting_everything_finds(crowd):
    recalls = []
    for place in range(0, 600, 20):
        rows = fetch(nearest.nearest_sql(crowd, crowd.matrix[place], 12, among=VISIBLE))
        recalls.append(len({product for product, *_ in rows} & {*crowd.best(crowd.matrix[place], 12)}) / 12)

    assert np.mean(recalls) >= 0.98


def test_a_narrow_filter_still_fills_the_list(crowd, bags):
    rows = fetch(nearest.nearest_sql(crowd, crowd.matrix[1], 48, among=bags))

    assert len({product for product, *_ in rows}) == 48
    assert {product for product, *_ in rows} <= {*crowd.ids[::40]}


def test_an_exact_search_leaves_the_index_alone_and_misses_nothing(crowd, bags):
    search = nearest.nearest_sql(crowd, crowd.matrix[1], 48, among=bags, exact=True)

    assert index.index_name(crowd) not in plan(search)
    assert [product for product, *_ in fetch(search)] == crowd.best(crowd.matrix[1], 48, among=crowd.ids[::40])


def test_a_longer_list_of_candidates_holds_for_one_statement(crowd):
    candidates = nearest.ef_search(VersionFactory.build(metric="inner"))
    shown = Sql(f"{nearest.set_ef_search(candidates)}SHOW hnsw.ef_search")

    assert fetch(shown) == [("400",)]
    assert nearest.set_ef_search(nearest.ef_search(crowd)) == ""
    assert fetch(Sql(f"{nearest.set_ef_search(nearest.MOST_EF_SEARCH)}SHOW hnsw.ef_search")) == [("1000",)]
    assert fetch(Sql("SHOW hnsw.iterative_scan")) == [("strict_order",)]
    assert nearest.ef_search(VersionFactory.build(ef_search=800)) == 800


@pytest.mark.django_db(transaction=True)
def test_outside_a_transaction_nothing_of_it_is_left():
    before = fetch(Sql("SHOW hnsw.ef_search"))

    assert fetch(Sql(f"{nearest.set_ef_search(400)}SHOW hnsw.ef_search")) != before
    assert fetch(Sql("SHOW hnsw.ef_search")) == before


def test_vectors_are_read_as_they_were_stored(active, active_personal):
    product, unseen, shopper = ProductFactory(), ProductFactory(), ShopperFactory()
    embed(product, active, [0.1, -2.5])
    train(active_personal, shopper, turned(30))

    assert nearest.vectors_of(active, [product.pk, unseen.pk]).keys() == {product.pk}
    found = nearest.vectors_of(active, [product.pk, unseen.pk])
    assert found.keys() == {product.pk}
    assert found[product.pk].tolist() == np.float32([0.1, -2.5]).tolist()
    assert nearest.trained_taste(active_personal, shopper) == pytest.approx(turned(30))
    assert nearest.trained_taste(active_personal, ShopperFactory()) is None


def test_the_nearest_of_many_vectors_are_found_by_one_statement_that_walks_the_index(crowd, django_assert_num_queries):
    sought = crowd.matrix[:20] + 0.01
    with django_assert_num_queries(1) as queries:
        distances, products = nearest.nearest_products(crowd, sought)

    one_by_one = [fetch(nearest.nearest_sql(crowd, vector, 1))[0] for vector in sought]
    assert list(zip(products, distances, strict=True)) == [(row[0], row[3]) for row in one_by_one]
    assert index.index_name(crowd) in plan(Sql(queries.captured_queries[0]["sql"]))


def test_without_embeddings_the_nearest_is_infinitely_far(db):
    distances, products = nearest.nearest_products(VersionFactory(), np.eye(2))

    assert distances.tolist() == [np.inf, np.inf]
    assert products.tolist() == [-1, -1]


def test_a_product_may_be_left_out_of_what_is_nearest(active):
    near, far = (ProductFactory() for _ in range(2))
    embed(near, active, turned(10))
    embed(far, active, turned(80))

    _, products = nearest.nearest_products(active, np.array([turned(0)]), without=near.pk)

    assert products.tolist() == [far.pk]
