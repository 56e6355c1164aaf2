import functools

import pytest
import schemathesis
from django.core.wsgi import get_wsgi_application
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck
from hypothesis import settings as examples
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from catalog.models import Product
from recommender import popularity
from recommender.access import tokens
from tests.factories import AccountFactory, InteractionFactory, embed, turned

# A category, a password or bytes can be of the right form and unknown, wrong or no picture; and a list of
# interactions is taken with bad ones in it.
BEYOND_A_SCHEMA = [positive_data_acceptance, negative_data_rejection]

handler = functools.cache(get_wsgi_application)  # made by the first test: it looks for folders that tests have


def application(environ, start_response):
    return handler()(environ, start_response)


schema = schemathesis.openapi.from_dict(SchemaGenerator().get_schema(public=True))
schema.app = application


@pytest.fixture
def shop(trained, active_personal, worker) -> None:
    """A dozen products, shoppers who like some of them, and models that know both."""
    for number, product in enumerate(Product.objects.all()):
        embed(product, active_personal, turned(30 * number))
        InteractionFactory(shopper__key=f"user-{number}", product=product)
    popularity.count()


@pytest.fixture
def token(db) -> str:
    return tokens.issue(AccountFactory(username="boss", is_staff=True, is_superuser=True))[1]


TRAINING = {"path": "/api/v1/models/", "method": "POST"}  # in a shop with products the worker would train
MANY = examples(max_examples=15, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


@pytest.mark.django_db(transaction=True)  # a WSGI application closes connections that hold a transaction
@schema.exclude(**TRAINING).parametrize()
@MANY
def test_what_the_document_promises_is_kept(case, shop, token):
    case.call_and_validate(headers={"Authorization": f"Token {token}"}, excluded_checks=BEYOND_A_SCHEMA)


@pytest.mark.django_db(transaction=True)
@schema.include(**TRAINING).parametrize()
@MANY
def test_what_the_document_promises_of_trainings_is_kept(case, token, worker):
    case.call_and_validate(headers={"Authorization": f"Token {token}"}, excluded_checks=BEYOND_A_SCHEMA)
