import pytest
from rest_framework.test import APIClient

from recommender.models import ModelVersion
from recommender.versions import lifecycle
from recommender.workers import training
from tests.factories import AccountFactory, ProductFactory
from visrec_site import celery_app


@pytest.fixture
def guest(db) -> APIClient:
    return APIClient()


@pytest.fixture
def staff(db) -> APIClient:
    return signed_in(AccountFactory(username="boss", is_staff=True, is_superuser=True))


@pytest.fixture
def shopper(db) -> APIClient:
    """An account that has done nothing yet: it has no Shopper."""
    return signed_in(AccountFactory(username="sam"))


def signed_in(account) -> APIClient:
    client = APIClient()
    client.force_authenticate(account)
    return client


@pytest.fixture
def worker():
    """The queue is the one thing left out: the task runs where it is sent from."""
    celery_app.loader.import_default_modules()  # else a task is unknown here, and the broker would get it
    celery_app.conf.task_always_eager = True
    yield
    celery_app.conf.task_always_eager = False


@pytest.fixture
def trained(db) -> ModelVersion:
    """Twelve products and a version that was trained on their pictures, in service."""
    for number in range(12):
        ProductFactory(sku=f"A-{number}", image=number)
    return training.run(lifecycle.register("pixels", activate=True, here=True))
