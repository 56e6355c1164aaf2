import pytest

from catalog.models import Product
from catalog.rows import VISIBLE, Sql, fetch
from recommender import popularity
from recommender.serving import candidates, recommend
from recommender.serving.candidates import PopularitySearch
from recommender.serving.types import RecommendationQuery, RetrievalPlan
from tests.factories import InteractionFactory, ProductFactory, ShopperFactory

pytestmark = pytest.mark.django_db


def passing(where: Sql) -> set[int]:
    return {
        product for (product,) in fetch(Sql(f"SELECT p.id FROM catalog_product p WHERE {where.text}", where.params))
    }


def test_what_the_query_excludes_is_excluded():
    left_out, shoe = ProductFactory(), ProductFactory()
    excluded = candidates.not_excluded(RetrievalPlan("popular"), RecommendationQuery(exclude=[left_out.sku]))

    assert passing(excluded) == {shoe.pk}


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


def test_products_that_cannot_be_shown_with_a_picture_come_last(active):
    famous, broken = ProductFactory(image=False), ProductFactory()
    broken.images.update(problem="is cut off")
    old, known, new = (ProductFactory() for _ in range(3))
    bare = ProductFactory(image=False)
    for product, times in ((famous, 4), (known, 2)):
        for _ in range(times):
            InteractionFactory(product=product)
    popularity.count()

    found = PopularitySearch(VISIBLE, None)

    assert [(row.product, row.score) for row in found(9)] == [
        (known, 0.5), (new, 0.0), (old, 0.0), (famous, 0.0), (bare, 0.0), (broken, 0.0),
    ]  # fmt: skip
    assert [row.product for row in found(4)] == [known, new, old, famous]


def test_diversity_brings_no_product_without_a_picture_to_the_front(active):
    ProductFactory(image=False)
    shown = [ProductFactory() for _ in range(3)]

    found = recommend.popular_products(RecommendationQuery(limit=3, diversity=1))

    assert {result.product for result in found.results} == set(shown)
