import uuid

import pytest
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.cache import SessionStore
from django.test import RequestFactory

from catalog.models import Product
from recommender.errors import NoSuchRecommendation
from recommender.serving import recommend, saved
from recommender.serving.saved import Caller
from recommender.serving.types import RecommendationQuery
from tests.factories import AccountFactory
from tests.recommender.conftest import placed, shown

pytestmark = pytest.mark.django_db
GUEST = Caller(session="guest")


@pytest.fixture
def products(active):
    return placed(active, 0, 20, 40, 60, 80)


def caller_of(account, **session) -> Caller:
    request = RequestFactory().get("/")
    request.user, request.session = account, SessionStore()
    request.session.update(session)
    return Caller.of(request)


def test_experiments_know_an_account_by_its_id_or_by_the_guest_whom_it_was():
    account = AccountFactory()

    assert caller_of(account).visitor == f"account {account.pk}"
    assert caller_of(account, merged="guest-1").visitor == "guest-1"
    assert caller_of(AccountFactory(is_staff=True), merged="guest-1").visitor == ""
    assert caller_of(AnonymousUser()).visitor == ""


def first_page(products, caller=GUEST, **fields):
    query = RecommendationQuery(limit=2, **fields)
    return saved.save(recommend.similar_products(products[0], query), caller)


def test_a_saved_recommendation_is_loaded_as_it_was_saved(products):
    found = first_page(products, placement="cart", exclude=["none"])

    again = saved.load(found.id, 1, GUEST)

    assert (again.id, again.query, again.results) == (found.id, found.query, found.results)
    assert (again.strategy, again.version, again.has_next) == ("similar", found.version, True)
    assert saved.placements([found.id, uuid.uuid4()]) == {found.id: "cart"}


def test_pages_go_on_without_a_product_twice_and_end(products):
    found = first_page(products)

    second = saved.load(found.id, 2, GUEST)

    assert shown(found) + shown(second) == products[1:]
    assert [result.rank for result in second.results] == [3, 4]
    assert (second.page, second.has_next) == (2, False)
    with pytest.raises(NoSuchRecommendation, match="ends with page 2"):
        saved.load(found.id, 3, GUEST)
    with pytest.raises(NoSuchRecommendation, match="page 9 .* comes after page 8"):
        saved.load(first_page(products).id, 9, GUEST)


def test_what_was_hidden_or_sold_out_since_is_left_out(products):
    found = first_page(products)
    Product.objects.filter(pk=products[1].pk).update(is_hidden=True)

    assert [(result.rank, result.product) for result in saved.load(found.id, 1, GUEST).results] == [(2, products[2])]

    Product.objects.filter(pk=products[2].pk).update(in_stock=False)
    assert saved.load(found.id, 1, GUEST).results == []


@pytest.mark.parametrize(
    ("caller", "may_see"),
    [
        (GUEST, True),
        (Caller(session="other"), False),
        (Caller(account=7), False),
        (Caller(account=7, sees_all=True), True),
        (Caller(key=3), False),
        (Caller(key=3, sees_all=True), True),
    ],
)
def test_a_recommendation_is_its_caller_s_and_the_staff_s(products, caller, may_see):
    found = first_page(products)

    if may_see:
        assert shown(saved.load(found.id, 1, caller)) == shown(found)
    else:
        with pytest.raises(NoSuchRecommendation, match="no recommendation .* for you"):
            saved.load(found.id, 1, caller)


def test_a_guest_without_a_session_needs_nothing_but_the_id(products):
    found = first_page(products, caller=Caller())

    assert shown(saved.load(found.id, 1, GUEST)) == shown(found)
