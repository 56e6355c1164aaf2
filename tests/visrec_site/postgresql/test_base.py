import select

import psycopg2
import pytest
from django.db import connection

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def own_connection():
    """A connection as of a web process, closed afterwards."""
    connection.close()
    connection.ensure_connection()
    yield
    connection.close()


def next_request() -> int:
    """Return the number of the server's process that the next request's statement is run by."""
    connection.close_if_unusable_or_obsolete()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return int(cursor.fetchone()[0])


def test_a_connection_is_used_again_without_a_statement_to_check_it(django_assert_num_queries):
    first = next_request()

    with django_assert_num_queries(1):
        assert next_request() == first


def test_a_request_after_the_server_has_left_gets_a_new_connection():
    first = next_request()
    assert connection.is_usable()

    with psycopg2.connect(**connection.get_connection_params()) as other, other.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s)", (first,))
    select.select([connection.connection], [], [], 10)  # until it has heard of it

    assert not connection.is_usable()
    assert next_request() != first
