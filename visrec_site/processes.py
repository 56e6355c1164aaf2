"""The processes of the demo: started together, restarted when one ends, stopped together."""

import os
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from visrec_site.embedded import parent_death_signal_setter

ROOT = Path(__file__).resolve().parent.parent
GRACE_SECONDS = 10  # between SIGTERM and SIGQUIT
STABLE_SECONDS = 60  # that a child must run for its next end to count as its first
MAX_DELAY_SECONDS = 30  # between an end and the restart
# Checks of a heartbeat, two a second, that find none: three minutes while a process imports its packages, then
# Program.silent_checks. Checks are counted, not seconds: a machine that sleeps checks nothing.
SILENT_CHECKS_AT_START = 360
LOG_BYTES = 20_000_000  # of a log, then it is moved to NAME.log.1 and begun anew


@dataclass(frozen=True)
class Program:
    """A command line."""

    name: str
    command: list[str]
    heartbeat: str = ""  # the name of the heartbeat that it publishes, if it does: recommender.heartbeats
    # A worker's heart beats every 3 seconds, and every 14 while neither broker nor cache answers.
    silent_checks: int = 40


@dataclass
class Child:
    """A program that was started."""

    program: Program
    process: subprocess.Popen[bytes]
    started: float  # time.monotonic()
    failures: int = 0  # ends in a row, each within STABLE_SECONDS of its start
    restart_at: float | None = None  # time.monotonic(); None while it runs
    last_beat: int | None = None  # when its heartbeat's file was written, 0 for never; None before the first check
    has_beaten: bool = False
    silent_checks: int = 0  # in a row


class Children:
    """The shop's processes, each with a log file."""

    def __init__(self, programs: list[Program], logs: Path, heartbeats: Path | None = None):
        self.programs = programs
        self.heartbeats = heartbeats  # the folder of those of the programs
        self.children: list[Child] = []
        self.logs = logs

    def start(self) -> None:
        """Start all programs."""
        self.logs.mkdir(exist_ok=True)
        for program in self.programs:
            self.children.append(Child(program, self.launch(program), time.monotonic()))

    def find_beat(self, program: Program) -> int:
        """Return when the program's last heartbeat was written, in ns; 0 if there was none."""
        if not (self.heartbeats and program.heartbeat):
            return 0
        try:
            return (self.heartbeats / program.heartbeat).stat().st_mtime_ns
        except FileNotFoundError:
            return 0

    def kill_silent(self) -> None:
        """Kill each child whose heartbeat stopped: one that is stopped as a whole cannot end itself."""
        for child in self.children:
            if not child.program.heartbeat or child.restart_at is not None:
                continue
            former, child.last_beat = child.last_beat, self.find_beat(child.program)
            if child.last_beat != former:
                # At the first check it is unknown whether this one wrote it.
                child.has_beaten, child.silent_checks = former is not None, 0
                continue
            child.silent_checks += 1
            if child.silent_checks > (child.program.silent_checks if child.has_beaten else SILENT_CHECKS_AT_START):
                report(f"{child.program.name} stands still: its heartbeat stopped")
                child.silent_checks = 0
                child.process.kill()

    def launch(self, program: Program) -> subprocess.Popen[bytes]:
        """Start one program in a session of its own; its output is appended to its log."""
        with (self.logs / f"{program.name}.log").open("ab") as log:
            return subprocess.Popen(
                program.command,
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                # Without the launcher there is no database and no broker, and a worker would wait for them forever.
                preexec_fn=parent_death_signal_setter(signal.SIGKILL),
            )

    def restart_ended(self) -> None:
        """Restart each child that has ended, at once or, if it ends again and again, after a delay that doubles."""
        now = time.monotonic()
        for child in self.children:
            if child.restart_at is None and child.process.poll() is not None:
                self.plan_restart(child, now)
            if child.restart_at is not None and now >= child.restart_at:
                child.process, child.started, child.restart_at = self.launch(child.program), now, None
                child.has_beaten, child.silent_checks = False, 0

    def plan_restart(self, child: Child, now: float) -> None:
        """Choose and print when a child that has ended is restarted, and kill what it left behind."""
        child.failures = child.failures + 1 if now - child.started < STABLE_SECONDS else 0
        delay = 0 if child.failures < 2 else min(2 ** (child.failures - 2), MAX_DELAY_SECONDS)
        child.restart_at = now + delay
        name, log = child.program.name, self.logs / f"{child.program.name}.log"
        how = f"again soon after its start; restarted in {delay} s" if delay else "restarted"
        report(f"{name} ended with {child.process.returncode}, {how} (see {log})")
        kill_session(child.process)

    def stop(self) -> None:
        """Stop all children: by SIGTERM, then by SIGQUIT, then by SIGKILL."""
        for child in self.children:
            if child.process.poll() is None:
                child.process.terminate()
        deadline = time.monotonic() + GRACE_SECONDS
        for child in self.children:
            try:
                child.process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                child.process.send_signal(signal.SIGQUIT)
        for child in self.children:
            try:
                child.process.wait(3)
            except subprocess.TimeoutExpired:
                child.process.kill()
            kill_session(child.process)
        self.children.clear()


def kill_session(process: subprocess.Popen[bytes]) -> None:
    """Kill the processes that a child left behind, such as the pool of a killed worker."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def report(text: str) -> None:
    """Print a line. Where its disk is full, say, it is lost, and the shop goes on."""
    with suppress(OSError):
        print(text, flush=True)


def rotate_logs(folder: Path) -> None:
    """Move each large log in a folder to NAME.log.1. What is written at that moment may be lost.

    The programs hold their logs open, so a copy is made and the log is emptied; they append to what is its end then.
    """
    for log in folder.glob("*.log"):
        if log.stat().st_size > LOG_BYTES:
            shutil.copyfile(log, log.with_name(f"{log.name}.1"))
            os.truncate(log, 0)
