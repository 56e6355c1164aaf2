import pytest
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.db import SessionStore

from catalog import visitors
from catalog.models import Shopper
from catalog.visitors import Visitor
from tests.factories import AccountFactory, ShopperFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def request_of(rf):
    def make(user=None, session=None):
        request = rf.get("/")
        request.user, request.session = user or AnonymousUser(), session or SessionStore()
        return request

    return make


def test_a_guest_is_nobody_until_welcomed(request_of):
    request = request_of()

    assert visitors.get_visitor(request) == Visitor()
    welcomed = visitors.get_or_create_visitor(request)
    assert welcomed == Visitor(session=request.session.session_key)
    assert visitors.get_visitor(request) == welcomed


def test_an_account_gets_its_shopper_when_it_first_does_something(request_of):
    account = AccountFactory(username="ada")

    assert visitors.get_visitor(request_of(account)) == Visitor()
    assert not Shopper.objects.exists()
    shopper = visitors.get_or_create_visitor(request_of(account)).shopper
    assert (shopper.key, shopper.account) == ("ada", account)
    assert visitors.get_or_create_visitor(request_of(account)).shopper == shopper


def test_an_account_is_the_shopper_of_its_name_unless_that_is_anothers(request_of):
    account, other = AccountFactory(username="ada"), AccountFactory(username="bea")
    of_that_name = ShopperFactory(key="ada")
    assert visitors.get_visitor(request_of(account)).shopper == of_that_name

    Shopper.objects.update(account=other)
    assert visitors.get_visitor(request_of(account)).shopper is None
    assert visitors.get_visitor(request_of(other)).shopper == of_that_name


@pytest.mark.parametrize(
    ("agent", "crawls"), [("Googlebot/2.1", True), ("bingbot", True), ("Mozilla/5.0 (X11; Linux)", False), ("", False)]
)
def test_crawlers_are_known_by_their_name(rf, agent, crawls):
    assert visitors.is_crawler(rf.get("/", headers={"User-Agent": agent})) is crawls
