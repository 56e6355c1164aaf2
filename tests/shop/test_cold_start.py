"""A product is findable within seconds of its upload, whatever dies in between."""

import os
import signal
import statistics

import pytest

from tests.shop.shop import wait_for

pytestmark = pytest.mark.slow


def test_uploads_are_findable_within_seconds(staff, fresh_pictures):
    seconds = []
    for number, (category, picture) in enumerate(fresh_pictures[:20]):
        assert staff.upload(f"cold-{number}", picture, category).status_code == 201
        seconds.append(staff.wait_until_findable(f"cold-{number}"))

    assert statistics.quantiles(seconds, n=20)[18] <= 5  # p95
    found = staff.similar("cold-0", limit=5)
    assert len(found) == 5
    assert "cold-0" in {p["sku"] for p in staff.similar(found[0]["sku"], limit=100)}


def test_a_changed_picture_is_embedded_again_and_a_deleted_product_is_gone(staff, fresh_pictures):
    (_, first), (_, second) = fresh_pictures[20:22]
    staff.upload("changing", first)
    staff.wait_until_findable("changing")
    before = [p["sku"] for p in staff.similar("changing")]

    changed = staff.patch(f"{staff.api}/products/changing/", files={"image": ("b.jpg", second)})
    assert changed.status_code == 200
    assert not changed.json()["findable"]
    staff.wait_until_findable("changing")
    assert [p["sku"] for p in staff.similar("changing")] != before

    neighbour = staff.similar("changing", limit=1)[0]["sku"]
    assert staff.delete(f"{staff.api}/products/changing/").status_code == 204
    assert "changing" not in {p["sku"] for p in staff.similar(neighbour, limit=100)}
    assert staff.get(f"{staff.api}/products/changing/").status_code == 404


def kill(pids: list[int]) -> None:
    assert pids
    for pid in pids:
        os.kill(pid, signal.SIGKILL)


def test_an_upload_outlives_a_killed_worker(shop, staff, fresh_pictures):
    kill(shop.pids("--queues embed"))
    assert staff.upload("worker-lost", fresh_pictures[22][1]).status_code == 201

    staff.wait_until_findable("worker-lost")


def test_an_upload_succeeds_without_a_broker_and_is_embedded_when_it_is_back(shop, staff, fresh_pictures):
    broker = shop.pids("valkey-server")
    for pid in broker:
        os.kill(pid, signal.SIGSTOP)  # there, and deaf
    try:
        answer = staff.upload("broker-deaf", fresh_pictures[23][1])
    finally:
        for pid in broker:
            os.kill(pid, signal.SIGCONT)
    assert answer.status_code == 201

    kill(shop.pids("valkey-server"))
    assert staff.upload("broker-lost", fresh_pictures[24][1]).status_code == 201
    for sku in ("broker-deaf", "broker-lost"):
        staff.wait_until_findable(sku)


def test_uploads_outlive_a_restarted_database(shop, staff, fresh_pictures):
    assert staff.upload("before-restart", fresh_pictures[25][1]).status_code == 201
    former = shop.pids("bin/postgres -D")
    kill(former)
    # A session that has not yet noticed the end of the server may still answer /readyz.
    wait_for(lambda: not {*former} & {*shop.pids("bin/postgres -D")} and shop.pids("bin/postgres -D"), 60)
    wait_for(lambda: shop.get("/readyz").status_code == 200, 60)

    assert staff.upload("after-restart", fresh_pictures[26][1]).status_code == 201
    for sku in ("before-restart", "after-restart"):
        staff.wait_until_findable(sku)
