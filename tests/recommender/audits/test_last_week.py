from datetime import timedelta

import pytest
from django.utils import timezone

from catalog.models import Product
from recommender.audits import last_week
from recommender.audits.models import SampledRequest
from recommender.serving import saved_json
from recommender.serving.types import RecommendationQuery
from tests.factories import InteractionFactory, ProductFactory, ShopperFactory, VersionFactory, embed, turned
from tests.recommender.conftest import placed

pytestmark = pytest.mark.django_db


def sampled(version, product, days_ago: float = 0, **query) -> SampledRequest:
    """A request of a visitor that was sampled."""
    asked = RecommendationQuery(**query)
    return SampledRequest.objects.create(
        version=version,
        product=product,
        placement=asked.placement,
        query=saved_json.query_to_json(asked),
        filters="no filter",
        ef_search=100,
        recall=1,
        usual_recall=1,
        at=timezone.now() - timedelta(days=days_ago),
    )


def test_requests_for_similar_styles_are_those_sampled_last_week_the_newest_first(active):
    first, second = ProductFactory.create_batch(2, image=False)
    sampled(active, first, 1, limit=5, placement="cart", category="Bags")
    sampled(active, second)
    sampled(active, first, 8)
    sampled(active, None)

    found = last_week.requests_of("similar")

    assert [each.product for each in found] == [second, first]
    assert (found[1].query.limit, found[1].query.placement, found[1].query.category) == (5, "cart", "Bags")


def test_of_personal_recommendations_there_is_one_for_each_shopper_who_came(monkeypatch):
    monkeypatch.setattr(last_week, "MOST", 2)
    now = timezone.now()
    for key, days in (("ada", 2), ("ben", 1), ("cleo", 9), ("dan", 3), ("ada", 1.5)):
        shopper = ShopperFactory(key=key) if key != "ada" or days == 2 else last_week.Shopper.objects.get(key=key)
        InteractionFactory(shopper=shopper, occurred_at=now - timedelta(days=days))
    InteractionFactory(shopper=None, session="guest", occurred_at=now)

    assert [each.shopper.key for each in last_week.requests_of("personal")] == ["ben", "ada"]


def test_a_version_recommends_as_if_it_served(active):
    query, near, far = placed(active, 0, 10, 60)
    other = VersionFactory(dimensions=active.dimensions)
    for product, degrees in ((query, 0), (near, 60), (far, 10)):
        embed(product, other, turned(degrees))
    request = last_week.Request(RecommendationQuery(limit=1), product=query)

    assert last_week.recommended(active, request) == [near]
    assert last_week.recommended(other, request) == [far]


def test_the_share_of_the_longer_list_that_is_in_both():
    one, two, three = (Product(pk=pk) for pk in (1, 2, 3))

    assert last_week.shared_share([one, two], [two, three]) == 0.5
    assert last_week.shared_share([one, two, three], [one]) == pytest.approx(1 / 3)
    assert (last_week.shared_share([], []), last_week.shared_share([], [one])) == (1, 0)
