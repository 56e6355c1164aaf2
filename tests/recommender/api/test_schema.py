import functools
from zlib import crc32

import pytest
import schemathesis
from django.core.wsgi import get_wsgi_application
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck
from hypothesis import settings as examples
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from catalog.models import Product
from recommender import popularity
from recommender.access import keys, tokens
from recommender.access.models import KeyKind
from recommender.access.scopes import SCOPES
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
def callers(db) -> list[dict[str, str]]:
    """The headers of each kind of caller; of staff as often as of all others, as they get furthest."""
    secrets = [
        keys.create("page", KeyKind.PUBLISHABLE)[1],
        keys.create("ERP", KeyKind.SECRET, scopes=list(SCOPES))[1],
        tokens.issue(AccountFactory())[1],
    ]
    others = [{}, *({"Authorization": f"Bearer {secret}"} for secret in secrets)]
    boss = AccountFactory(username="boss", is_staff=True, is_superuser=True)
    return [*others, *[{"Authorization": f"Token {tokens.issue(boss)[1]}"}] * len(others)]


def sent_by_one_of(callers: list[dict[str, str]], case: schemathesis.Case) -> dict[str, str]:
    """The headers of the caller of a case, always the same: hypothesis repeats a case that fails."""
    values = repr((case.path_parameters, case.query, case.body))
    return callers[crc32(values.encode(errors="replace")) % len(callers)]


TRAINING = {"path": "/api/v1/models/", "method": "POST"}  # in a shop with products the worker would train
MANY = examples(max_examples=20, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


@pytest.mark.django_db(transaction=True)  # a WSGI application closes connections that hold a transaction
@schema.exclude(**TRAINING).parametrize()
@MANY
def test_what_the_document_promises_is_kept(case, shop, callers):
    case.call_and_validate(headers=sent_by_one_of(callers, case), excluded_checks=BEYOND_A_SCHEMA)


@pytest.mark.django_db(transaction=True)
@schema.include(**TRAINING).parametrize()
@MANY
def test_what_the_document_promises_of_trainings_is_kept(case, callers, worker):
    case.call_and_validate(headers=sent_by_one_of(callers, case), excluded_checks=BEYOND_A_SCHEMA)
