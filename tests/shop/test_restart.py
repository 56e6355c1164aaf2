"""Stopping and starting again: whatever comes of it, the next test finds the shop open."""

import signal

import pytest

from tests.shop.shop import wait_for

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def open_afterwards(shop):
    yield
    if shop.process.poll() is not None:
        shop.start()


def test_each_stage_says_how_long_it_took(shop):
    stages = ("are up", "demo catalogue", "s  products:", "interactions:", "serves similar styles", "shop is open")
    stages += ("visrec 1 is live", "hybrid 1 is live", "Nothing is in training")
    places = [shop.printed().index(stage) for stage in stages]
    assert places == sorted(places)


def test_ctrl_c_stops_everything_and_a_second_start_is_quicker(shop, staff):
    count = shop.get("/api/v1/products/").json()["count"]

    assert shop.stop(signal.SIGINT) == 0
    assert shop.pids("") == []
    offset = len(shop.printed())
    assert shop.start() < shop.first_start / 2
    again = shop.printed()[offset:]
    assert not any(stage in again for stage in ("products:", "interactions:", "serves", "is live"))

    assert shop.get("/api/v1/products/").json()["count"] == count
    assert shop.get("/readyz").json()["status"] == "ok"


def test_after_a_kill_nothing_is_orphaned_and_the_next_start_works(shop, staff):
    shop.process.kill()
    shop.process.wait()

    wait_for(lambda: shop.pids("") == [], 30)
    shop.start()

    assert shop.get("/readyz").json()["status"] == "ok"
