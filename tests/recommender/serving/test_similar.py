import pytest

from catalog.models import Category, ProductImage
from catalog.rows import Sql
from recommender.errors import NoActiveVersion
from recommender.models import ImageEmbedding, ModelVersion, Role, State
from recommender.serving import recommend, similar
from recommender.serving.types import RecommendationQuery, RetrievalPlan
from recommender.versions import queries
from recommender.versions.vectors import nearest
from tests.factories import ProductFactory, VersionFactory, embed, turned
from tests.recommender.conftest import placed

pytestmark = pytest.mark.django_db


def find(product, **fields):
    _, *found = similar.find(Sql("p.id = %s", (product.pk,)), RecommendationQuery(**fields))
    return found


def test_one_statement_brings_the_product_and_what_is_near_to_it(active, django_assert_num_queries):
    query, near, far = placed(active, 0, 10, 90)
    find(query)  # the version is read, once a process

    with django_assert_num_queries(1):
        own, search = find(query)
    assert (own.id, own.embedding) == (query.pk, pytest.approx(turned(0)))
    assert [row.id for row in search.first] == [query.pk, near.pk, far.pk]
    assert [row.id for row in search(2)] == [near.pk, far.pk]


@pytest.mark.parametrize("category", ["", "Bags"])
def test_another_picture_of_the_product_is_not_similar_to_it(active, category):
    query, near = placed(active, 0, 40)
    other = ProductImage.objects.create(product=query, position=1, file="b.png", width=1, height=1, content_hash="b")
    ImageEmbedding.objects.create(version=active, image=other, product=query, vector=turned(20))
    near.category.name = "Bags"
    near.category.save()

    _, search = find(query, category=category)

    assert [row.id for row in search(5)] == [near.pk]


@pytest.mark.parametrize(("category", "is_exact"), [("", False), ("Boots", False), ("Bags", True)])
def test_those_of_another_category_are_compared_with_one_another(active, category, is_exact):
    query, near, far = placed(active, 0, 10, 90)
    for product, name in ((query, "Boots"), (near, "Boots"), (far, "Bags")):
        product.category = Category.objects.get_or_create(name=name)[0]
        product.save()

    _, search = find(query, category=category)
    plan = RetrievalPlan("similar", search.version, search.vector, product=query.pk)
    further = recommend.search_of(plan, RecommendationQuery(category=category), search.version, [])

    assert (search.exact, further.exact) == (is_exact, is_exact)
    expected = {"": [near.pk, far.pk], "Boots": [near.pk], "Bags": [far.pk]}[category]
    assert [row.id for row in search(5)] == [row.id for row in further(5)] == expected


def test_the_version_that_serves_now_answers(active):
    query, near, far = placed(active, 0, 10, 90)
    find(query)
    ModelVersion.objects.filter(pk=active.pk).update(state=State.RETIRED)
    with pytest.raises(NoActiveVersion):
        find(query)

    new = VersionFactory(state="active", dimensions=active.dimensions)
    for product, degrees in ((query, 0), (near, 80), (far, 30)):
        embed(product, new, turned(degrees))
    own, search = find(query)

    assert search.version == queries.serving_version(Role.SIMILAR) == new
    assert [row.id for row in search(2)] == [far.pk, near.pk]


def test_a_product_without_a_vector_has_no_embedding_and_no_product_is_none(active):
    placed(active, 0, 10)

    own, _ = find(ProductFactory())

    assert own.embedding is None
    assert similar.find(Sql("p.sku = %s", ("nothing",)), RecommendationQuery()) is None


@pytest.mark.parametrize(("ef_search", "is_compared"), [(None, False), (400, False), (nearest.EXACT, True)])
def test_a_version_is_searched_as_widely_as_its_audit_had_it(active, django_assert_num_queries, ef_search, is_compared):
    ModelVersion.objects.filter(pk=active.pk).update(ef_search=ef_search)
    query, near, far = placed(active, 0, 10, 90)
    find(query)

    with django_assert_num_queries(1) as captured:
        _, search = find(query)

    sql = captured.captured_queries[0]["sql"]
    assert ("hnsw.ef_search = 400" in sql) == (ef_search == 400)
    assert [row.id for row in search.first if row.id != query.pk] == [near.pk, far.pk]
    assert (search.depth(5) is None) == is_compared
