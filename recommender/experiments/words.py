"""Sentence that says what is known of an experiment so far."""

from collections.abc import Sequence

from recommender.experiments.figures import ArmFigures
from recommender.experiments.models import Experiment, ExperimentState, Goal
from recommender.experiments.statistics import LEAST_REACHED, LEAST_VISITORS

DONE = {
    Goal.CLICK: "clicked",
    Goal.LIKE: "liked",
    Goal.CART: "put in the cart",
    Goal.PURCHASE: "bought from",
}


def known(experiment: Experiment, figures: Sequence[ArmFigures]) -> str:
    """Return what is known of an experiment, in one sentence."""
    if experiment.state == ExperimentState.DRAFT:
        return "Not started yet."
    return sentence(experiment.goal, figures, is_over=experiment.state != ExperimentState.RUNNING)


def sentence(goal: str, figures: Sequence[ArmFigures], *, is_over: bool = False) -> str:
    """Return what is known: which arms are better or worse than the control, or how many visitors it takes to know.

    is_over: nobody else will come.
    """
    control, others = figures[0], figures[1:]
    decided = [each for each in others if each.difference and each.difference.is_decided]
    if decided:
        found = "; ".join(_compared(each, str(control.arm), DONE[Goal(goal)]) for each in decided)
        open_ones = [str(each.arm) for each in others if each not in decided]
        rest = f"; of {_listed(open_ones)} it is not known" if open_ones else ""
        return f"{found}: enough to decide{rest}."
    visitors = sum(each.totals.visitors for each in figures)
    if all(each.difference is None or each.difference.low is None for each in others):
        least = f"{LEAST_VISITORS} visitors of each arm and {LEAST_REACHED} {Goal(goal).label}"
        if is_over:
            return f"Not known: {visitors:,} visitors came, and nothing is said below {least}."
        return f"Not yet known: {visitors:,} visitors so far; nothing is said below {least}."
    if is_over:
        return f"Not known: after {visitors:,} visitors no arm was found to be better or worse."
    more = [each.more_visitors for each in others if each.more_visitors]
    if not more:
        return f"Not yet known: after {visitors:,} visitors the arms are hardly apart."
    return f"Not yet known: about {_rounded(min(more))} more visitors at this difference."


def _compared(figures: ArmFigures, control: str, done: str) -> str:
    assert figures.difference and figures.difference.low is not None and figures.difference.high is not None
    bounds = sorted(abs(bound) for bound in (figures.difference.low, figures.difference.high))
    low, high = (points(bound) for bound in bounds)
    more = "more" if figures.difference.value > 0 else "less"
    return f"{figures.arm} is {done} {low} to {high} percentage points {more} often than {control}"


def points(share: float) -> str:
    """Return a share in percent, with as many digits as tell small ones apart."""
    percent = 100 * share
    return f"{percent:.1f}" if abs(percent) >= 1 else f"{percent:.2f}"


def _rounded(number: int) -> str:
    """Return a number of which the first two digits are known."""
    digits = max(len(str(number)) - 2, 0)
    return f"{round(number, -digits):,}"


def _listed(names: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
