import pytest
from django.contrib.sessions.models import Session
from django.test import Client

from catalog import sessions, visitors
from catalog.models import Interaction
from catalog.sessions import SessionStore
from tests.factories import AccountFactory, ProductFactory
from tests.services import without

pytestmark = pytest.mark.django_db


@pytest.fixture
def page():
    return ProductFactory(sku="A-1", image=False).get_absolute_url()


def test_who_stores_no_cookie_leaves_no_row(page):
    for _ in range(3):
        Client().get(page)

    assert not Session.objects.exists()
    assert Interaction.objects.values("session").distinct().count() == 3


def test_a_session_has_a_row_once_its_cookie_comes_back(client, page):
    client.get(page)
    key = client.cookies["sessionid"].value
    assert visitors.find_reserved([key, "basket-7"]) == {key}  # before as well

    assert not Session.objects.exists()
    client.get(page)

    assert Session.objects.get().session_key == key
    assert Interaction.objects.get().session == key
    assert visitors.find_reserved([key]) == {key}


def test_two_requests_at_once_make_one_row(client, page):
    client.get(page)
    one, other = (SessionStore(client.cookies["sessionid"].value) for _ in range(2))

    assert one.load() == other.load() != {}
    assert Session.objects.count() == 1


def test_who_signs_in_has_a_row_at_once_and_takes_the_first_view_along(client, page):
    AccountFactory(username="sam")
    client.get(page)
    key = client.cookies["sessionid"].value

    client.post("/login/", {"username": "sam", "password": "secret"})

    assert Session.objects.get().session_key == client.cookies["sessionid"].value != key
    assert Interaction.objects.get().shopper.key == "sam"
    assert not SessionStore().exists(key)


def test_a_key_that_nobody_was_given_is_no_session(client, page):
    client.cookies["sessionid"] = "x" * 32
    client.get(page)

    assert client.cookies["sessionid"].value != "x" * 32


def test_without_the_cache_a_session_has_a_row(client, page):
    with without("Valkey cache"):
        client.get(page)

    assert Session.objects.get().session_key == client.cookies["sessionid"].value


@pytest.mark.parametrize("key", ["E\x1fV©rº?kaaaa", "a b c d e f g", "é" * 32, ""])
def test_what_cannot_be_a_key_is_not_asked_for(key):
    """The cache warns of such keys, and a warning fails a test."""
    assert sessions.find([key, "a" * 32]) == {}
