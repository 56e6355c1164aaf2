"""The processes of the demo: started together, restarted when one ends, stopped together."""

import os
import signal
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from visrec_site.embedded import parent_death_signal_setter

ROOT = Path(__file__).resolve().parent.parent
GRACE_SECONDS = 10  # between a child's stop signal and SIGQUIT
MAX_RESTARTS = 5  # of one child within a minute; then a restart does not help


class ChildFailed(Exception):
    """A program ended too often to be restarted once more."""


@dataclass(frozen=True)
class Program:
    """A command line, and the signal that stops it."""

    name: str
    command: list[str]
    stop: signal.Signals = signal.SIGTERM


@dataclass
class Child:
    """A program that was started."""

    program: Program
    process: subprocess.Popen[bytes]
    starts: list[float] = field(default_factory=list)  # time.monotonic() of each, within the last minute


class Children:
    """The shop's processes, each with a log file."""

    def __init__(self, programs: list[Program], logs: Path):
        self.programs = programs
        self.children: list[Child] = []
        self.logs = logs

    def start(self) -> None:
        """Start all programs."""
        self.logs.mkdir(exist_ok=True)
        for program in self.programs:
            self.children.append(Child(program, self.launch(program), [time.monotonic()]))

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
        """Restart each child that has ended. Raises ChildFailed for one that ended too often within a minute."""
        for child in self.children:
            if child.process.poll() is not None:
                self.restart(child)

    def restart(self, child: Child) -> None:
        """Restart a child that has ended. Raises ChildFailed if it ended too often within a minute."""
        log = self.logs / f"{child.program.name}.log"
        now = time.monotonic()
        child.starts = [start for start in child.starts if now - start < 60]
        if len(child.starts) >= MAX_RESTARTS:
            raise ChildFailed(f"{child.program.name} ended {MAX_RESTARTS} times within a minute; see {log}")
        print(f"{child.program.name} ended with {child.process.returncode}; restarted (see {log})", flush=True)
        kill_session(child.process)
        child.process = self.launch(child.program)
        child.starts.append(now)

    def stop(self) -> None:
        """Stop all children: by their stop signal, then by SIGQUIT, then by SIGKILL."""
        for child in self.children:
            if child.process.poll() is None:
                child.process.send_signal(child.program.stop)
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
