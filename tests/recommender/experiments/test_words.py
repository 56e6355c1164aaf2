import pytest

from recommender.experiments.figures import ArmFigures
from recommender.experiments.models import Arm, Experiment
from recommender.experiments.statistics import Interval, Totals
from recommender.experiments.words import known, points, sentence


def arm(name: str, low: float | None = None, high: float | None = None, more: int | None = None) -> ArmFigures:
    value = 0.0 if low is None else (low + high) / 2
    difference = None if name == "A" else Interval(value, low, high)
    return ArmFigures(Arm(name=name), Totals(visitors=1000), [], Interval(0.1), difference, more)


@pytest.mark.parametrize(
    ("goal", "arms", "is_over", "expected"),
    [
        (
            "click",
            [arm("B", 0.003, 0.011)],
            False,
            "B is clicked 0.30 to 1.1 percentage points more often than A: enough to decide.",
        ),
        (
            "purchase",
            [arm("B", -0.05, -0.02)],
            True,
            "B is bought from 2.0 to 5.0 percentage points less often than A: enough to decide.",
        ),
        (
            "like",
            [arm("B", 0.01, 0.02), arm("C", -0.01, 0.02), arm("D", -0.01, 0.01)],
            False,
            "B is liked 1.0 to 2.0 percentage points more often than A: enough to decide; of C and D it is not known.",
        ),
        (
            "click",
            [arm("B", -0.01, 0.02, more=23_456)],
            False,
            "Not yet known: about 23,000 more visitors at this difference.",
        ),
        (
            "click",
            [arm("B", -0.01, 0.01)],
            False,
            "Not yet known: after 2,000 visitors the arms are hardly apart.",
        ),
        (
            "click",
            [arm("B", -0.01, 0.02, more=23_456)],
            True,
            "Not known: after 2,000 visitors no arm was found to be better or worse.",
        ),
        (
            "click",
            [arm("B")],
            False,
            "Not yet known: 2,000 visitors so far; nothing is said below 100 visitors of each arm and 20 clicks.",
        ),
        (
            "click",
            [arm("B")],
            True,
            "Not known: 2,000 visitors came, and nothing is said below 100 visitors of each arm and 20 clicks.",
        ),
    ],
)
def test_one_sentence_says_what_is_known(goal, arms, is_over, expected):
    assert sentence(goal, [arm("A"), *arms], is_over=is_over) == expected


def test_small_shares_have_more_digits():
    assert [points(share) for share in (0.1234, 0.0123, 0.00345, -0.00012)] == ["12.3", "1.2", "0.34", "-0.01"]


def test_of_a_draft_nothing_is_said():
    assert known(Experiment(goal="click"), [arm("A"), arm("B")]) == "Not started yet."
