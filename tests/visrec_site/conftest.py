import pytest

from recommender import heartbeats


@pytest.fixture
def workers() -> None:
    """A worker for each queue, and sweeps, as far as their heartbeats show it."""
    for name in ("embed", "design", "train", "maintenance", "sweep"):
        heartbeats.record(name)
