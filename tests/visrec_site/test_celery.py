"""A worker and a broker that stalls; a worker whose pool process is killed."""

import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

import pytest
from redis import Redis

from tests.services import services
from tests.visrec_site import slow_worker
from visrec_site import request_id
from visrec_site.celery import app

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.mark.parametrize("answer", ["ack_log_error", "reject_log_error"])
def test_a_worker_reads_on_after_an_acknowledgement_that_the_broker_did_not_answer(answer):
    options = app.conf.broker_transport_options | {"socket_timeout": 0.5}
    with app.connection_for_read(transport_options=options) as connection:
        channel = connection.default_channel
        channel.basic_qos(0, 1, False)
        with connection.SimpleQueue("stalled") as queue:
            queue.clear()
            queue.put("work")
        message = channel.basic_get("stalled")
        assert not channel.qos.can_consume()

        services.processes["Valkey"].send_signal(signal.SIGSTOP)
        try:
            getattr(message, answer)(logging.getLogger(__name__), connection.connection_errors)
        finally:
            services.processes["Valkey"].send_signal(signal.SIGCONT)

        assert channel.qos.can_consume()


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def is_running(pid: int) -> bool:
    with suppress(FileNotFoundError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] != "Z"
    return False


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.fixture
def broker(tmp_path):
    """A connection to the broker, which has a task and no room for anything more."""
    slow_worker.touch.apply_async([str(tmp_path / "done")], queue=slow_worker.QUEUE)
    with closing(Redis(unix_socket_path=str(services.run / "redis.sock"))) as server:
        limit = server.config_get("maxmemory")["maxmemory"]
        server.config_set("maxmemory", 1)
        yield server
        server.config_set("maxmemory", limit)


@pytest.fixture
def worker(tmp_path):
    command = [sys.executable, "-m", "celery", "--quiet", "--app", "tests.visrec_site.slow_worker", "worker"]
    command += ["--queues", slow_worker.QUEUE, "--concurrency", "1", "--without-gossip", "--without-mingle"]
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, start_new_session=True, stderr=log)
    yield process
    # A pool process shares the connection on which a message may still be sent to the worker.
    pool = children(process.pid)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    wait_for(lambda: not any(map(is_running, pool)))


def test_a_worker_empties_a_broker_that_is_full_and_waits_for_one_that_refuses(broker, worker, tmp_path):
    wait_for((tmp_path / "done").exists)
    broker.config_set("maxmemory", 0)

    broker.config_set("min-replicas-to-write", 1)  # refuses all writes, as where the disk is full
    time.sleep(3)  # the worker asks for messages every second
    broker.config_set("min-replicas-to-write", 0)

    assert slow_worker.process_id.apply_async(queue=slow_worker.QUEUE).get(timeout=90) in children(worker.pid)
    assert worker.poll() is None


def test_a_killed_pool_process_has_a_successor_however_long_that_takes_to_come_up(worker):
    first = slow_worker.process_id.apply_async(queue=slow_worker.QUEUE).get(timeout=90)
    assert children(worker.pid) == [first]

    os.kill(first, signal.SIGKILL)  # the next takes longer to come up than Celery would wait
    second = slow_worker.process_id.apply_async(queue=slow_worker.QUEUE).get(timeout=90)
    assert second != first


def test_what_a_worker_logs_has_the_id_of_the_request_that_sent_the_task(worker, tmp_path):
    token = request_id.current.set("abc-1")
    slow_worker.log_something.apply_async(queue=slow_worker.QUEUE).get(timeout=90)
    request_id.current.reset(token)
    slow_worker.log_something.apply_async(queue=slow_worker.QUEUE).get(timeout=90)

    lines = [line for line in (tmp_path / "log").read_text().splitlines() if line.endswith("something")]
    assert [line.split(maxsplit=2)[2] for line in lines] == [
        "WARNING tests.visrec_site.slow_worker [abc-1] something",
        "WARNING tests.visrec_site.slow_worker [-] something",
    ]
