from datetime import timedelta

import numpy as np
import pytest
from django.utils import timezone

from recommender.errors import MapNotMade, VersionNotReady
from recommender.maps import making
from recommender.maps.models import MapPoint, TasteMap
from tests.factories import ProductFactory, VersionFactory

pytestmark = pytest.mark.django_db


def rows(*products) -> np.ndarray:
    return np.array([(product.pk, rank, 10 * rank, 7) for rank, product in enumerate(products, 1)]).reshape(-1, 4)


def test_a_map_is_requested_once(active, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks() as callbacks:
        queued = [making.request(active) for _ in range(2)]

    assert queued[0] == queued[1] and len(callbacks) == 1
    assert making.latest(active) == queued[0] and making.shown(active) is None


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"role": "design", "method": "lsgan"}, "is for designs: it embeds no products"),
        ({"state": "training"}, "is training, not trained"),
    ],
)
def test_versions_without_vectors_have_no_map(fields, reason):
    with pytest.raises(VersionNotReady, match=reason):
        making.request(VersionFactory(**fields))


def test_a_finished_map_takes_the_place_of_the_one_before(active):
    first, second = ProductFactory(), ProductFactory()
    for products in ([first], [first, second]):
        claimed = making.claim(making.request(active).pk)
        making.follow(claimed, 0.5)
        assert making.latest(active).progress == 0.5
        making.finish(claimed, rows(*products), second.pk)

    shown = making.shown(active)

    assert TasteMap.objects.get() == shown and (shown.products, shown.last_product) == (2, second.pk)
    assert list(MapPoint.objects.order_by("rank").values_list("product_id", "x")) == [(first.pk, 10), (second.pk, 20)]


def test_of_two_workers_the_one_that_lost_its_lease_writes_nothing(active):
    queued = making.request(active)
    slow = making.claim(queued.pk)
    with pytest.raises(MapNotMade, match="is being made"):
        making.claim(queued.pk)
    TasteMap.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    making.claim(queued.pk)

    making.finish(slow, rows(ProductFactory()), 1)

    assert not making.renew(slow) and not MapPoint.objects.exists()
    assert making.latest(active).finished_at is None


def test_a_map_that_kills_its_workers_is_given_up(active):
    queued = making.request(active)
    for _ in range(making.TRIES):
        making.claim(queued.pk)
        TasteMap.objects.update(lease_until=None)

    with pytest.raises(MapNotMade, match="3 workers were lost over it"):
        making.claim(queued.pk)

    assert making.shown(active) is None and "for want of memory" in making.latest(active).error
    assert making.request(active) != queued


def test_what_a_lost_worker_left_is_sent_again(active, waiting):
    lost, worked_on = making.request(active), making.request(VersionFactory())
    making.claim(worked_on.pk)
    waiting("design")

    making.resend()

    assert waiting("design") == [("make_map", [lost.pk])]


def test_a_map_of_the_active_version_is_made_anew_once_the_catalogue_has_changed(active, waiting):
    old = [ProductFactory() for _ in range(20)]
    for version in (active, VersionFactory()):
        making.finish(making.claim(making.request(version).pk), rows(*old), old[-1].pk)
    ProductFactory()
    making.resend()
    assert making.count_missing(making.shown(active)) == 1 and TasteMap.objects.count() == 2

    ProductFactory()
    making.resend()

    assert [taste_map.version for taste_map in TasteMap.objects.filter(finished_at=None)] == [active]


def test_a_map_that_failed_is_not_made_anew_by_itself(active, waiting):
    making.fail(making.claim(making.request(active).pk), "too large")
    ProductFactory()
    waiting("design")

    making.resend()

    assert TasteMap.objects.count() == 1 and waiting("design") == []
