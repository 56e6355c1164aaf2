import torch

from tests.ml.worlds import data_for, trained, vectors_of


def test_each_user_scores_what_was_taken_above_what_was_not():
    model = trained("ials")
    train = data_for("ials").train

    scores = model.user_vectors() @ vectors_of(model).T

    for user in range(train.n_users):
        own = torch.zeros(40, dtype=torch.bool)
        own[train.by_user[user]] = True
        assert scores[user, own].mean() > scores[user, ~own].mean() + 0.5
