import numpy as np
import pytest

from catalog.rows import Sql, fetch
from recommender.serving.eligible import Eligible
from recommender.serving.vector_search import VectorSearch
from tests.factories import embed, turned
from tests.recommender.conftest import placed
from tests.recommender.crowd import committed

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def indexed(django_db_setup, django_db_blocker):
    with committed(django_db_blocker) as version:
        yield version


@pytest.fixture
def crowd(indexed, db):
    return indexed


def passing(where: Sql) -> set[int]:
    return {
        product for (product,) in fetch(Sql(f"SELECT p.id FROM catalog_product p WHERE {where.text}", where.params))
    }


def test_candidates_bring_their_embeddings_by_the_similarity_version(active, active_personal):
    near, far = placed(active, 10, 90)
    (unseen,) = placed(active_personal, 0)
    embed(far, active_personal, turned(60))

    similar = VectorSearch(active, turned(0), Eligible(), None, active)(5)
    personal = VectorSearch(active_personal, [1, 0], Eligible(), None, active)(5)

    assert [row.product for row in similar] == [near, far]
    assert similar[0].embedding == pytest.approx(turned(10))
    assert [row.product for row in personal] == [unseen, far]
    assert (personal[0].embedding, list(personal[1].embedding)) == (None, pytest.approx(turned(90)))


def test_a_product_that_the_index_does_not_find_by_its_own_vector_is_compared_with_all(crowd):
    place = 7
    elsewhere = int(np.argmin(crowd.matrix @ crowd.matrix[place]))
    far = crowd.matrix[elsewhere] + 0.01
    found, lost = (
        VectorSearch(crowd, vector, Eligible(), None, crowd, crowd.ids[place]) for vector in (crowd.matrix[place], far)
    )

    assert [row.id for row in found(12)] == crowd.best(crowd.matrix[place], 12, but=place)
    assert not found.exact
    assert [row.id for row in lost(12)] == crowd.best(far, 12, but=place)
    assert lost.exact


@pytest.mark.parametrize("limit", [12, 100])
@pytest.mark.parametrize(
    ("among", "is_exact"),
    [
        (Eligible(), False),
        (Eligible(prices="p.price < 50"), False),  # half of the products, wherever they are
        (Eligible(prices="p.price < 5"), None),  # one in twenty
        (Eligible("Bags"), True),  # one in forty, wherever they are
        (Eligible(prices="p.price >= 1000"), True),  # all products of one style, none of which is near
        (Eligible(prices="p.price < 1000"), False),  # for a product of that style, past which the walk goes on
    ],
)
def test_a_filter_neither_shortens_a_list_nor_lets_it_miss_what_is_near(crowd, among, is_exact, limit):
    allowed = passing(among.where)
    recalls = []
    for place in crowd.dear[:5] if among.prices == "p.price < 1000" else crowd.cheap[:5]:
        search = VectorSearch(crowd, crowd.matrix[place], among, None, crowd)
        found = [row.id for row in search(limit)]
        assert len(found) == min(limit, len(allowed))
        assert set(found) <= allowed
        recalls.append(len({*found} & {*crowd.best(crowd.matrix[place], limit, among=allowed)}) / len(found))
        assert is_exact is None or limit > 12 or search.exact == is_exact

    assert np.mean(recalls) >= 0.98


@pytest.mark.parametrize("likes", [1, 2, 5, 20])
def test_a_taste_finds_the_products_of_largest_inner_product_however_scattered_it_is(crowd, likes):
    personal = crowd.personal
    random = np.random.default_rng(likes)
    recalls = []
    for _ in range(30):
        taste = personal.matrix[random.integers(0, len(personal.matrix), likes)].sum(axis=0)
        search = VectorSearch(personal, taste, Eligible(), None, None)
        found = [row.id for row in search(21)]
        recalls.append(len({*found} & {*personal.best(taste, 21)}) / 21)
        assert not search.exact

    assert np.mean(recalls) >= 0.95


def test_a_small_category_is_compared_with_all_unless_it_is_the_product_s_own(crowd):
    belts = passing(Eligible("Belts").where)
    for place in crowd.cheap[:20]:
        photo = crowd.matrix[place] + 0.01
        search = VectorSearch(crowd, photo, Eligible("Belts"), None, crowd)
        assert [row.id for row in search(12)] == crowd.best(photo, 12, among=belts)
        assert search.exact

    assert VectorSearch(crowd, photo, Eligible("Belts"), None, crowd, is_own_category=True).depth(12) is not None
