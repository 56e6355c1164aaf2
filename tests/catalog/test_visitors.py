import time

import pytest
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.core.signing import TimestampSigner

from catalog import visitors
from catalog.models import Shopper
from catalog.visitors import BadToken, Visitor
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
    assert not welcomed.is_verified
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


def test_a_guest_is_verified_after_a_while(request_of, monkeypatch):
    request, token = request_of(), visitors.issue_token()
    assert not visitors.get_or_create_visitor(request).is_verified
    assert not visitors.read_token(token).is_verified

    later = time.time() + 11
    monkeypatch.setattr(time, "time", lambda: later)

    assert visitors.get_or_create_visitor(request).is_verified
    assert visitors.read_token(token).is_verified


def test_a_token_names_one_guest_and_expires(monkeypatch):
    token, other = visitors.issue_token(), visitors.issue_token()
    assert visitors.read_token(token) == visitors.read_token(token) != visitors.read_token(other)
    assert visitors.read_token(token).session.startswith("visitor-")
    for invented in ("", "visitor-1", f"{token}x", TimestampSigner(salt="another").sign("visitor-1")):
        with pytest.raises(BadToken):
            visitors.read_token(invented)

    later = time.time() + 401 * 24 * 3600
    monkeypatch.setattr(time, "time", lambda: later)
    with pytest.raises(BadToken):
        visitors.read_token(token)


def test_ids_of_tokens_and_of_pages_are_reserved():
    session = SessionStore()
    session.create()

    names = [session.session_key, "visitor-1", "basket-7", "x" * 150]
    assert visitors.find_reserved(names) == {session.session_key, "visitor-1"}


def test_sessions_that_have_expired_are_deleted_some_at_a_time():
    def session(seconds: int) -> str:
        store = SessionStore()
        store.set_expiry(seconds)
        store.create()
        return store.session_key

    lasting, *_ = session(60), session(-60), session(-60), session(-60)

    assert [visitors.delete_expired_sessions(limit=2) for _ in range(3)] == [2, 1, 0]
    assert [found.session_key for found in Session.objects.all()] == [lasting]


@pytest.mark.parametrize(
    ("agent", "crawls"), [("Googlebot/2.1", True), ("bingbot", True), ("Mozilla/5.0 (X11; Linux)", False), ("", False)]
)
def test_crawlers_are_known_by_their_name(rf, agent, crawls):
    assert visitors.is_crawler(rf.get("/", headers={"User-Agent": agent})) is crawls
