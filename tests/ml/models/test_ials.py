import torch
from torch.testing import assert_close

from tests.ml.worlds import data_for, toy_interactions, trained, vectors_of


def test_each_user_scores_what_was_taken_above_what_was_not():
    model = trained("ials")
    train = data_for("ials").train

    scores = model.user_vectors() @ vectors_of(model).T

    for user in range(train.n_users):
        own = torch.zeros(40, dtype=torch.bool)
        own[train.by_user[user]] = True
        assert scores[user, own].mean() > scores[user, ~own].mean() + 0.5


def test_scores_of_last_items_are_probabilities():
    """So their scale is that of margins by factors which do not know them: far above that of least squares alone."""
    model = trained("ials")

    scores = model.user_vectors() @ vectors_of(model).T

    test = toy_interactions().leave_one_out().test
    chances = torch.sigmoid(scores[test.users, test.items])
    assert 0.5 < chances.mean() < 1


def test_an_item_that_nobody_took_is_zeros_before_centring():
    model = trained("ials")

    assert model.v[20:].abs().max() == 0
    assert_close(vectors_of(model)[25], -model.centre)
