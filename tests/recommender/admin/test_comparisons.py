import pytest

from recommender.admin import comparisons
from recommender.audits import replay
from recommender.audits.models import Replay
from recommender.models import ShopperVector
from tests.factories import ShopperFactory, VersionFactory, clerk, embed, turned
from tests.recommender.audits.test_last_week import sampled
from tests.recommender.conftest import placed

pytestmark = pytest.mark.django_db
LIST = "/admin/recommender/modelversion/"


@pytest.fixture
def other(active):
    """A second version, by which two products change places."""
    query, near, far = placed(active, 0, 10, 60)
    version = VersionFactory(dimensions=active.dimensions)
    for product, degrees in ((query, 0), (near, 60), (far, 10)):
        embed(product, version, turned(degrees))
    sampled(active, query, limit=1)
    return version


def test_last_week_s_requests_are_replayed_from_the_page(admin_client, active, other):
    page = f"{LIST}{other.pk}/compare/?other={active.pk}"
    assert "Answer last week's requests by both versions" in admin_client.get(page).content.decode()

    waits = admin_client.post(f"{LIST}{other.pk}/replay/{active.pk}/", follow=True).content.decode()
    assert "A worker answers last week's requests" in waits and 'hx-trigger="every 2s"' in waits
    replay.run(replay.latest(active, other).pk)

    for url in (page, f"{LIST}{other.pk}/replay/{active.pk}/"):
        shown = admin_client.get(url).content.decode()
        assert "100.0 % (100.0 to 100.0) of the products in a list are others; 0 of 1 lists stay as they are" in shown
        assert "every 2s" not in shown and "category, precision@5" in shown


def test_what_a_version_would_have_got_is_told_with_the_replay(admin_client, active, other):
    page = f"{LIST}{other.pk}/compare/?other={active.pk}"
    finished = replay.request(active, other, "boss")
    replay.run(finished.pk)
    assert "No product was drawn by chance for a list yet" in admin_client.get(page).content.decode()
    known = {"value": 0.0312, "interval": [0.02, 0.045], "results": 300, "reach": 0.8}
    little = {"value": None, "interval": None, "results": 0, "reach": 0.0}
    figures = replay.latest(active, other).figures
    estimated = {"drawn": 1200, "estimates": [known, little], "difference": None, "interval": None}
    Replay.objects.update(figures=figures | {"off_policy": estimated})

    shown = admin_client.get(page).content.decode()

    assert f"300 of {active} and 0 of {other} would have been recommended" in shown
    assert "3.12 % <small>2.00 to 4.50</small>" in shown and "<td>80 %</td>" in shown and "1,200" in shown
    del figures["off_policy"]  # as in replays from before there was one
    Replay.objects.update(figures=figures)
    assert "What it would have got" not in admin_client.get(page).content.decode()


def test_without_requests_the_page_says_so(admin_client, active):
    other = VersionFactory()
    admin_client.post(f"{LIST}{other.pk}/replay/{active.pk}/")
    replay.run(replay.latest(active, other).pk)

    assert "no request was sampled last week" in admin_client.get(f"{LIST}{other.pk}/compare/").content.decode()


def test_who_only_reads_versions_replays_nothing(client, active, other):
    client.force_login(clerk("view_modelversion"))

    assert "Answer last week" not in client.get(f"{LIST}{other.pk}/compare/").content.decode()
    assert client.get(f"{LIST}{other.pk}/replay/{active.pk}/").status_code == 200
    assert client.post(f"{LIST}{other.pk}/replay/{active.pk}/").status_code == 403
    client.force_login(clerk())
    assert client.get(f"{LIST}{other.pk}/replay/{active.pk}/").status_code == 403


def test_versions_of_two_roles_are_refused_with_the_reason(admin_client, active):
    personal = VersionFactory(role="personal", method="ease")

    page = admin_client.post(f"{LIST}{personal.pk}/replay/{active.pk}/")

    assert page.status_code == 302
    assert "is for similar styles, ease 1 for personal" in admin_client.get(LIST).content.decode()


def test_a_product_is_found_by_words_a_shopper_by_the_key(admin_client, active, other):
    product = active.embeddings.first().product
    product.title = "Scarlet galoshes"
    product.save()
    by_words = admin_client.get(f"{LIST}{other.pk}/compare/?sku=galoshes").content.decode()
    assert "Scarlet galoshes</a>" in by_words and "1 list by each version" in by_words

    first, second = (VersionFactory(role="personal", method="ease", metric="inner", dimensions=2) for _ in range(2))
    for key in ("ada", "ben"):
        shopper = ShopperFactory(key=key)
        for version in (first, second):
            ShopperVector.objects.create(version=version, shopper=shopper, vector=turned(0))
    page = f"{LIST}{second.pk}/compare/?other={first.pk}&sku="
    assert "For shopper ada" in admin_client.get(page).content.decode()
    assert "For shopper ada" not in admin_client.get(f"{page}ben").content.decode()
    assert "Not both versions know a shopper cleo." in admin_client.get(f"{page}cleo").content.decode()


def test_a_difference_has_its_sign_and_interval():
    found = {"name": "AUC", "of": 3, "values": [0.5, 0.6], "difference": 0.1, "interval": [-0.05, 0.25]}

    assert comparisons.row_of(found)[1:] == (["0.500", "0.600"], "+0.100", "-0.050 to +0.250")
    assert comparisons.row_of(found | {"interval": None})[3] == ""
