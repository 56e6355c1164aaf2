import pytest

from catalog.models import Product
from recommender import popularity
from recommender.serving import candidates
from recommender.serving.types import RecommendationQuery, RetrievalPlan
from tests.factories import CategoryFactory, InteractionFactory, ProductFactory, ShopperFactory, turned
from tests.recommender.conftest import placed

pytestmark = pytest.mark.django_db


def test_eligible_are_visible_products_in_stock_that_satisfy_the_filters():
    bag = ProductFactory(category=CategoryFactory(name="Bags"), price=20)
    ProductFactory(category=bag.category, price=90)
    ProductFactory(category=bag.category, price=20, is_hidden=True)
    ProductFactory(category=bag.category, price=20, in_stock=False)
    left_out, shoe = ProductFactory(category=bag.category, price=20), ProductFactory(price=20)
    query = RecommendationQuery(category="Bags", max_price=50, exclude=[left_out.sku])

    assert list(candidates.eligible_products(query)) == [bag]
    assert shoe in candidates.eligible_products(RecommendationQuery())


def test_without_a_visitor_nothing_is_excluded():
    InteractionFactory()

    assert candidates.excluded_products(RetrievalPlan("popular"), RecommendationQuery()) is None


@pytest.mark.parametrize("guest", [True, False])
def test_excluded_is_what_the_visitor_met_or_at_least_what_they_bought_or_dislike(guest):
    shopper, session = (None, "guest") if guest else (ShopperFactory(), "")
    viewed, bought, disliked = (
        InteractionFactory(shopper=shopper, session=session, kind=kind).product_id
        for kind in ("view", "purchase", "dislike")
    )
    InteractionFactory(kind="purchase")  # of somebody else
    plan = RetrievalPlan("popular", shopper=shopper, session=session)

    def excluded(**fields) -> set[int]:
        rows = candidates.excluded_products(plan, RecommendationQuery(**fields))
        return set(rows.values_list("product", flat=True))

    assert excluded() == {viewed, bought, disliked}
    assert excluded(exclude_seen=False) == {bought, disliked}


def test_a_similarity_version_s_candidates_bring_their_embeddings_and_a_personal_one_s_do_not(active, active_personal):
    near, far = placed(active, 10, 90)
    (other,) = placed(active_personal, 0)

    similar = candidates.search_by_vector(RetrievalPlan("similar", active, turned(0)), Product.objects.all())(5)
    personal = candidates.search_by_vector(RetrievalPlan("personal", active_personal, [1, 0]), Product.objects.all())(5)

    assert [row.product for row in similar] == [near, far]
    assert similar[0].embedding == pytest.approx(turned(10))
    assert [(row.product, row.embedding) for row in personal] == [(other, None)]


def test_the_most_popular_come_first_and_those_nobody_took_to_last_the_newest_first():
    famous, known, old, new = (ProductFactory() for _ in range(4))
    for product, times in ((famous, 4), (known, 1)):
        for _ in range(times):
            InteractionFactory(product=product)
    popularity.count()
    search = candidates.search_by_popularity(Product.objects.all())

    assert [(row.product, row.score) for row in search(4)] == [(famous, 1.0), (known, 0.25), (new, 0.0), (old, 0.0)]
    assert [row.product for row in search(1)] == [famous]
