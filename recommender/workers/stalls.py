"""A process that reads images ends if one of them holds it up, as on a network disk that does not answer.

Nothing interrupts such a read. The image is a suspect then, which others read apart (catalog.readings), and the task is
run again.
"""

import logging
import os
from collections.abc import Callable
from threading import Event, Lock, Thread
from typing import Self

log = logging.getLogger(__name__)

SECONDS = 60  # in which no image begins or ends; one of 50 megapixels takes one or two
CHECKS = 10  # in that time; they are counted in place of seconds, as a process that is stopped checks nothing


def end_process() -> None:
    """Stop this process at once: its threads can no longer be waited for."""
    log.critical("an image takes longer than %d s to be read: this process ends itself", SECONDS)
    os._exit(1)


class Watch:
    """Context of readings, within which no image may hold up those who read for `seconds`."""

    def __init__(self, seconds: float = SECONDS, end: Callable[[], None] = end_process) -> None:
        self.seconds, self.end = seconds, end
        self.lock, self.over = Lock(), Event()
        self.running = self.changes = 0  # images that are being read; how many began and ended so far

    def __enter__(self) -> Self:
        Thread(target=self.check, name="stalls", daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self.over.set()

    @property
    def each(self) -> "Each":
        """Return the context of each image."""
        return Each(self)

    def change(self, by: int) -> None:
        with self.lock:
            self.running += by
            self.changes += 1

    def check(self) -> None:
        before, missed = 0, 0
        while not self.over.wait(self.seconds / CHECKS):
            with self.lock:
                missed = missed + 1 if self.running and self.changes == before else 0
                before = self.changes
            if missed == CHECKS:
                self.end()
                return


class Each:
    """Context of one image; several threads may be in it."""

    def __init__(self, watch: Watch) -> None:
        self.watch = watch

    def __enter__(self) -> None:
        self.watch.change(1)

    def __exit__(self, *error: object) -> None:
        self.watch.change(-1)
