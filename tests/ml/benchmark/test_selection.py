from dataclasses import replace

import numpy as np
import pytest
import torch

from ml.benchmark.selection import USERS, Selection
from ml.data.interactions import PersonalData
from ml.evaluation.metrics import rank_held_out
from ml.training.loop import TrainConfig, fit
from tests.ml.worlds import PERSONAL, data_for, exhaust, small, toy_interactions, trained, vectors_of

FOREVER = 1e6  # seconds: after such an epoch there is time to measure


def chosen(method: str, epochs: int, seconds: float = FOREVER, **settings: object):
    split, model = toy_interactions().leave_one_out(), small(method, **settings)
    selection = Selection(data_for(method), split, seed=0)
    for epoch in fit(model, selection.data, TrainConfig(epochs=epochs)):
        selection.after(model, replace(epoch, seconds=seconds))
    return selection, selection.choose(model, epochs), model


def test_the_best_epochs_model_is_the_one_whose_training_ended_there():
    # Of warp, whose rate follows no schedule: a shorter training of it is the beginning of a longer one.
    selection, best, _ = chosen("warp", epochs=8, learning_rate=0.3)
    stopped = small("warp", learning_rate=0.3)
    exhaust(fit(stopped, data_for("warp"), TrainConfig(epochs=selection.epoch)))

    assert set(selection.measured) == set(range(1, 9)) and selection.epoch < 8
    assert selection.measured[selection.epoch] == max(selection.measured.values())
    for name, tensor in stopped.state_dict().items():
        assert torch.equal(best.state_dict()[name], tensor), name


@pytest.mark.parametrize("method", [name for name in PERSONAL if small(name).optimizers()])
def test_measuring_leaves_the_training_as_it_was(method):
    _, _, model = chosen(method, epochs=3)
    alone = small(method)
    exhaust(fit(alone, data_for(method), TrainConfig(epochs=3)))

    for name, tensor in alone.state_dict().items():
        assert torch.equal(model.state_dict()[name], tensor), name


def test_what_is_measured_is_the_validation_items_auc():
    selection, _, model = chosen("bpr-mf", epochs=2)

    ranking = rank_held_out(
        model.user_vectors(), vectors_of(model), toy_interactions().leave_one_out(), on="validation"
    )

    assert selection.measured[2] == pytest.approx(ranking.auc.mean())


def test_without_time_only_the_first_epoch_and_the_last_are_measured():
    selection, _, _ = chosen("bpr-mf", epochs=5, seconds=0)

    assert set(selection.measured) == {1, 5}


def test_measuring_takes_a_tenth_of_the_trainings_time():
    split, model = toy_interactions().leave_one_out(), small("bpr-mf")
    selection = Selection(data_for("bpr-mf"), split, seed=0)
    for epoch in fit(model, selection.data, TrainConfig(epochs=30)):
        selection.measuring_seconds = float(len(selection.measured))  # as if each took a second
        selection.after(model, replace(epoch, seconds=2.0))

    assert list(selection.measured) == [1, 10, 15, 20, 25, 30]  # one more for each ten seconds of training


def test_of_equals_the_earlier_is_kept():
    selection = Selection(data_for("popularity"), toy_interactions().leave_one_out(), seed=0)
    one, twin = trained("popularity"), trained("popularity")

    assert selection.choose(one, 1) is one
    assert selection.choose(twin, 2) is one
    assert selection.measured[1] == selection.measured[2] and selection.epoch == 1


def test_of_many_users_some_are_asked():
    split = toy_interactions(users=USERS + 500).leave_one_out()

    asked = Selection(PersonalData(None, split.train), split, seed=0).split.validation

    assert len(asked) == len(np.unique(asked.users)) == USERS
