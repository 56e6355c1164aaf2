import threading
from datetime import timedelta

import pytest
from django.db import OperationalError
from django.utils import timezone

from recommender import leases
from recommender.models import ModelVersion
from tests.factories import VersionFactory

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


def free():
    return ModelVersion.objects.filter(leases.is_free(), state="queued")


def test_of_two_who_take_a_free_row_one_gets_it():
    version = VersionFactory(state="queued")

    assert [leases.hold(free(), MINUTE), leases.hold(free(), MINUTE)] == [True, False]

    version.refresh_from_db()
    assert leases.is_held(version)


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


def test_a_lease_is_renewed_until_the_work_ends_also_where_the_database_was_away_once(caplog):
    version, renewed, calls = VersionFactory(), threading.Event(), []

    def renew() -> bool:
        calls.append(len(calls))
        if len(calls) == 1:
            raise OperationalError("the server restarts")
        renewed.set()
        return True

    with leases.renewing(renew, interval=0.01, row=version):
        assert renewed.wait(timeout=10)
    done = len(calls)

    assert "the lease of pixels 1 could not be renewed: the server restarts" in caplog.text
    assert not any(thread.name == "lease of pixels 1" for thread in threading.enumerate())
    assert len(calls) == done


def test_a_lease_that_is_lost_is_not_renewed_again():
    version, calls = VersionFactory(), []

    with leases.renewing(lambda: bool(calls.append(1)), interval=0.01, row=version):
        (loop,) = (thread for thread in threading.enumerate() if thread.name == f"lease of {version}")
        loop.join(60)
        assert not loop.is_alive()

    assert len(calls) == 1
