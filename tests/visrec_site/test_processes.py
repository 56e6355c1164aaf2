import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from visrec_site import processes
from visrec_site.processes import Children, Program, rotate_logs

pytestmark = pytest.mark.slow

SLEEPS = [sys.executable, "-c", "import time; print('started', flush=True); time.sleep(60)"]
STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
    "signal.signal(signal.SIGQUIT, signal.SIG_DFL); "  # a shell's `&` has it ignored, and children inherit that
    "print('started', flush=True); time.sleep(60)"
)


@pytest.fixture
def children(tmp_path):
    """A function that starts programs, which are stopped after the test."""
    started: list[Children] = []

    def start(*programs: Program) -> Children:
        started.append(Children(list(programs), logs=tmp_path / "log"))
        started[-1].start()
        return started[-1]

    yield start
    for each in started:
        each.stop()


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_what_a_program_prints_is_in_its_log(children, tmp_path):
    children(Program("one", SLEEPS), Program("two", SLEEPS))

    wait_for(lambda: all("started" in (tmp_path / "log" / f"{name}.log").read_text() for name in ("one", "two")))


def test_a_program_that_ended_is_restarted_and_the_others_are_left_alone(children, capsys):
    shop = children(Program("one", SLEEPS), Program("two", SLEEPS))
    first, second = (child.process for child in shop.children)
    first.kill()
    first.wait()

    shop.restart_ended()

    assert shop.children[0].process.pid != first.pid and shop.children[0].process.poll() is None
    assert shop.children[1].process is second
    assert "one ended with -9, restarted (see " in capsys.readouterr().out


def test_a_program_that_ends_again_and_again_is_restarted_ever_later_and_the_others_go_on(
    children, capsys, monkeypatch
):
    now = 1000.0
    monkeypatch.setattr(processes.time, "monotonic", lambda: now)
    shop = children(Program("broken", [sys.executable, "-c", "raise SystemExit(3)"]), Program("one", SLEEPS))
    broken, one = shop.children
    other, delays = one.process, []
    for _ in range(8):
        broken.process.wait()
        shop.restart_ended()
        if broken.restart_at is not None:
            delays.append(broken.restart_at - now)
            now = broken.restart_at
            shop.restart_ended()
        else:
            delays.append(0)

    assert delays == [0, 1, 2, 4, 8, 16, 30, 30]
    assert one.process is other and other.poll() is None
    assert "broken ended with 3, again soon after its start; restarted in 16 s (see " in capsys.readouterr().out


def test_an_end_after_a_long_run_is_no_reason_to_wait(children, monkeypatch):
    now = 1000.0
    monkeypatch.setattr(processes.time, "monotonic", lambda: now)
    shop = children(Program("one", SLEEPS))
    (child,) = shop.children
    child.failures = 5
    child.process.kill()
    child.process.wait()
    now += processes.STABLE_SECONDS

    shop.restart_ended()

    assert child.process.poll() is None and child.failures == 0


def test_a_program_that_ignores_its_signal_does_not_outlive_the_shop(children, tmp_path, monkeypatch):
    monkeypatch.setattr(processes, "GRACE_SECONDS", 0)
    shop = children(Program("stubborn", [sys.executable, "-c", STUBBORN]))
    wait_for(lambda: "started" in (tmp_path / "log" / "stubborn.log").read_text())
    process = shop.children[0].process

    shop.stop()

    assert process.poll() in (-signal.SIGQUIT, -signal.SIGKILL)  # the latter if ending takes it longer than 3 s


def test_a_large_log_is_moved_and_its_program_writes_on(children, tmp_path, monkeypatch):
    monkeypatch.setattr(processes, "LOG_BYTES", 10)
    code = "import time\nwhile True: print('a line', flush=True); time.sleep(0.05)"
    children(Program("talks", [sys.executable, "-c", code]))
    log = tmp_path / "log" / "talks.log"
    wait_for(lambda: log.stat().st_size > 100)

    rotate_logs(log.parent)

    assert log.stat().st_size < 100
    assert (tmp_path / "log" / "talks.log.1").read_text().startswith("a line\na line\n")
    wait_for(lambda: log.read_text().endswith("a line\n"))
    assert "\0" not in log.read_text()


def test_what_cannot_be_printed_ends_nothing():
    code = "import sys; from visrec_site.processes import report; report('a line'); sys.stderr.write('goes on')"
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run([sys.executable, "-c", code], cwd=processes.ROOT, stdout=full, stderr=subprocess.PIPE)

    assert done.stderr.startswith(b"goes on")


BEATS = "import pathlib, sys, time\nfor _ in range(600): pathlib.Path(sys.argv[1]).touch(); time.sleep(0.1)"


@pytest.fixture
def beating(tmp_path):
    """Two programs, of which the first publishes a heartbeat and the second none."""
    beats = Program("one", [sys.executable, "-c", BEATS, str(tmp_path / "embed")], "embed", silent_checks=8)
    shop = Children([beats, Program("two", SLEEPS)], tmp_path / "log", heartbeats=tmp_path)
    shop.start()
    wait_for((tmp_path / "embed").exists)
    yield shop
    shop.stop()


def supervise(shop: Children, times: int) -> None:
    for _ in range(times):
        shop.kill_silent()
        shop.restart_ended()
        time.sleep(0.1)


def test_a_program_that_is_stopped_is_killed_and_started_again(beating, capsys):
    first, second = (child.process.pid for child in beating.children)
    supervise(beating, 20)
    assert beating.children[0].process.pid == first  # its heart beats
    os.kill(first, signal.SIGSTOP)

    supervise(beating, 20)

    assert beating.children[0].process.pid != first and beating.children[1].process.pid == second
    assert "one stands still: its heartbeat stopped\none ended with -9, restarted" in capsys.readouterr().out


def test_a_program_that_starts_has_longer_until_its_first_heartbeat(beating, tmp_path, monkeypatch):
    monkeypatch.setattr(processes, "SILENT_CHECKS_AT_START", 30)
    beating.stop()
    beating.programs = [Program("one", SLEEPS, "embed")]  # it never publishes one; what there is comes from another
    beating.start()
    pid = beating.children[0].process.pid

    supervise(beating, 20)
    assert beating.children[0].process.pid == pid
    supervise(beating, 20)

    assert beating.children[0].process.pid != pid
