from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from catalog.models import ImportProfile, Product
from recommender.errors import ImportNotReady
from recommender.imports import feeds
from recommender.imports.models import Feed, ImportRun
from tests.factories import ProductFactory
from tests.internet import response_of
from tests.recommender.imports.conftest import done, table

NIGHT = datetime(2026, 1, 1, 3, 20, tzinfo=UTC)


def visible() -> list[str]:
    return sorted(Product.objects.visible().values_list("sku", flat=True))


@pytest.mark.parametrize(
    ("interval", "hour", "expected"),
    [
        (24, 3, datetime(2026, 1, 2, 3, tzinfo=UTC)),
        (24, 4, datetime(2026, 1, 1, 4, tzinfo=UTC)),
        (6, 3, datetime(2026, 1, 1, 9, tzinfo=UTC)),
        (1, 17, datetime(2026, 1, 1, 4, tzinfo=UTC)),
    ],
)
def test_the_next_time_is_an_hour_of_the_interval(interval, hour, expected):
    assert feeds.next_time(Feed(interval=interval, hour=hour), NIGHT) == expected


@pytest.mark.django_db
def test_a_feed_is_planned_when_it_is_saved():
    feed = Feed(name="supplier", url="http://img.example/", interval=1)

    feeds.store(feed)

    assert timezone.now() < feed.next_at <= timezone.now() + timedelta(hours=1)


def test_feeds_whose_time_has_come_are_queued_once(feed, waiting, django_capture_on_commit_callbacks):
    past = timezone.now() - timedelta(days=2)  # beat was away
    Feed.objects.update(next_at=past)
    Feed.objects.create(name="off", url="http://img.example/", is_enabled=False, next_at=past)

    with django_capture_on_commit_callbacks(execute=True):
        feeds.start_due()
        feeds.start_due()

    run = ImportRun.objects.get()
    assert (run.feed, run.status, run.retire, run.most_retired) == (feed, "queued", True, 50)
    assert waiting("import") == [("run_import", [run.pk])]
    feed.refresh_from_db()
    assert feed.next_at > timezone.now()


def test_of_one_feed_there_is_one_import_at_a_time(feed, internet):
    run = feeds.start(feed, by=None)
    with pytest.raises(ImportNotReady, match="of one feed there is one at a time"):
        feeds.start(feed, by=None)
    Feed.objects.update(next_at=timezone.now())

    feeds.start_due()  # the next time will do

    assert list(ImportRun.objects.all()) == [run]


def test_a_feed_is_idempotent_and_hides_what_has_left_it(feed, internet):
    internet.responses = [
        response_of(table("A", "B", "C")),
        response_of(table("A", "B", "C")),
        response_of(table("A", "B")),
    ]

    first, second, third = (done(feeds.start(feed, by=None)) for _ in range(3))

    assert (first.created, first.awaited) == (3, 3)
    assert (second.created, second.updated, second.unchanged, second.hidden) == (0, 0, 3, 0)
    assert (third.hidden, visible()) == (1, ["A", "B"])


def test_a_feed_that_has_shrunk_hides_nothing_until_somebody_says_so(feed, internet):
    for sku in "ABCD":
        ProductFactory(sku=sku, image=False)
    internet.responses = [response_of(table("A"))] * 2

    refused = done(feeds.start(feed, by=None))
    assert (refused.hidden, refused.is_retirement_refused, visible()) == (0, True, ["A", "B", "C", "D"])
    assert refused.notes[-1] == "0 shown again; nothing was hidden: the source lacks 3 of 4 products"
    confirmed = done(feeds.start(feed, by=None, is_confirmed=True))

    assert (confirmed.hidden, confirmed.is_retirement_refused, visible()) == (3, False, ["A"])


def test_an_empty_feed_hides_nothing_whoever_says_so(feed, internet):
    ProductFactory(sku="A", image=False)
    internet.responses = [response_of(table())]

    run = done(feeds.start(feed, by=None, is_confirmed=True))

    assert (run.status, visible()) == ("failed", ["A"])
    assert "holds no products" in run.error


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://elsewhere.example/feed.csv", "the host elsewhere.example is not among those in VISREC_IMAGE_HOSTS"),
        ("http://a.cdn.example/feed.csv", "a.cdn.example has no address"),
    ],
)
def test_why_a_feed_is_not_fetched_is_told(feed, internet, url, reason):
    Feed.objects.update(url=url)

    run = done(feeds.start(Feed.objects.get(), by=None))

    assert reason in run.error


def test_a_feed_is_read_by_its_profile(feed, internet):
    profile = ImportProfile.objects.create(name="supplier", columns={"Nr": "sku"})
    Feed.objects.update(profile=profile)
    internet.responses = [response_of(table("A").replace(b"sku", b"Nr"))]

    assert done(feeds.start(Feed.objects.get(), by=None)).created == 1
