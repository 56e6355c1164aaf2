import torch
from torch.testing import assert_close

from ml.data.interactions import PersonalData
from ml.models.factory import create
from ml.training.loop import fit
from tests.ml.worlds import exhaust, toy_interactions, vectors_of


def test_popularity_ranks_by_how_many_users_took_an_item():
    train = toy_interactions().leave_one_out().train
    model = create("popularity")

    exhaust(fit(model, PersonalData(None, train)))

    scores = (model.user_vectors() @ vectors_of(model).T)[0]
    assert_close(scores, torch.from_numpy(train.popularity - train.popularity.mean()).float())
