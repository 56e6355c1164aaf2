import pytest
import torch

from ml.benchmark.loops import BareEpoch, follow_epochs, summarise, time_work
from ml.training.loop import TrainConfig, fit
from tests.ml.worlds import data_for, small


def trained():
    model, data = small("bpr-mf", batch_size=16), data_for("bpr-mf")  # six batches an epoch
    next(fit(model, data, TrainConfig(epochs=2)))
    return model, data


def test_the_parts_of_an_epoch_are_measured_on_a_copy_of_the_model():
    model, data = trained()
    before = model.v.detach().clone()

    bare = BareEpoch(model, data, seed=0)
    seconds = bare.measure()

    assert bare.share == 1 and len(bare.prepared) == len(bare.drawn) == 6
    assert set(seconds) == {"drawing", "loading", "arithmetic"} and min(seconds.values()) > 0
    assert torch.equal(model.v, before) and not torch.equal(bare.model.v, before)


def test_what_is_measured_of_some_batches_counts_for_all(monkeypatch):
    monkeypatch.setattr("ml.benchmark.loops.PREPARED", 1)
    model, data = trained()

    bare = BareEpoch(model, data, seed=0)

    assert len(bare.prepared) == 1 and bare.share == pytest.approx(1 / 6)


def test_each_epoch_but_the_first_is_followed():
    model, data = small("bpr-mf"), data_for("bpr-mf")

    assert [epoch.number for epoch, _ in follow_epochs(model, data, TrainConfig(epochs=3))] == [2, 3]


def test_a_ratio_is_of_figures_of_the_same_round():
    rounds = [{"loop": 2.0, "arithmetic": 1.0}, {"loop": 10.0, "arithmetic": 9.0}, {"loop": 4.0, "arithmetic": 2.4}]

    assert summarise(rounds) == {"loop": 4.0, "arithmetic": 2.4, "ratio": 0.6}


def test_time_is_in_seconds():
    assert 0 < time_work(lambda: sum(range(1000))) < 10
