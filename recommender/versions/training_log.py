"""The log of a training, in a file beside its checkpoint: what its process logged, and why it ended."""

import logging
import os
import socket
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from recommender.models import ModelVersion

log = logging.getLogger(__name__)

FILE = "log.txt"  # not of a name that begins as those of the states of a training do: they are removed
FORMAT = "%(asctime)s %(levelname)s %(name)s %(message)s"
MOST_LINES = 500  # that are shown


def file_of(version: ModelVersion) -> Path:
    """Return the file of a version's log, which may not exist."""
    return version.folder / FILE


@contextmanager
def recording(version: ModelVersion) -> Iterator[None]:
    """Append what this process logs in the block to the log of a training, with the error that ends the block."""
    version.folder.mkdir(parents=True, exist_ok=True)
    handler = logging.FileHandler(file_of(version), encoding="utf-8", delay=True)
    handler.setFormatter(logging.Formatter(FORMAT))
    logging.getLogger().addHandler(handler)
    try:
        log.info("%s is trained by process %d of %s, claim %d", version, os.getpid(), worker_name(), version.claims)
        yield
    except BaseException as error:
        log.info("%s ended early: %s: %s", version, type(error).__name__, error)
        raise
    finally:
        logging.getLogger().removeHandler(handler)
        handler.close()


def worker_name() -> str:
    """Return the name of this machine, by which the page of a training names its worker."""
    return socket.gethostname()


def last_lines(version: ModelVersion) -> list[str]:
    """Return the last lines of a version's log, up to MOST_LINES; none without one."""
    try:
        with file_of(version).open(encoding="utf-8", errors="replace") as file:
            return [line.rstrip("\n") for line in deque(file, MOST_LINES)]
    except FileNotFoundError:
        return []
