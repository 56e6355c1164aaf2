import numpy as np
import torch
from torch.testing import assert_close

from ml.data.interactions import Interactions, PersonalData
from ml.models.factory import create
from ml.training.loop import fit
from tests.ml.worlds import exhaust, toy_images, vectors_of


def after(train: Interactions):
    model = create("visrank")
    assert exhaust(fit(model, PersonalData(toy_images(20), train))) == []  # no epoch: there is nothing to train
    return model


def taken(weights: np.ndarray | None = None) -> Interactions:
    """User 0 takes items 0, 2 (twice) and 4, user 1 nothing."""
    items = np.array([0, 2, 2, 4])
    return Interactions(np.zeros(4, dtype=int), items, np.arange(4), n_users=2, n_items=20, weights=weights)


def test_a_score_is_the_mean_cosine_with_what_the_user_took_less_the_average_items():
    model = after(taken())

    with torch.inference_mode():
        features = model.extract(toy_images(20).batch(range(20)))
    cosines = features @ features.T

    expected = cosines[:, [0, 2, 4]].mean(dim=1)
    scores = vectors_of(model, 20) @ model.user_vectors()[0]
    assert_close(scores / model.scale, expected - expected.mean(), rtol=0, atol=2e-4)


def test_without_a_history_there_is_no_taste():
    assert not after(taken()).user_vectors()[1].any()


def test_a_pair_with_more_weight_counts_more():
    plain, weighted = after(taken()), after(taken(np.array([1.0, 1.0, 1.0, 6.0])))

    with torch.inference_mode():
        features = plain.extract(toy_images(20).batch(range(20)))

    expected = (features[0] + features[2] + 6 * features[4]) / 8
    assert_close(weighted.user_vectors()[0] / weighted.scale, expected, rtol=0, atol=2e-4)


def test_a_user_of_one_kind_prefers_it_with_high_probability():
    """Discs or stripes, ten of one kind: the sigmoids of scores are far from one half."""
    items = np.concatenate([np.arange(0, 20, 2), np.arange(1, 20, 2)])
    model = after(Interactions(np.repeat([0, 1], 10), items, np.arange(20), n_users=2, n_items=20))

    chances = torch.sigmoid(vectors_of(model, 20) @ model.user_vectors().T)

    assert (chances[::2, 0] > 0.7).all() and (chances[1::2, 0] < 0.3).all()
    assert (chances[1::2, 1] > 0.7).all() and (chances[::2, 1] < 0.3).all()
