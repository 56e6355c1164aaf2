import pytest

from catalog.models import Product
from catalog.rows import VISIBLE, Sql, fetch
from recommender import popularity
from recommender.serving import candidates
from recommender.serving.candidates import PopularitySearch
from recommender.serving.types import RecommendationQuery, RetrievalPlan
from tests.factories import CategoryFactory, InteractionFactory, ProductFactory, ShopperFactory

pytestmark = pytest.mark.django_db


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


def test_the_most_popular_come_first_and_those_nobody_took_to_last_the_newest_first():
    famous, known, old, new = (ProductFactory() for _ in range(4))
    for product, times in ((famous, 4), (known, 1)):
        for _ in range(times):
            InteractionFactory(product=product)
    popularity.count()
    search = PopularitySearch(VISIBLE, None)

    assert [(row.product, row.score) for row in search(4)] == [(famous, 1.0), (known, 0.25), (new, 0.0), (old, 0.0)]
    assert [row.product for row in search(1)] == [famous]
