"""Real workers of both pools, stopped in the midst of a task."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from celery import Celery
from celery.exceptions import Reject

from recommender.stopping import handed_over
from tests.services import services
from visrec_site import embedded

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 120  # for what takes five on a quiet machine


def app_of(broker: str) -> Celery:
    """Return an app that does not become this process's own, through which the other tests send."""
    return Celery(broker=broker, set_as_current=False)


@pytest.fixture
def broker():
    """A database of the broker that no other test uses."""
    url = embedded.broker_url(services.data, database=7)
    with app_of(url).connection_for_write() as connection:
        connection.default_channel.client.flushdb()
    return url


def wait_for(condition) -> None:
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.parametrize(("pool", "receiver"), [("prefork", "main"), ("prefork", "child"), ("solo", "main")])
def test_a_worker_that_is_stopped_hands_its_task_over_at_once(broker, tmp_path, pool, receiver):
    app = app_of(broker)
    app.send_task("work", [str(tmp_path)], queue="train")
    command = [sys.executable, "-m", "celery", "--app", "tests.recommender.stopping_worker", "worker"]
    command += ["--queues", "train", "--pool", pool, "--concurrency", "1", "--without-gossip", "--without-mingle"]
    with (tmp_path / "log").open("wb") as log:
        worker = subprocess.Popen(command, cwd=ROOT, env=os.environ | {"BROKER": broker}, stdout=log, stderr=log)
    try:
        wait_for((tmp_path / "begun").exists)
        child = int((tmp_path / "begun").read_text())
        (tmp_path / "begun").unlink()

        os.kill(child if receiver == "child" else worker.pid, signal.SIGTERM)

        wait_for((tmp_path / "released").exists)
        if receiver == "child":
            wait_for((tmp_path / "begun").exists)  # it has begun again
            worker.send_signal(signal.SIGTERM)
        worker.wait(SECONDS)
    finally:
        worker.kill()
        worker.wait()
    with app.connection_for_read() as connection, connection.SimpleQueue("train") as waiting:
        assert waiting.get(timeout=SECONDS).payload[0] == [str(tmp_path)]


def test_whoever_is_stopped_sees_one_interruption_and_celery_the_signals():
    seen = []
    former = signal.signal(signal.SIGTERM, lambda number, frame: seen.append("celery"))
    try:
        with pytest.raises(Reject, match="stopped by SIGTERM"), handed_over():
            try:
                signal.raise_signal(signal.SIGTERM)
            finally:
                signal.raise_signal(signal.SIGTERM)
                seen.append("released")
    finally:
        signal.signal(signal.SIGTERM, former)

    assert seen == ["released", "celery", "celery"]
