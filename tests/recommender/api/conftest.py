import pytest
from rest_framework.test import APIClient

from tests.factories import AccountFactory


@pytest.fixture
def guest(db) -> APIClient:
    return APIClient()


@pytest.fixture
def staff(db) -> APIClient:
    return signed_in(AccountFactory(username="boss", is_staff=True))


@pytest.fixture
def shopper(db) -> APIClient:
    """An account that has done nothing yet: it has no Shopper."""
    return signed_in(AccountFactory(username="sam"))


def signed_in(account) -> APIClient:
    client = APIClient()
    client.force_authenticate(account)
    return client
