"""Programs that run beside each other until they are stopped together."""

import os
import signal
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from visrec_site.embedded import die_with_parent

ROOT = Path(__file__).resolve().parent.parent
GRACE_SECONDS = 10  # for a child to end when asked; then it is killed
RESTARTS = 5  # of one child within a minute; then something is wrong that a restart does not mend


class ChildFailed(Exception):
    """A program that ends again and again."""


@dataclass(frozen=True)
class Program:
    name: str
    command: list[str]
    stop: signal.Signals = signal.SIGTERM


@dataclass
class Child:
    program: Program
    process: subprocess.Popen
    starts: list[float] = field(default_factory=list)


class Children:
    """The shop's processes: started, started again when one dies, stopped together."""

    def __init__(self, programs: list[Program], logs: Path):
        self.programs = programs
        self.children: list[Child] = []
        self.logs = logs

    def start(self) -> None:
        self.logs.mkdir(exist_ok=True)
        for program in self.programs:
            self.children.append(Child(program, self.launch(program), [time.monotonic()]))

    def launch(self, program: Program) -> subprocess.Popen:
        with (self.logs / f"{program.name}.log").open("ab") as log:
            return subprocess.Popen(
                program.command,
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                # Without the launcher there is no database and no broker, and a worker would wait for them for ever.
                preexec_fn=die_with_parent(signal.SIGKILL),
            )

    def restart_the_dead(self) -> None:
        """Raises ChildFailed for one that keeps ending."""
        for child in self.children:
            if child.process.poll() is not None:
                self.restart(child)

    def restart(self, child: Child) -> None:
        log = self.logs / f"{child.program.name}.log"
        now = time.monotonic()
        child.starts = [start for start in child.starts if now - start < 60]
        if len(child.starts) >= RESTARTS:
            raise ChildFailed(f"{child.program.name} ended {RESTARTS} times within a minute; see {log}")
        print(f"{child.program.name} ended with {child.process.returncode}; started again (see {log})", flush=True)
        end_session(child.process)
        child.process = self.launch(child.program)
        child.starts.append(now)

    def stop(self) -> None:
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
            end_session(child.process)
        self.children.clear()


def end_session(process: subprocess.Popen) -> None:
    """End whatever a child that is gone left behind: pool processes of a killed worker."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
