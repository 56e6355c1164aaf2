import pytest
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.cache import SessionStore
from django.test import RequestFactory

from recommender.experiments.models import Arm
from recommender.models import Impression
from recommender.serving import shadow
from recommender.versions import lifecycle
from tests.factories import AccountFactory, ProductFactory, VersionFactory, clerk, embed, turned
from tests.recommender.experiments.conftest import begin, everybody

pytestmark = pytest.mark.django_db


def request_of(account, session=None):
    request = RequestFactory().get("/")
    request.user, request.session = account, session if session is not None else SessionStore()
    return request


@pytest.fixture
def minder():
    return clerk("view_modelversion")


def test_staff_see_the_versions_that_they_chose_of_each_role(minder, django_assert_num_queries):
    similar, personal = VersionFactory(), VersionFactory(role="personal", method="ease")
    request = request_of(minder)
    for version in (VersionFactory(), similar, personal):
        shadow.enter(request, version)
    minder.has_perm("recommender.view_modelversion")  # which Django reads once

    with django_assert_num_queries(1):
        assert shadow.versions(request) == shadow.versions(request) == {"similar": similar, "personal": personal}


def test_who_has_not_chosen_and_who_may_not_see_versions_has_no_shadow(minder):
    assert shadow.versions(request_of(minder)) is None
    session = {shadow.SHADOW: {"similar": VersionFactory().pk}}
    for account in (AnonymousUser(), AccountFactory(), clerk()):
        assert shadow.versions(request_of(account, session)) is None


def test_after_leaving_everything_is_as_before(minder):
    request = request_of(minder)
    shadow.enter(request, VersionFactory())

    shadow.leave(request)

    assert shadow.versions(request) is None


def test_a_version_that_was_deleted_is_missing(minder):
    request, version = request_of(minder), VersionFactory()
    shadow.enter(request, version)
    lifecycle.delete(version)

    assert shadow.versions(request) == {}


@pytest.mark.parametrize(
    ("role", "state", "can"), [("similar", "ready", True), ("similar", "training", False), ("design", "ready", False)]
)
def test_what_has_lists_can_be_seen(role, state, can):
    assert shadow.can_be_seen(VersionFactory(role=role, state=state)) is can


def test_the_pages_are_those_of_the_version_for_this_account_alone(admin_client, client, active):
    other = VersionFactory()
    for sku, degrees in (("A", 0), ("B", 10), ("C", 80)):
        product = ProductFactory(sku=sku)
        embed(product, active, turned(degrees))
        embed(product, other, turned(90 - degrees if degrees else 0))
    begin(*everybody(Arm(name="varied", diversity=0.5)))

    entered = admin_client.post(f"/admin/recommender/modelversion/{other.pk}/shadow/", follow=True).content.decode()
    strips = [each.get("/products/A/").context["strip"].recommendation for each in (admin_client, client)]

    assert f"You see similar styles as with <strong>{other}</strong>" in entered
    assert [strip.version for strip in strips] == [other, active]
    assert [[result.product.sku for result in strip.results] for strip in strips] == [["C", "B"], ["B", "C"]]
    assert strips[0].query.trial is None
    assert "impressions.js" not in entered and not Impression.objects.exists()

    left = admin_client.post("/shadow/leave/", follow=True).content.decode()
    assert "You see" not in left
    assert admin_client.get("/products/A/").context["strip"].recommendation.version == active


def test_a_version_without_lists_is_not_entered(admin_client):
    version = VersionFactory(state="training")

    page = admin_client.post(f"/admin/recommender/modelversion/{version.pk}/shadow/", follow=True).content.decode()

    assert f"{str(version).capitalize()} is training, and has no lists to see." in page
    assert "See the shop with it" not in page
    assert "shadow" not in admin_client.session
