import numpy as np
import pytest
import torch

from ml.data.interactions import Interactions, Split
from ml.evaluation import calibration
from ml.evaluation.calibration import Curve, Trials


def trials_of(scores: np.ndarray, slope: float, offset: float, seed: int = 0) -> Trials:
    """Trials that turn out as the curve of this slope and offset says, ten of each user."""
    taken = np.random.default_rng(seed).random(len(scores)) < Curve(slope, offset, 1).chances(scores)
    return Trials(scores, taken, np.ones(len(scores)), np.arange(len(scores)) // 10)


def test_a_curve_is_found_again():
    trials = trials_of(np.random.default_rng(1).normal(size=20_000), 0.6, -1.2)

    curve = calibration.fit_curve(trials)

    assert (curve.slope, curve.offset) == (pytest.approx(0.6, abs=0.05), pytest.approx(-1.2, abs=0.05))


def test_few_trials_leave_the_score_as_the_logarithm_of_the_odds():
    nothing = Trials(np.zeros(0), np.zeros(0, bool), np.zeros(0), np.zeros(0, int))

    assert calibration.fit_curve(nothing) == Curve(1.0, 0.0, 0.5)
    few = calibration.fit_curve(Trials(np.array([0.5]), np.array([True]), np.ones(1), np.zeros(1, int)))
    assert few.slope == pytest.approx(1.1, abs=0.15) and few.highest == 0.5


def test_scores_that_count_against_what_they_say_have_one_chance():
    curve = calibration.fit_curve(trials_of(np.random.default_rng(1).normal(size=5000), -1.0, 0.0))

    assert curve.slope == 0


def test_no_chance_is_higher_than_that_of_the_highest_scores():
    """Whatever the scores, three in four are taken."""
    rng = np.random.default_rng(0)
    scores = rng.normal(size=4000) * 10
    taken = np.where(scores > 0, rng.random(4000) < 0.75, False)

    curve = calibration.fit_curve(Trials(scores, taken, np.ones(4000), np.arange(4000)))

    assert curve.chances(np.array([100.0]))[0] > 0.95
    assert curve.highest == pytest.approx(0.75, abs=0.06)


def test_trials_are_what_was_taken_and_items_that_are_in_no_part():
    train = Interactions(np.array([0, 1]), np.array([0, 1]), np.zeros(2), n_users=2, n_items=6)
    validation, test = (Interactions(np.array([0, 1]), np.array(i), np.ones(2), 2, 6) for i in ([2, 2], [3, 4]))
    scores = torch.arange(12.0).view(6, 2)

    trials = Trials.draw(torch.eye(2), scores, Split(train, validation, test), "test", seed=0)

    own = trials.users == 0
    assert trials.scores[own & trials.taken].tolist() == [6.0]
    assert set(trials.scores[own & ~trials.taken].tolist()) == {2.0, 8.0, 10.0}  # items 1, 4 and 5
    assert trials.weights[own].tolist() == pytest.approx([1, 1 / 3, 1 / 3, 1 / 3])
    assert set(trials.scores[~own & ~trials.taken].tolist()) == {1.0, 7.0, 11.0}


def test_without_anything_held_out_there_are_no_trials():
    empty = Interactions(np.zeros(0, int), np.zeros(0, int), np.zeros(0), 2, 3)
    trials = Trials.draw(torch.eye(2), torch.ones(3, 2), Split(empty, empty, empty), "test", seed=0)

    assert [len(column) for column in trials] == [0, 0, 0, 0]
    assert calibration.cross_fitted_reliability(trials) == [] and calibration.calibration_error([]) == 0


def test_reliability_compares_chances_with_shares():
    bins = calibration.bins_of([0.05, 0.15, 0.9, 0.95, 1.0], [False, True, True, True, False])

    assert [(each.low, each.high, each.count) for each in bins] == [(0.0, 0.2, 2), (0.8, 1.0, 3)]
    assert [each.probability for each in bins] == pytest.approx([0.1, 0.95])
    assert [each.share for each in bins] == pytest.approx([0.5, 2 / 3])
    assert calibration.calibration_error(bins) == pytest.approx((2 * 0.4 + 3 * (0.95 - 2 / 3)) / 5)


def test_trials_that_weigh_less_count_less():
    bins = calibration.bins_of([0.5, 0.5], [True, False], 10, np.array([3.0, 1.0]))

    assert (bins[0].share, bins[0].weight, bins[0].count) == (0.75, 4.0, 2)


def test_chances_are_measured_on_other_users_than_they_were_fitted_to():
    scores = np.random.default_rng(1).normal(size=20_000)
    trials = trials_of(scores, 2.0, 1.0)

    fitted = calibration.cross_fitted_reliability(trials)
    as_they_are = calibration.reliability(Curve(1.0, 0.0, 1.0), trials)

    assert sum(each.count for each in fitted) == 20_000
    assert calibration.calibration_error(fitted) < 0.02 < 0.1 < calibration.calibration_error(as_they_are)
