"""Experiments in effect, in the memory of a process: what a recommendation has to follow, without a further query.

They run, or what won in them was adopted. A statement that reads which version serves reads their mark, too: as long as
that is the one of the experiments in memory, these are right.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from catalog.prepared import fetch_prepared
from catalog.rows import Sql
from recommender.experiments.assignment import choose, position_of, pseudonym
from recommender.experiments.models import IN_EFFECT, Arm, Experiment, ExperimentState, Strategy
from recommender.models import ModelVersion, Role
from recommender.versions import queries

# Another one whenever an arm of an experiment in effect was written, or there are others.
MARK = (
    "(SELECT string_agg(e.state || a.id || ' ' || a.ctid || ' ' || a.xmin, ' ' ORDER BY a.id)"
    " FROM experiments_experiment e JOIN experiments_arm a ON a.experiment_id = e.id"
    f" WHERE e.state = '{ExperimentState.RUNNING.value}' OR e.adopted_at IS NOT NULL)"
)
UNREAD = ("settings", "progress", "metrics", "error", "categories")  # fields of a version that no serving reads


class Exposure(NamedTuple):
    """The arm that a recommendation counts for, and the visitor's pseudonym."""

    experiment: int
    arm: int
    visitor: int


@dataclass(frozen=True)
class Trial:
    """Instructions for the recommendations to a visitor."""

    version: ModelVersion | None  # None: the active one
    strategy: str
    parameters: Mapping[str, Any]
    exposure: Exposure | None  # None: it does not count

    @property
    def is_popular(self) -> bool:
        """Return whether the most popular products are shown."""
        return self.strategy == Strategy.POPULAR


@dataclass(frozen=True)
class Running:
    """The experiments in effect, with their arms, as a process last read them."""

    mark: str | None = None
    experiments: Mapping[str, list[tuple[Experiment, list[Arm]]]] = field(default_factory=dict)  # by role

    def trial(self, role: Role, placement: str, visitor: str) -> Trial | None:
        """Return what a visitor's recommendation for a placement follows; None if there is nothing to follow."""
        here = [
            (experiment, arms)
            for experiment, arms in self.experiments.get(role, ())
            if not experiment.placements or placement in experiment.placements
        ]
        adopted = _adopted(experiment for experiment, _ in here if experiment.adopted_at)
        for experiment, arms in here:
            if experiment.state == ExperimentState.RUNNING and visitor:
                index = choose([arm.share for arm in arms], position_of(experiment.salt, visitor))
                return adopted if index is None else _trial_of(experiment, arms[0], arms[index], visitor, adopted)
        return adopted


def _adopted(experiments: Iterable[Experiment]) -> Trial | None:
    """Return what everybody gets because it won, of several experiments the latest; None without one."""
    parameters: dict[str, Any] = {}
    strategy = ""
    for experiment in sorted(experiments, key=lambda each: each.adopted_at or each.created_at):
        if winner := experiment.winner:
            parameters, strategy = parameters | winner.parameters, winner.strategy
    return Trial(None, strategy, parameters, None) if strategy else None


def _trial_of(experiment: Experiment, control: Arm, arm: Arm, visitor: str, adopted: Trial | None) -> Trial:
    """Return the trial of an arm. What a stopped arm's visitors see is the control's, and does not count.

    Nor does what an arm shows whose version was deleted: the active version's. adopted: what it is added to.
    """
    shown = control if arm.stopped_at else arm
    counts = not arm.stopped_at and not arm.lacks_version
    exposure = Exposure(experiment.pk, arm.pk, pseudonym(experiment.salt, visitor)) if counts else None
    strategy = adopted.strategy if adopted and shown.strategy == Strategy.USUAL else shown.strategy
    parameters = {**(adopted.parameters if adopted else {}), **shown.parameters}
    return Trial(shown.version, strategy, parameters, exposure)


_running = Running()


def last_known() -> Running:
    """Return the experiments as they were when the process last looked, for a statement that reads MARK."""
    return _running


def known_by(mark: str | None) -> Running:
    """Return the experiments of a mark that was just read."""
    global _running
    if mark != _running.mark:
        _running = Running(mark, _read() if mark else {})
    return _running


def _read() -> dict[str, list[tuple[Experiment, list[Arm]]]]:
    current = Experiment.objects.filter(IN_EFFECT).values("pk")
    arms = Arm.objects.filter(experiment__in=current).select_related("experiment__winner", "version")
    found: dict[str, list[tuple[Experiment, list[Arm]]]] = defaultdict(list)
    for experiment, own in _by_experiment(arms.defer(*(f"version__{name}" for name in UNREAD)).order_by("pk")).items():
        found[experiment.role].append((experiment, own))
    return dict(found)


def _by_experiment(arms: Iterable[Arm]) -> dict[Experiment, list[Arm]]:
    found: dict[Experiment, list[Arm]] = {}
    for arm in arms:
        found.setdefault(arm.experiment, []).append(arm)
    return found


def serving(role: Role, placement: str, visitor: str) -> tuple[ModelVersion | None, Trial | None]:
    """Return the version that serves a visitor, and the trial that this follows from, if any; one statement."""
    [[served, mark]] = fetch_prepared(Sql(f"SELECT {queries.served_mark(role)}, {MARK}"))
    trial = known_by(mark).trial(role, placement, visitor)
    return (trial and trial.version) or queries.version_of_mark(role, served), trial
