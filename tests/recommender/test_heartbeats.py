import time

import pytest
from celery.signals import after_task_publish

from recommender import broker, heartbeats
from recommender.heartbeats import Watchdog

INTERVAL = 0.1


@pytest.fixture
def ended(monkeypatch):
    """The exit statuses with which a watchdog would have ended this process."""
    statuses: list[int] = []
    monkeypatch.setattr(heartbeats.os, "_exit", statuses.append)
    return statuses


def test_a_heartbeat_is_in_the_cache_and_in_a_file(settings, tmp_path):
    settings.VAR = tmp_path

    heartbeats.record("embed")

    ages = heartbeats.ages(["embed", "design"])
    assert 0 <= ages["embed"] < 10 and ages["design"] is None
    assert [file.name for file in (tmp_path / "heartbeats").iterdir()] == ["embed"]


def test_a_heartbeat_before_the_clock_was_set_back_is_no_young_one(settings, tmp_path, monkeypatch):
    settings.VAR = tmp_path
    heartbeats.record("embed")
    set_back = time.time() - 3600
    monkeypatch.setattr(heartbeats.time, "time", lambda: set_back)

    assert heartbeats.ages(["embed"])["embed"] > 3500

    heartbeats.record("embed")
    assert heartbeats.ages(["embed"])["embed"] < 10


def test_without_the_cache_the_file_is_written(settings, tmp_path, no_cache, caplog):
    settings.VAR = tmp_path

    heartbeats.record("embed")

    assert (tmp_path / "heartbeats" / "embed").exists()
    assert "the heartbeat of embed is not in the cache" in caplog.text


def test_a_worker_that_does_nothing_while_tasks_wait_ends_itself(waiting, ended, caplog):
    broker.send("sweep")

    Watchdog(["embed", "maintenance"], interval=0).run()

    assert ended == [1]
    assert "tasks wait in embed, maintenance: this worker ends itself" in caplog.text


def test_a_worker_without_tasks_and_one_in_a_long_task_go_on(waiting, ended, monkeypatch):
    monkeypatch.setattr(heartbeats, "WORK_INTERVAL", INTERVAL / 10)
    heartbeats._count_work()  # as each process of a pool does when it starts
    patience = 3 * heartbeats.MISSED * INTERVAL
    watchdog = Watchdog(["maintenance"], INTERVAL)
    watchdog.start()
    time.sleep(patience)
    assert ended == []

    with heartbeats.working():
        broker.send("sweep")
        time.sleep(patience)
        assert ended == []
        assert heartbeats.ages(["maintenance"])["maintenance"] < patience

    watchdog.join(30)  # now nobody works, and a task waits
    assert ended == [1]


def test_without_a_broker_no_worker_is_at_fault(no_broker):
    assert not Watchdog(["maintenance"]).have_tasks()


def test_the_scheduler_s_heartbeat_is_what_it_sends(waiting):
    assert heartbeats.ages(["beat"])["beat"] is None
    heartbeats._watch_beat()
    try:
        broker.send("sweep")
    finally:
        after_task_publish.disconnect(heartbeats._record_beat)

    assert heartbeats.ages(["beat"])["beat"] < 10
