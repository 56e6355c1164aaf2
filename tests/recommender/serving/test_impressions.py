import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from recommender.models import Impression
from recommender.serving import impressions, recommend, saved
from recommender.serving.saved import Caller
from recommender.serving.types import RecommendationQuery
from tests.recommender.conftest import placed

pytestmark = pytest.mark.django_db
GUEST, OTHER = Caller(session="guest"), Caller(session="other")


@pytest.fixture
def shown(active):
    products = placed(active, 0, 20, 40, 60)
    return saved.save(recommend.similar_products(products[0], RecommendationQuery(placement="cart")), GUEST)


def test_positions_are_stored_with_where_and_what_showed_them_and_count_once(shown):
    assert impressions.record({shown.id: [2, 1, 2]}, GUEST) == {shown.id}
    impressions.record({shown.id: [3, 1]}, GUEST)

    stored = Impression.objects.get()
    assert (stored.positions, stored.placement, stored.strategy) == ([1, 2, 3], "cart", "similar")
    assert stored.version == shown.version.pk


def test_another_client_and_an_unknown_recommendation_store_nothing(shown):
    assert impressions.record({shown.id: [1], uuid.uuid4(): [1]}, OTHER) == set()
    assert not Impression.objects.exists()


def test_old_ones_are_deleted_the_oldest_first(settings):
    ages = {days: uuid.uuid4() for days in (1, settings.IMPRESSION_DAYS + 1, settings.IMPRESSION_DAYS + 2)}
    Impression.objects.bulk_create(
        Impression(recommendation_id=id, positions=[1], shown_at=timezone.now() - timedelta(days=days))
        for days, id in ages.items()
    )

    assert impressions.delete_old(1) == 1
    assert set(Impression.objects.values_list("pk", flat=True)) == {*list(ages.values())[:2]}
    assert impressions.delete_old(10) == 1
    assert Impression.objects.get().pk == ages[1]
