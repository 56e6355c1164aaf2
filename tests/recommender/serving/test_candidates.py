import numpy as np
import pytest

from catalog.models import Product
from catalog.rows import VISIBLE, Sql, fetch
from recommender import popularity
from recommender.serving import candidates
from recommender.serving.candidates import PopularitySearch, VectorSearch
from recommender.serving.types import RecommendationQuery, RetrievalPlan
from tests.factories import CategoryFactory, InteractionFactory, ProductFactory, ShopperFactory, embed, turned
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


def test_eligible_are_visible_products_in_stock_that_satisfy_the_filters():
    bag = ProductFactory(category=CategoryFactory(name="Bags"), price=20)
    ProductFactory(category=bag.category, price=90)
    ProductFactory(category=bag.category, price=20, is_hidden=True)
    ProductFactory(category=bag.category, price=20, in_stock=False)
    left_out, shoe = ProductFactory(category=bag.category, price=20), ProductFactory(price=20)
    query = RecommendationQuery(category="Bags", min_price=15, max_price=50, exclude=[left_out.sku])
    excluded = candidates.not_excluded(RetrievalPlan("popular"), query)

    assert passing(candidates.eligible(query) & excluded) == {bag.pk}
    assert passing(candidates.eligible(query)) == {bag.pk, left_out.pk}
    assert shoe.pk in passing(candidates.eligible(RecommendationQuery()))
    assert passing(candidates.eligible(RecommendationQuery(category="Nothing"))) == set()


def test_without_a_visitor_nothing_is_excluded():
    InteractionFactory()

    assert candidates.not_excluded(RetrievalPlan("popular"), RecommendationQuery()) is None


@pytest.mark.parametrize("guest", [True, False])
def test_excluded_is_what_the_visitor_met_or_at_least_what_they_bought_or_dislike(guest):
    shopper, session = (None, "guest") if guest else (ShopperFactory(), "")
    viewed, bought, disliked = (
        InteractionFactory(shopper=shopper, session=session, kind=kind).product_id
        for kind in ("view", "purchase", "dislike")
    )
    forgiven = InteractionFactory(shopper=shopper, session=session, kind="dislike").product
    InteractionFactory(shopper=shopper, session=session, kind="like", product=forgiven)  # later
    InteractionFactory(kind="purchase")  # of somebody else
    plan = RetrievalPlan("popular", shopper=shopper, session=session)

    def excluded(**fields) -> set[int]:
        return set(Product.objects.values_list("pk", flat=True)) - passing(
            candidates.not_excluded(plan, RecommendationQuery(**fields))
        )

    assert excluded() == {viewed, bought, disliked, forgiven.pk}
    assert excluded(exclude_seen=False) == {bought, disliked}


def test_candidates_bring_their_embeddings_by_the_similarity_version(active, active_personal):
    near, far = placed(active, 10, 90)
    (unseen,) = placed(active_personal, 0)
    embed(far, active_personal, turned(60))

    similar = VectorSearch(RetrievalPlan("similar", active, turned(0)), VISIBLE, None, active)(5)
    personal = VectorSearch(RetrievalPlan("personal", active_personal, [1, 0]), VISIBLE, None, active)(5)

    assert [row.product for row in similar] == [near, far]
    assert similar[0].embedding == pytest.approx(turned(10))
    assert [row.product for row in personal] == [unseen, far]
    assert (personal[0].embedding, list(personal[1].embedding)) == (None, pytest.approx(turned(90)))


def test_the_most_popular_come_first_and_those_nobody_took_to_last_the_newest_first():
    famous, known, old, new = (ProductFactory() for _ in range(4))
    for product, times in ((famous, 4), (known, 1)):
        for _ in range(times):
            InteractionFactory(product=product)
    popularity.count()
    search = PopularitySearch(VISIBLE, None)

    assert [(row.product, row.score) for row in search(4)] == [(famous, 1.0), (known, 0.25), (new, 0.0), (old, 0.0)]
    assert [row.product for row in search(1)] == [famous]


def test_a_product_that_the_index_does_not_find_by_its_own_vector_is_compared_with_all(crowd):
    place = 7
    plan = RetrievalPlan("similar", crowd, crowd.matrix[place], product=crowd.ids[place])
    elsewhere = int(np.argmin(crowd.matrix @ crowd.matrix[place]))
    far = crowd.matrix[elsewhere] + 0.01
    island = RetrievalPlan("similar", crowd, far, product=crowd.ids[place])
    found, lost = (
        VectorSearch(each, VISIBLE, Sql("p.id <> %s", (crowd.ids[place],)), crowd) for each in (plan, island)
    )

    assert [row.id for row in found(12)] == crowd.best(crowd.matrix[place], 12, but=place)
    assert not found.exact
    assert [row.id for row in lost(12)] == crowd.best(far, 12, but=place)
    assert lost.exact


@pytest.mark.parametrize("limit", [12, 100])
@pytest.mark.parametrize(
    ("condition", "is_exact"),
    [
        ("true", False),
        ("p.price < 50", False),  # half of the products, wherever they are
        ("p.price < 5", None),  # one in twenty
        ("p.category_id = {bags}", True),  # one in forty, wherever they are
        ("p.price >= 1000", True),  # all products of one style, none of which is near
        ("p.price < 1000", True),  # for a product of that style
    ],
)
def test_a_filter_neither_shortens_a_list_nor_lets_it_miss_what_is_near(crowd, condition, is_exact, limit):
    where = VISIBLE & Sql(condition.format(bags=crowd.bags.pk))
    allowed = passing(where)
    recalls = []
    for place in crowd.dear[:5] if condition == "p.price < 1000" else crowd.cheap[:5]:
        search = VectorSearch(RetrievalPlan("similar", crowd, crowd.matrix[place]), where, None, crowd)
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
        search = VectorSearch(RetrievalPlan("personal", personal, taste), VISIBLE, None, None)
        found = [row.id for row in search(21)]
        recalls.append(len({*found} & {*personal.best(taste, 21)}) / 21)
        assert not search.exact

    assert np.mean(recalls) >= 0.95
