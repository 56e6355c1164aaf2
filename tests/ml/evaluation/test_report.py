import numpy as np
import pytest

from ml.evaluation import report


def test_a_difference_is_of_the_same_users():
    rng = np.random.default_rng(0)
    users = rng.uniform(size=500)  # some are far harder to please than others
    ours, theirs = {"auc": users + rng.normal(0.01, 0.02, 500)}, {"auc": users}

    ahead = report.average_differences(ours, theirs, seed=0)

    low, high = ahead.intervals["auc"]
    assert ahead.metrics["auc"] == pytest.approx((ours["auc"] - users).mean())
    assert 0 < low < ahead.metrics["auc"] < high
    assert (high - low) == pytest.approx(2 * 1.96 * 0.02 / 500**0.5, rel=0.15)  # the users' own spread is gone


def test_users_whom_a_figure_leaves_out_make_no_difference():
    ahead = report.average_differences(
        {"auc/cold": np.array([0.5, np.nan, 0.9])}, {"auc/cold": np.array([0.4, np.nan, 0.6])}, 0
    )

    assert ahead.metrics["auc/cold"] == pytest.approx(0.2)


def test_a_figure_that_nobody_has_is_left_out():
    ahead = report.average_differences({"auc/cold": np.array([np.nan])}, {"auc/cold": np.array([np.nan])}, 0)

    assert ahead.metrics == ahead.intervals == {}
