import threading
from datetime import timedelta

import pglock
import pytest
from django.db import OperationalError, connection, transaction
from django.utils import timezone

from recommender import leases
from recommender.models import ModelVersion
from tests.factories import ProductFactory, VersionFactory, embed, turned

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


def free():
    return ModelVersion.objects.filter(leases.is_free(), state="queued")


def test_of_two_who_take_a_free_row_one_gets_it():
    version = VersionFactory(state="queued")

    first, second = (leases.claim(free(), version.pk, MINUTE, error="") for _ in range(2))

    assert (first, first.claims, second) == (version, 1, None)
    assert leases.is_held(first)


def test_whoever_was_overtaken_holds_nothing_and_cannot_lock():
    version = VersionFactory(state="queued")
    first = leases.claim(free(), version.pk, timedelta(seconds=-1))
    second = leases.claim(free(), version.pk, MINUTE)

    assert not leases.hold(leases.held(first), MINUTE, error="late")
    with transaction.atomic():
        assert [leases.lock(leases.held(row)) for row in (first, second)] == [False, True]


@pytest.mark.django_db(transaction=True)
def test_whoever_would_claim_a_row_waits_for_the_end_of_what_its_holder_writes():
    version = leases.claim(free(), VersionFactory(state="queued").pk, timedelta(seconds=-1))
    with transaction.atomic():
        assert leases.lock(leases.held(version))
        refused = over_another_connection(lambda: leases.claim(free(), version.pk, MINUTE))
        embed(ProductFactory(), version, turned(0))  # a row that refers to it

    assert "lock timeout" in str(refused)
    assert leases.claim(free(), version.pk, MINUTE).claims == 2


def over_another_connection(call):
    """What `call` raises there, where it waits for no lock."""
    raised = []

    def run():
        try:
            with pglock.timeout(seconds=0.1):
                call()
        except OperationalError as error:
            raised.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return raised[0]


@pytest.mark.parametrize("until", [None, timedelta(seconds=-1)])
def test_a_row_is_free_without_a_lease_and_after_it(until):
    version = VersionFactory(state="queued", lease_until=until and timezone.now() + until)

    assert free().get() == version
    assert not leases.is_held(version)


def test_a_released_row_is_free_again_and_has_its_changes():
    VersionFactory(state="queued", lease_until=timezone.now() + MINUTE)
    assert not free().exists()

    assert leases.release(ModelVersion.objects.filter(state="queued"), error="lost")

    assert free().get().error == "lost"
    assert not leases.release(ModelVersion.objects.filter(state="failed"))


def test_a_lease_of_before_the_clock_was_set_back_ends_in_time_and_no_other_does():
    lost, held = (VersionFactory(state="queued", lease_until=timezone.now() + after) for after in (60 * MINUTE, MINUTE))
    until = held.lease_until

    leases.limit(ModelVersion.objects.all(), 2 * MINUTE)

    lost.refresh_from_db()
    held.refresh_from_db()
    assert MINUTE < lost.lease_until - timezone.now() < 2 * MINUTE
    assert held.lease_until == until


def test_a_lease_is_renewed_until_the_work_ends_also_where_the_database_was_away_once(caplog):
    version, renewed, calls = VersionFactory(), threading.Event(), []

    def renew() -> bool:
        calls.append(len(calls))
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())" if len(calls) == 1 else "SELECT 1")
        renewed.set()
        return True

    with leases.renewing(renew, interval=0.01, row=version):
        assert renewed.wait(timeout=10)
    done = len(calls)

    assert "the lease of pixels 1 could not be renewed" in caplog.text
    assert not any(thread.name == "lease of pixels 1" for thread in threading.enumerate())
    assert len(calls) == done


def test_a_lease_that_is_lost_is_not_renewed_again():
    version, calls = VersionFactory(), []

    with leases.renewing(lambda: bool(calls.append(1)), interval=0.01, row=version):
        (loop,) = (thread for thread in threading.enumerate() if thread.name == f"lease of {version}")
        loop.join(60)
        assert not loop.is_alive()

    assert len(calls) == 1
