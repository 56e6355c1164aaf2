import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from recommender.audits import width
from recommender.models import Impression
from recommender.schedules.models import TrainingSchedule
from tests.factories import InteractionFactory, VersionFactory
from tests.recommender.audits.test_recall import answered

pytestmark = pytest.mark.django_db
URL = "/admin/"


def impression(placement: str, hours_ago: float = 0, **fields) -> Impression:
    return Impression.objects.create(
        recommendation_id=uuid.uuid4(),
        placement=placement,
        strategy="similar",
        positions=[1, 2],
        shown_at=timezone.now() - timedelta(hours=hours_ago),
        **fields,
    )


def test_the_first_page_shows_what_followed_on_what_was_seen(admin_client, active):
    first, _, _ = (impression("product", version=active.pk) for _ in range(3))
    impression("home", hours_ago=30)
    InteractionFactory(recommendation_id=first.pk, kind="click")

    day, month = admin_client.get(URL).content.decode(), admin_client.get(f"{URL}?days=30").content.decode()

    assert "1 · 33.3 % <small>6.1 to 79.2</small>" in day
    assert f"similar, {active}" in day
    assert '<th scope="row">home</th>' not in day
    assert '<th scope="row">home</th>' in month


def test_without_impressions_the_page_says_so(admin_client):
    assert "No recommendation was seen by a visitor in the last 24 hours." in admin_client.get(URL).content.decode()


def test_each_role_is_named_with_what_serves_it(admin_client, active):
    page = admin_client.get(URL).content.decode()

    assert str(active) in page
    assert page.count("no version is active") == 2


def test_who_may_not_see_versions_sees_none_of_it(client, django_user_model):
    client.force_login(django_user_model.objects.create_user("clerk", is_staff=True))

    assert "overview" not in client.get(URL).content.decode()


def test_the_first_page_opens_without_the_cache(admin_client, active, no_cache):
    page = admin_client.get(URL)

    assert page.status_code == 200
    assert "The broker or the cache cannot be reached." in page.content.decode()


def test_the_first_page_tells_of_an_index_that_finds_too_little(admin_client, active):
    assert "Indexes" not in admin_client.get(URL).content.decode()
    answered(active, *[0.5] * 60)
    width.steer(active)
    answered(active, *[1] * 9, usual_recall=0.5)

    page = admin_client.get(URL).content.decode()

    assert "its index is searched with 400 candidates in place of 100, until its index finds 95 % again" in page
    assert "The usual search finds 50.0 % (" in page
    assert "searched more widely: 60 requests (no filter) had a recall of 37.7 to 62.3 %" in page


def test_the_first_page_asks_what_becomes_of_a_version_that_a_schedule_had_trained(admin_client, active):
    version = VersionFactory()
    TrainingSchedule.objects.create(method="pixels", hour=3, version=version, state="undecided")

    page = admin_client.get(URL).content.decode()

    assert f"<strong>{version} was trained by its schedule.</strong>" in page
    assert f"/admin/recommender/modelversion/{version.pk}/step/activate/" in page


def test_figures_have_charts_with_tables(admin_client, active):
    for hours_ago in (1, 2):
        impression("product", hours_ago=hours_ago, version=active.pk)

    page = admin_client.get(URL).content.decode()

    assert page.count("<figure") == 3
    assert "<figcaption>Clicked, % of the lists seen</figcaption>" in page


def test_the_first_page_says_who_trained_what(admin_client):
    VersionFactory(state="failed", by="ada", error="no pictures", finished_at=timezone.now())
    VersionFactory(worker="gpu-7", metrics={"device": "H200"}, finished_at=timezone.now())

    page = admin_client.get(URL).content.decode()

    assert "no pictures" in page and "<td>ada</td>" in page
    assert "<td>gpu-7, H200</td>" in page
