"""Guard of running experiments: what has ended, lost its version, or does harm is stopped by itself. For the sweep."""

import logging
from datetime import timedelta

from django.conf import settings
from django.db.models import Q
from django.utils import timezone
from redis.exceptions import RedisError

from recommender.errors import ExperimentNotReady
from recommender.experiments import counters, figures, lifecycle, statistics
from recommender.experiments.counters import Responses
from recommender.experiments.models import Arm, Experiment, ExperimentState
from recommender.experiments.statistics import Totals
from recommender.experiments.words import points

log = logging.getLogger(__name__)

PAUSE = timedelta(minutes=10)  # between two checks of an experiment: its impressions are counted
FAILED_MARGIN = 0.01  # by which the share of empty lists and errors may be higher than the control's


def check_due() -> None:
    """Check the running experiments that were not checked lately, and conclude those that nobody has concluded."""
    now = timezone.now()
    running = Experiment.objects.filter(state=ExperimentState.RUNNING)
    for experiment in running.filter(Q(checked_at=None) | Q(checked_at__lt=now - PAUSE)):
        Experiment.objects.filter(pk=experiment.pk).update(checked_at=now)
        try:
            check(experiment)
        except ExperimentNotReady as reason:  # somebody was faster
            log.warning("%s", reason)
    # A day before the first impression is deleted.
    limit = now - timedelta(days=settings.IMPRESSION_DAYS - 1)
    for experiment in Experiment.objects.filter(state=ExperimentState.STOPPED, started_at__lt=limit):
        lifecycle.conclude(experiment, "")


def check(experiment: Experiment) -> None:
    """Stop an experiment that has run for its days, and each arm that lost its version or does harm.

    Raises ExperimentNotReady if somebody else stopped it meanwhile.
    """
    assert experiment.started_at is not None  # it runs
    if timezone.now() >= experiment.started_at + timedelta(days=experiment.days):
        lifecycle.stop(experiment, "", f"it ran for {experiment.days} days")
        return
    control, *others = experiment.arms.all()
    if control.lacks_version:
        lifecycle.stop(experiment, "", f"{control.version_name}, which {control} shows, was deleted")
        return
    harm = harms(experiment)
    for arm in others:
        if not arm.stopped_at and (reason := harm.get(arm.pk)):
            lifecycle.stop_arm(arm, reason)


def harms(experiment: Experiment) -> dict[int, str]:
    """Return by id of an arm why it should be stopped."""
    control, *others = experiment.arms.all()
    found = {}
    for arm in others:
        if arm.lacks_version:
            found[arm.pk] = f"{arm.version_name}, which it shows, was deleted"
    found |= _lower(experiment, control) | _failing(experiment, control, others)
    return found


def _lower(experiment: Experiment, control: Arm) -> dict[int, str]:
    """Return the arms whose rate is lower than the control's, by more than the margin for certain."""
    found = {}
    for each in figures.of(experiment):
        if each.difference and each.difference.high is not None and each.difference.high < -experiment.margin:
            assert each.difference.low is not None
            low, high, margin = map(points, (-each.difference.high, -each.difference.low, experiment.margin))
            found[each.arm.pk] = (
                f"its rate is {low} to {high} percentage points below that of {control}, and {margin} are allowed"
            )
    return found


def _failing(experiment: Experiment, control: Arm, others: list[Arm]) -> dict[int, str]:
    """Return the arms whose lists are empty, or end with an error, more often than the control's."""
    try:
        responses = counters.read(experiment.pk)
    except RedisError as error:
        log.warning("empty lists of %s are not known: %s", experiment, error)
        return {}
    found = {}
    base = responses.get(control.pk, Responses())
    for arm in others:
        own = responses.get(arm.pk, Responses())
        difference = statistics.difference(_totals(own), _totals(base), len(others))
        if difference.low is not None and difference.low > FAILED_MARGIN:
            shares = [points(each.failed / each.total) for each in (own, base)]
            found[arm.pk] = f"{shares[0]} % of its lists were empty or errors, and {shares[1]} % of those of {control}"
    return found


def _totals(responses: Responses) -> Totals:
    """Return the totals of lists that fail, each taken by itself."""
    total, failed = responses.total, responses.failed
    return Totals(visitors=total, x=total, y=failed, xx=total, xy=failed, yy=failed)
