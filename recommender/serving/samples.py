"""Samples of the recommendations that were given: their ids, in the memory that processes share, until a worker comes.

A sample costs a request one command of that memory, and no statement of the database.
"""

import uuid

from recommender import memory
from recommender.serving.types import Recommendation

ONE_IN = 10  # recommendations
MOST_WAITING = 200  # the newest are retained
KEY = "sampled"


def is_drawn(found: Recommendation) -> bool:
    """Return whether a recommendation is in the sample: one in ONE_IN of those by vectors, by their random ids."""
    return found.plan.vector is not None and found.id.int % ONE_IN == 0


def add(recommendation: uuid.UUID) -> None:
    """Add a recommendation, which is saved, to those for the workers. Raises RedisError."""
    client = memory.client()
    if int(client.lpush(KEY, recommendation.hex)) > MOST_WAITING:
        client.ltrim(KEY, 0, MOST_WAITING // 2 - 1)


def take(count: int) -> list[uuid.UUID]:
    """Return up to `count` sampled recommendations, the oldest first, which nobody else gets. Raises RedisError."""
    taken: list[bytes] = memory.client().rpop(KEY, count) or []  # type: ignore[assignment]
    return [uuid.UUID(name.decode()) for name in taken]


def are_waiting() -> bool:
    """Return whether any is to be taken. Raises RedisError."""
    return bool(memory.client().exists(KEY))
