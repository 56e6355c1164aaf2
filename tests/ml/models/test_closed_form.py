import pytest
import torch
from torch.testing import assert_close

from tests.ml.worlds import toy_interactions, trained, vectors_of

METHODS = ["ials", "ease"]


@pytest.mark.parametrize("method", METHODS)
def test_scores_of_last_items_are_probabilities(method):
    """So their scale is that of margins which do not know them: far above that of the fitted numbers alone."""
    model = trained(method)

    scores = model.user_vectors() @ vectors_of(model).T

    test = toy_interactions().leave_one_out().test
    chances = torch.sigmoid(scores[test.users, test.items])
    assert 0.5 < chances.mean() < 1


@pytest.mark.parametrize("method", METHODS)
def test_an_item_that_nobody_took_is_zeros_before_centring(method):
    model = trained(method)

    assert model.v[20:].abs().max() == 0
    assert_close(vectors_of(model)[25], -model.centre)
