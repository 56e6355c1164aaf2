from datetime import timedelta

import pytest
from django.utils import timezone

from recommender import tasks
from recommender.audits import replay
from recommender.audits.models import Replay
from recommender.errors import VersionNotReady
from recommender.models import ShopperVector
from recommender.serving import recommend
from recommender.serving.types import RecommendationQuery
from tests.factories import CategoryFactory, InteractionFactory, ShopperFactory, VersionFactory, embed, turned
from tests.recommender.audits.test_last_week import sampled
from tests.recommender.conftest import placed, shown
from visrec_site.celery import app

pytestmark = pytest.mark.django_db


@pytest.fixture
def pair(active):
    """Two versions that see eight products in different places, and requests for each of the products."""
    other = VersionFactory(dimensions=active.dimensions)
    products = placed(active, *range(0, 80, 10))
    bags = CategoryFactory(name="Bags")
    for number, product in enumerate(products):
        embed(product, other, turned(80 - 17 * number % 90))
        if number % 3 == 0:
            product.category = bags
            product.save()
        sampled(active, product, limit=3, placement="product" if number else "cart", category="Bags" * (number == 5))
    return active, other, products


def by_hand(version, products) -> list[list[int]]:
    """The lists of a version, each requested by itself."""
    found = []
    for number, product in enumerate(products):
        query = RecommendationQuery(limit=3, category="Bags" * (number == 5), version=version)
        found.append([each.pk for each in shown(recommend.similar_products(product, query))])
    return found


def test_a_version_against_itself_changes_nothing(pair):
    first, _, products = pair

    found = replay.compare(first, first)

    assert (found["requests"], found["same"], found["first_differs"]) == (8, 8, 0)
    assert found["shared"] == {"value": 1, "interval": [1, 1]}
    assert found["gained"] == found["lost"] == []
    assert all(own == other for own, other in (each["counts"] for each in found["categories"]))
    assert {(each["difference"], *each["interval"]) for each in found["measures"]} == {(0, 0, 0)}


def test_two_versions_agree_with_a_direct_computation(pair):
    first, second, products = pair
    one, two = by_hand(first, products), by_hand(second, products)

    found = replay.compare(first, second)

    assert found["same"] == sum(own == other for own, other in zip(one, two, strict=True)) < 8
    shares = [len({*own} & {*other}) / max(len(own), len(other)) for own, other in zip(one, two, strict=True)]
    assert found["shared"]["value"] == pytest.approx(sum(shares) / 8)
    assert found["first_differs"] == sum(own[0] != other[0] for own, other in zip(one, two, strict=True))
    assert found["products"] == [len({pk for own in lists for pk in own}) for lists in (one, two)]
    assert found["placements"] == [("cart", 1, shares[0]), ("product", 7, pytest.approx(sum(shares[1:]) / 7))]
    counted = {product.sku: [sum(product.pk in own for own in lists) for lists in (one, two)] for product in products}
    for each in (*found["gained"], *found["lost"]):
        assert counted[each["name"]] == each["counts"]
    assert {each["name"] for each in (*found["gained"], *found["lost"])} == {
        sku for sku, (own, other) in counted.items() if own != other
    }
    bags = {product.pk for product in products if product.category.name == "Bags"}
    [of_bags] = [each["counts"] for each in found["categories"] if each["name"] == "Bags"]
    assert of_bags == [sum(pk in bags for own in lists for pk in own) for lists in (one, two)]


def test_personal_versions_are_replayed_for_the_shoppers_who_came(active_personal):
    first = active_personal
    second = VersionFactory(role="personal", method="ease", metric="inner", dimensions=2, taste=first.taste)
    products = placed(first, 0, 30, 60)
    for product, degrees in zip(products, (60, 30, 0), strict=True):
        embed(product, second, turned(degrees))
    shopper = ShopperFactory()
    InteractionFactory(shopper=shopper, product=products[1], kind="view")
    for version in (first, second):
        ShopperVector.objects.create(version=version, shopper=shopper, vector=turned(0))

    found, itself = replay.compare(first, second), replay.compare(first, first)

    assert (found["requests"], found["same"], found["first_differs"]) == (1, 0, 1)
    assert (itself["same"], itself["first_differs"]) == (1, 0)


def test_a_replay_is_requested_once_and_run_once(pair, django_capture_on_commit_callbacks):
    first, second, _ = pair
    with django_capture_on_commit_callbacks() as callbacks:
        queued = [replay.request(first, second, "boss") for _ in range(2)]
    assert (queued[0], len(callbacks)) == (queued[1], 1)
    assert replay.latest(first, second).finished_at is None

    tasks.replay_requests(queued[0].pk)
    done = replay.latest(first, second)
    tasks.replay_requests(queued[0].pk)
    tasks.replay_requests(queued[0].pk + 1)

    assert done.figures["requests"] == 8 and done.by == "boss"
    assert replay.latest(first, second).finished_at == done.finished_at
    assert replay.request(first, second, "boss") != done


def test_what_a_lost_worker_left_is_sent_again_and_given_up_after_an_hour(pair, waiting):
    first, second, _ = pair
    now = timezone.now()
    ages = [(2, None, None), (10, 6, None), (10, 2, None), (90, None, None), (60, 59, 58)]
    replays = []
    for created, started, finished in ages:
        times = [None if each is None else now - timedelta(minutes=each) for each in (created, started, finished)]
        version = VersionFactory()
        replays.append(
            Replay.objects.create(
                first=first, second=version, created_at=times[0], started_at=times[1], finished_at=times[2]
            )
        )
    waiting("maintenance")

    replay.resend()

    assert waiting("maintenance") == [("replay_requests", [each.pk]) for each in replays[:2]]
    again = replay.request(first, replays[3].second, "boss")
    assert again != replays[3] and not Replay.objects.filter(pk=replays[3].pk).exists()


def test_a_replay_takes_no_longer_than_its_time(pair, monkeypatch):
    monkeypatch.setattr(replay, "SECONDS", 0)
    first, second, _ = pair

    found = replay.compare(first, second)

    assert found["requests"] + found["left_out"] == 8 and found["left_out"] > 0


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"role": "personal", "method": "ease"}, "is for similar styles, ease 1 for personal recommendations"),
        ({"state": "training"}, "is training, not trained"),
    ],
)
def test_versions_that_cannot_be_compared_are_refused(active, fields, reason):
    with pytest.raises(VersionNotReady, match=reason):
        replay.request(active, VersionFactory(**fields), "boss")


def test_of_designs_there_is_nothing_to_replay():
    first, second = (VersionFactory(role="design", method="lsgan", state="ready") for _ in range(2))

    with pytest.raises(VersionNotReady, match="is for designs, of which there are no lists"):
        replay.request(first, second, "boss")


def test_replays_have_a_queue_that_trainings_do_not_hold_up():
    assert app.conf.task_routes["recommender.tasks.replay_requests"] == {"queue": "maintenance"}
