"""Trainings that several processes of a worker share, one a card; without cards they compute on the CPU."""

import os
from pathlib import Path

import pytest

from recommender.errors import TrainingFailed
from recommender.models import ShopperVector
from recommender.versions import lifecycle
from recommender.workers import training

pytestmark = pytest.mark.django_db


@pytest.mark.slow
def test_on_several_cards_processes_share_the_training_and_its_lease(shop, monkeypatch):
    monkeypatch.setattr("ml.training.cards.count_cards", lambda model: 2)
    version = training.run(lifecycle.register("vbpr", epochs=2, here=True))

    version.refresh_from_db()
    assert (version.state, version.claims) == ("ready", 1)
    assert [entry["epoch"] for entry in version.metrics["losses"]] == [1, 2]
    assert version.metrics["device"].startswith("2 ")
    assert ShopperVector.objects.filter(version=version).count() == 6
    assert not list(version.folder.glob("training*"))


@pytest.mark.parametrize(("here", "state"), [(False, "queued"), (True, "interrupted")])
def test_a_training_that_loses_one_of_its_processes_is_not_over(shop, monkeypatch, here, state):
    before = set(children())
    monkeypatch.setattr("ml.training.cards.count_cards", lambda model: 2)
    monkeypatch.setattr("ml.training.cards.LIMIT", 0.1)
    monkeypatch.setattr(training, "checker", lambda version: lambda: os.kill(max(set(children()) - before), 9))
    version = lifecycle.register("vbpr", epochs=2, here=here)
    version = version if here else lifecycle.claim(version.pk)
    with pytest.raises(TrainingFailed, match=r"process \d of 2 ended with -9, so all have"):
        training.run(version)

    version.refresh_from_db()
    assert (version.state, version.tries) == (state, 1)
    assert "can continue after the last epoch that was saved" in version.error
    assert set(children()) == before


def children() -> list[int]:
    return [int(pid) for file in Path("/proc/self/task").glob("*/children") for pid in file.read_text().split()]
