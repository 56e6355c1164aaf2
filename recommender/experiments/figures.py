"""Figures of an experiment: what is known of each arm from the impressions that were recorded and what followed.

Only visitors who saw a list count; an event counts for the list that it names.
"""

import threading
from collections import defaultdict
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

import cachetools
from django.utils import timezone

from catalog.rows import Sql, fetch
from recommender.experiments import statistics
from recommender.experiments.models import Arm, Experiment
from recommender.experiments.statistics import Interval, Totals
from recommender.models import ModelVersion

FRESH_SECONDS = 60  # for which figures are shown again
RECENT = timedelta(days=7)

TOTALS = """
    WITH reached AS (
        SELECT DISTINCT recommendation_id FROM catalog_interaction
        WHERE recommendation_id IS NOT NULL AND kind = %s AND occurred_at >= %s
    ), visitor AS (
        SELECT i.arm, count(*) AS x, count(r.recommendation_id) AS y
        FROM recommender_impression i LEFT JOIN reached r ON r.recommendation_id = i.recommendation_id
        WHERE i.experiment = %s AND i.shown_at < %s GROUP BY i.arm, i.visitor
    )
    SELECT arm, count(*), sum(x)::bigint, sum(y)::bigint, sum(x * x)::bigint, sum(x * y)::bigint, sum(y * y)::bigint
    FROM visitor GROUP BY arm
"""
PLACEMENTS = """
    SELECT placement FROM recommender_impression WHERE shown_at >= %s
    GROUP BY placement ORDER BY count(*) DESC LIMIT 20
"""
VERSIONS = "SELECT DISTINCT arm, version FROM recommender_impression WHERE experiment = %s ORDER BY arm, version"


@dataclass(frozen=True)
class ArmTotals:
    """Totals of an arm, and of the control as long as the arm ran."""

    own: Totals
    control: Totals
    versions: list[int | None]  # whose lists were seen

    @classmethod
    def from_json(cls, saved: dict[str, Any]) -> "ArmTotals":
        return cls(Totals(**saved["own"]), Totals(**saved["control"]), saved["versions"])


@dataclass(frozen=True)
class ArmFigures:
    """Rate of an arm, and how much it is above the control's."""

    arm: Arm
    totals: Totals
    versions: list[str]
    rate: Interval
    difference: Interval | None = None  # None: it is the control
    more_visitors: int | None = None  # until the difference is decided; None: it is not known


def of(experiment: Experiment) -> list[ArmFigures]:
    """Return the figures of the arms, the control first."""
    arms = list(experiment.arms.all())
    known = totals(experiment, arms)
    names = _names({pk for each in known.values() for pk in each.versions if pk})
    comparisons = len(arms) - 1
    found = []
    for arm in arms:
        own = known[arm.pk]
        shown = [names.get(pk, f"version {pk}, deleted") if pk else "the most popular" for pk in own.versions]
        figures = ArmFigures(arm, own.own, shown, statistics.rate(own.own))
        if arm != arms[0]:
            compared = (own.own, own.control, comparisons)
            figures = ArmFigures(
                arm,
                own.own,
                shown,
                figures.rate,
                statistics.difference(*compared),
                statistics.more_visitors(*compared),
            )
        found.append(figures)
    return found


def totals(experiment: Experiment, arms: list[Arm]) -> dict[int, ArmTotals]:
    """Return the totals of the arms by id: those that were stored with its conclusion, or those of a minute ago."""
    if experiment.figures is not None:
        return {int(pk): ArmTotals.from_json(saved) for pk, saved in experiment.figures.items()}
    if experiment.started_at is None:
        return {arm.pk: ArmTotals(Totals(), Totals(), []) for arm in arms}
    return recent(experiment, tuple(arms))


def to_json(known: dict[int, ArmTotals]) -> dict[str, Any]:
    """Return totals as `Experiment.figures` has them."""
    return {str(pk): asdict(each) for pk, each in known.items()}


def count(experiment: Experiment, arms: tuple[Arm, ...]) -> dict[int, ArmTotals]:
    """Count the totals of the arms, by id."""
    versions: dict[int, list[int | None]] = defaultdict(list)
    for arm, version in fetch(Sql(VERSIONS, (experiment.pk,))):
        versions[arm].append(version)
    by_time = {time: _count_until(experiment, time) for time in {None, *(arm.stopped_at for arm in arms)}}
    return {
        arm.pk: ArmTotals(
            by_time[None].get(arm.pk, Totals()),
            by_time[arm.stopped_at].get(arms[0].pk, Totals()),
            versions[arm.pk],
        )
        for arm in arms
    }


recent = cachetools.cached(
    cachetools.TTLCache(16, FRESH_SECONDS),
    key=lambda experiment, arms: (experiment.pk, experiment.state, *(arm.stopped_at for arm in arms)),
    lock=threading.Lock(),
)(count)


@cachetools.cached(cachetools.TTLCache(1, FRESH_SECONDS), lock=threading.Lock())
def recent_placements() -> list[str]:
    """Return the placements where lists were seen in the last days, those with most first, as of a minute ago."""
    return [placement for (placement,) in fetch(Sql(PLACEMENTS, (timezone.now() - RECENT,)))]


def _count_until(experiment: Experiment, time: datetime | None) -> dict[int, Totals]:
    """Return the totals by arm from what was shown before a time; None: all."""
    params = (experiment.goal, experiment.started_at, experiment.pk, time or "infinity")
    return {arm: Totals(*counts) for arm, *counts in fetch(Sql(TOTALS, params))}


def _names(pks: set[int]) -> dict[int, str]:
    return {version.pk: str(version) for version in ModelVersion.objects.filter(pk__in=pks).only("method", "number")}
