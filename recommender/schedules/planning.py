"""Trainings by a schedule: started at their time, and settled by their rule once they are done. For the sweep."""

import logging
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from catalog.models import Interaction
from recommender.errors import TrainingRefused, VersionNotReady
from recommender.models import LIVE, SERVABLE, ModelVersion, Role, State
from recommender.schedules.models import ScheduleState, Then, TrainingSchedule
from recommender.versions import comparison, lifecycle, queries

log = logging.getLogger(__name__)

# By which a version is better: whatever a training holds out for personal versions, the shop's categories for others.
MEASURES = {Role.PERSONAL: "auc", Role.SIMILAR: "precision@5/category"}


def store(schedule: TrainingSchedule) -> None:
    """Save a schedule; of a new one, what happens from now on counts."""
    if schedule._state.adding:
        schedule.last_interaction = newest_interaction()
    schedule.save()


def change(schedule: TrainingSchedule, **fields: Any) -> None:
    """Write these fields of a schedule, and no others: the sweep may settle its training meanwhile."""
    TrainingSchedule.objects.filter(pk=schedule.pk).update(**fields)


def newest_interaction() -> int:
    """Return the id of the newest interaction; 0 without any."""
    return Interaction.objects.order_by("-pk").values_list("pk", flat=True).first() or 0


def run_due() -> None:
    """Start the trainings whose time has come, after those that are done are settled."""
    for schedule in TrainingSchedule.objects.filter(state=ScheduleState.TRAINING).select_related("version"):
        settle(schedule)
    now = timezone.now()
    for schedule in TrainingSchedule.objects.filter(is_enabled=True).exclude(state=ScheduleState.TRAINING):
        if is_due(schedule, now):
            start(schedule, now)


def is_due(schedule: TrainingSchedule, now: datetime) -> bool:
    """Return whether the hour of a schedule has passed since the last time, or as many interactions came."""
    if schedule.hour is not None:
        hour = now.replace(hour=schedule.hour, minute=0, second=0, microsecond=0)
        if schedule.last_at < (hour if hour <= now else hour - timedelta(days=1)):
            return True
    if schedule.interactions is None:
        return False
    new = Interaction.objects.filter(pk__gt=schedule.last_interaction).order_by("pk")[: schedule.interactions]
    return new.count() >= schedule.interactions


@transaction.atomic
def start(schedule: TrainingSchedule, now: datetime) -> None:
    """Queue a training by a schedule, unless another process did."""
    mine = TrainingSchedule.objects.filter(pk=schedule.pk, last_at=schedule.last_at)
    if not mine.update(last_at=now, last_interaction=newest_interaction()):
        return
    try:
        version = lifecycle.register(
            schedule.method, method_settings=schedule.settings, epochs=schedule.epochs, by="schedule"
        )
    except TrainingRefused as error:  # the method is gone
        close(schedule, f"not trained: {error}")
        return
    lifecycle.queue_training(version)
    TrainingSchedule.objects.filter(pk=schedule.pk).update(state=ScheduleState.TRAINING, version=version, outcome="")
    log.info("%s is trained by its schedule", version)


def settle(schedule: TrainingSchedule) -> None:
    """Apply the rule of a schedule to the version that it had trained, once that is done."""
    version = schedule.version
    if version is None:
        close(schedule, "the version was deleted")
    elif version.state in SERVABLE:
        settle_trained(schedule, version)
    elif version.state not in LIVE:
        reason = f": {version.error}" if version.error else ""
        close(schedule, f"{version} {version.get_state_display().lower()}{reason}")


def settle_trained(schedule: TrainingSchedule, version: ModelVersion) -> None:
    """Activate a version that was trained, leave it, or ask, as the rule says."""
    if schedule.then == Then.DECIDE and version.state == State.READY:
        close(schedule, f"{version} is trained", ScheduleState.UNDECIDED)
    elif schedule.then != Then.BETTER or version.state != State.READY:
        close(schedule, f"{version} is trained and kept")
    else:
        is_better, why = judge(queries.active_version(Role(version.role)), version)
        if not is_better:
            close(schedule, f"{version} is kept: {why}")
            return
        try:
            lifecycle.request_activation(version, "schedule", reason=why[:300])
        except VersionNotReady as error:
            close(schedule, f"{version} is not activated: {error}")
        else:
            close(schedule, f"{version} was activated: {why}")


def judge(active: ModelVersion | None, version: ModelVersion) -> tuple[bool, str]:
    """Return whether a version is better than the active one by more than the intervals of both, and why or why not."""
    if below := comparison.below_popularity(version):
        return False, below
    if active is None:
        return True, "nothing served"
    name = MEASURES.get(Role(version.role), "")
    pairs = comparison.measures(active, version)
    found = next((pair for pair in pairs if pair.name == name), None)
    if found is None or not all(found.intervals):
        return False, f"{name or 'nothing'} is not measured of both"
    own, other = (f"{found.values[side]:g} {found.intervals[side]}" for side in (1, 0))
    text = f"{name} is {own}, of {active} {other}"
    if worse := [pair.name for pair in pairs if pair.is_worse]:
        return False, f"{text}; lower: {', '.join(worse)}"
    return found.is_better, text


def close(schedule: TrainingSchedule, outcome: str, state: ScheduleState = ScheduleState.WAITING) -> None:
    """Save how a training by a schedule ended."""
    TrainingSchedule.objects.filter(pk=schedule.pk).update(state=state, outcome=outcome[:300])


def undecided() -> list[TrainingSchedule]:
    """Return the schedules whose version waits for a decision: it is trained, and nobody activated it yet."""
    found = TrainingSchedule.objects.filter(state=ScheduleState.UNDECIDED, version__state=State.READY)
    return list(found.select_related("version"))
