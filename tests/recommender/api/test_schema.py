import functools
import io
from pathlib import Path
from zlib import crc32

import pytest
import schemathesis
from django.apps import apps
from django.core.wsgi import get_wsgi_application
from django.db import connection, transaction
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck
from hypothesis import settings as examples
from schemathesis.pytest.lazy import get_all_tests
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


DOCUMENT = SchemaGenerator().get_schema(public=True)
TRAINING = "POST /api/v1/models/"  # in a shop with products the worker would train
OPERATIONS = [f"{method.upper()} {path}" for path, methods in DOCUMENT["paths"].items() for method in methods]
schema = schemathesis.openapi.from_dict(DOCUMENT)
schema.app = application


def test_each_operation_has_a_name_of_its_own():
    names = [operation["operationId"] for methods in DOCUMENT["paths"].values() for operation in methods.values()]

    assert "list_products" in names and len(names) == len(set(names))
    assert [name for name in names if name.endswith(("_2", "_retrieve", "_destroy"))] == []  # drf-spectacular's own


def test_limits_conflicts_and_refusals_are_described_with_their_headers():
    operation = DOCUMENT["paths"]["/api/v1/products/{sku}/"]["put"]["responses"]
    headers = {int(status): set(response["headers"]) for status, response in operation.items()}
    counted = {"RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"}

    assert {409, 411, 412, 413, 414, 415} <= headers.keys()
    assert headers[429] == {"X-Request-ID", "Retry-After", *counted}
    assert headers[401] == {"X-Request-ID", "WWW-Authenticate"}
    assert headers[201] == {"X-Request-ID", "ETag", *counted}
    assert operation["429"]["content"]["application/problem+json"]["example"]["status"] == 429


class Copy:
    """The rows and files of a shop, with its ids: it is filled and trained once, and comes back for each operation."""

    def __init__(self) -> None:
        self.rows: dict[str, str] = {}  # by table, as COPY writes them
        self.files: dict[str, bytes] = {}  # by path

    def take(self, folder: Path) -> None:
        self.files = {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}
        for label in ("catalog", "recommender"):
            for model in apps.get_app_config(label).get_models(include_auto_created=True):
                text = io.StringIO()
                with connection.cursor() as cursor:
                    cursor.copy_expert(f"COPY {model._meta.db_table} TO STDOUT", text)
                if text.tell():
                    self.rows[model._meta.db_table] = text.getvalue()

    def bring(self, folder: Path) -> None:
        for name, data in self.files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(data)
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL session_replication_role = replica")  # what triggers count is among the rows
            for table, text in self.rows.items():
                cursor.execute(f"DELETE FROM {table}")  # what a migration or a trigger has written
                cursor.copy_expert(f"COPY {table} FROM STDIN", io.StringIO(text))


@pytest.fixture(scope="module")
def copy() -> Copy:
    return Copy()


@pytest.fixture
def filled(trained, active_personal) -> None:
    for number, product in enumerate(Product.objects.all()):
        embed(product, active_personal, turned(30 * number))
        InteractionFactory(shopper__key=f"user-{number}", product=product)
    popularity.count()


@pytest.fixture
def shop(request, db, settings, copy, worker) -> None:
    """A dozen products, shoppers who like some of them, and models that know both."""
    folder = settings.MEDIA_ROOT.parent
    if copy.rows:
        copy.bring(folder)
    else:
        request.getfixturevalue("filled")
        copy.take(folder)


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
    caller = callers[crc32(values.encode(errors="replace")) % len(callers)]
    return caller | {"Accept-Encoding": "identity"}  # over WSGI, schemathesis accepts gzip and does not undo it


MANY = examples(max_examples=20, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


def check_operation(name: str, callers: list[dict[str, str]]) -> None:
    """Send cases of the operation, which are made here and not while tests are collected: it takes seconds."""

    @MANY
    def check(case: schemathesis.Case) -> None:
        case.call_and_validate(headers=sent_by_one_of(callers, case), excluded_checks=BEYOND_A_SCHEMA)

    (made,) = get_all_tests(schema=schema.include(name=name), test_func=check, settings=None, given_kwargs=None)
    _, check_cases = made.ok()
    check_cases()


@pytest.mark.django_db(transaction=True)  # a WSGI application closes connections that hold a transaction
@pytest.mark.parametrize("name", [name for name in OPERATIONS if name != TRAINING])
def test_what_the_document_promises_is_kept(name, shop, callers):
    check_operation(name, callers)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", [TRAINING])
def test_what_the_document_promises_of_trainings_is_kept(name, callers, worker):
    check_operation(name, callers)
