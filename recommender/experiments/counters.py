"""Numbers of lists that each arm gave, of those that are empty and of errors, in the memory that processes share.

What nobody saw leaves no impression. These numbers may be lost with that memory, and begin anew.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from redis.exceptions import RedisError

from recommender import memory
from recommender.experiments.running import Exposure, Trial

log = logging.getLogger(__name__)

SECONDS = 90 * 24 * 3600  # after the last check
FULL, EMPTY, ERROR = "full", "empty", "error"


@dataclass(frozen=True)
class Responses:
    """Lists that an arm gave."""

    full: int = 0
    empty: int = 0
    errors: int = 0

    @property
    def total(self) -> int:
        return self.full + self.empty + self.errors

    @property
    def failed(self) -> int:
        return self.empty + self.errors


def add(exposure: Exposure, kind: str) -> None:
    """Count a list of an arm, FULL or EMPTY, or an ERROR. Raises RedisError."""
    memory.client().hincrby(_key(exposure.experiment), f"{exposure.arm}:{kind}", 1)


@contextmanager
def errors_of(trial: Trial | None) -> Iterator[None]:
    """Count an error in the block for the arm of a trial, and raise it."""
    try:
        yield
    except Exception:
        if trial and trial.exposure:
            try:
                add(trial.exposure, ERROR)
            except RedisError as error:
                log.warning("an error of an experiment is not counted: %s", error)
        raise


def read(experiment: int) -> dict[int, Responses]:
    """Return the responses of each arm by its id, and keep them for another while. Raises RedisError."""
    client = memory.client()
    stored: dict[bytes, bytes] = client.hgetall(_key(experiment))  # type: ignore[assignment]  # of a client that decodes
    found = {name.decode(): int(number) for name, number in stored.items()}
    client.expire(_key(experiment), SECONDS)
    arms = {int(name.split(":")[0]) for name in found}
    return {
        arm: Responses(*(found.get(f"{arm}:{kind}", 0) for kind in (FULL, EMPTY, ERROR)))
        for arm in arms
    }  # fmt: skip


def _key(experiment: int) -> str:
    return f"experiment:{experiment}"
