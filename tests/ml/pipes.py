"""Files that kill whoever reads them: pipes, by which a test learns of it."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def opened(pipe: Path) -> int | None:
    """The pipe, to be written to, once somebody reads it."""
    try:
        return os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
    except OSError:
        return None  # nobody does


@contextmanager
def reader_killed(pipe: Path) -> Iterator[None]:
    """Kill the first child of this process that reads the pipe in the block."""

    def watch() -> None:
        while (writer := opened(pipe)) is None:
            time.sleep(0.01)
        while not (readers := [child for child in children() if holds(child, pipe)]):
            time.sleep(0.01)
        os.kill(readers[0], signal.SIGKILL)
        os.close(writer)

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    yield
    thread.join(5)
    assert not thread.is_alive(), f"nobody read {pipe}"


def children() -> list[int]:
    return [int(pid) for file in Path("/proc/self/task").glob("*/children") for pid in file.read_text().split()]


def holds(pid: int, file: Path) -> bool:
    try:
        return any(descriptor.readlink() == file.resolve() for descriptor in Path(f"/proc/{pid}/fd").iterdir())
    except FileNotFoundError:  # it ended, or closed something, just now
        return False
