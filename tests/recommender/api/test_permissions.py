import pytest
from django.contrib.auth.models import AnonymousUser
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from recommender.api.permissions import StaffWrites, account_of
from tests.factories import AccountFactory


def request_of(account, method: str = "GET") -> Request:
    request = Request(APIRequestFactory().generic(method, "/"))
    request.user = account
    return request


@pytest.mark.parametrize(
    ("is_staff", "method", "may"),
    [
        (False, "GET", True),
        (False, "HEAD", True),
        (False, "PATCH", False),
        (False, "DELETE", False),
        (True, "POST", True),
    ],
)
def test_everybody_reads_and_staff_write(is_staff, method, may):
    request = request_of(AccountFactory.build(is_staff=is_staff), method)

    assert StaffWrites().has_permission(request, None) is may


def test_a_guest_writes_nothing():
    assert StaffWrites().has_permission(request_of(AnonymousUser(), "POST"), None) is False


def test_a_guest_has_no_account():
    account = AccountFactory.build()

    assert account_of(request_of(account)) is account
    with pytest.raises(AssertionError):
        account_of(request_of(AnonymousUser()))
