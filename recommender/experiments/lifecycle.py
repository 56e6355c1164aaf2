"""The lifecycle of an experiment: created, started, stopped, concluded; and an arm's, which may be stopped before."""

from collections.abc import Sequence
from typing import Any

import pglock
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from recommender.errors import ExperimentNotReady, ExperimentRefused
from recommender.experiments import figures
from recommender.experiments.models import Arm, Entry, Experiment, ExperimentState, Strategy
from recommender.models import SERVABLE, Role
from recommender.versions import lifecycle as versions
from recommender.webhooks.models import Event
from recommender.webhooks.outbox import emit

MOST_ARMS = 10
STATES = {
    ExperimentState.DRAFT: "is a draft",
    ExperimentState.RUNNING: "runs already",
    ExperimentState.STOPPED: "was stopped already",
    ExperimentState.CONCLUDED: "was concluded already",
}


def check(role: str, arms: Sequence[Arm]) -> None:
    """Raise ExperimentRefused unless these can be the arms of an experiment for this role."""
    if not 2 <= len(arms) <= MOST_ARMS:
        raise ExperimentRefused(f"an experiment has 2 to {MOST_ARMS} arms, not {len(arms)}")
    names = [arm.name for arm in arms]
    if len(set(names)) < len(names):
        raise ExperimentRefused("two arms have one name")
    if (total := sum(arm.share for arm in arms)) > 100:
        raise ExperimentRefused(f"the shares add up to {total} %; the arms have at most 100 % of the visitors")
    shown = set()
    for arm in arms:
        if reason := _why_not(Role(role), arm):
            raise ExperimentRefused(f"arm {arm.name}: {reason}")
        shown.add((arm.version, arm.strategy, *sorted(arm.parameters.items())))
    if len(shown) == 1 and len(arms) > 2:
        raise ExperimentRefused("all arms show the same; to try whether nothing is found then, two are enough")


def _why_not(role: Role, arm: Arm) -> str:
    """Return why the arm cannot be one of an experiment for this role; "" if it can."""
    if arm.version and arm.version.role != role:
        return f"{arm.version} is for {arm.version.get_role_display()}, the experiment for {role.label}"
    if role == Role.SIMILAR and arm.strategy == Strategy.POPULAR:
        return "similar styles are never the most popular products"
    if role == Role.SIMILAR and arm.exclude_seen is not None:
        return "similar styles are the same for who has seen them already: exclude_seen is for personal recommendations"
    if arm.version and arm.strategy == Strategy.POPULAR:
        return f"the most popular products are those of no version: leave out {arm.version}"
    return ""


@transaction.atomic
def create(fields: dict[str, Any], arms: Sequence[Arm], by: str) -> Experiment:
    """Create a draft with these arms, the first of which is the control. Raises ExperimentRefused."""
    check(fields["role"], arms)
    placements = list(dict.fromkeys(fields.get("placements", [])))
    experiment = Experiment.objects.create(**fields | {"placements": placements})
    for arm in arms:
        arm.experiment = experiment
        arm.save()
    name_versions(experiment)
    note(experiment, by, "Created.")
    return experiment


def name_versions(experiment: Experiment) -> None:
    """Write the names of the arms' versions beside them, so that one that is deleted is missed before the start."""
    for arm in experiment.arms.select_related("version"):
        Arm.objects.filter(pk=arm.pk).update(version_name=str(arm.version) if arm.version else "")


@transaction.atomic
def delete(experiment: Experiment) -> None:
    """Delete a draft. Raises ExperimentNotReady for any other, whose figures and history stay."""
    _locked(experiment, ExperimentState.DRAFT, "deleted").delete()


def note(experiment: Experiment, by: str, text: str) -> None:
    """Save what was done with an experiment. by: an account or key; "" for the shop itself."""
    Entry.objects.create(experiment=experiment, by=by, text=text)


@transaction.atomic
def start(experiment: Experiment, by: str) -> None:
    """Start a draft. Raises ExperimentNotReady, also while another experiment runs for one of its placements."""
    pglock.advisory("recommender.experiments.start", xact=True, side_effect=pglock.Raise).acquire()
    current = _locked(experiment, ExperimentState.DRAFT, "started")
    arms = list(current.arms.select_related("version"))
    try:
        check(current.role, arms)
    except ExperimentRefused as error:
        raise ExperimentNotReady(f"{current} cannot be started: {error}") from error
    if current.days > settings.IMPRESSION_DAYS:
        raise ExperimentNotReady(
            f"{current} would take {current.days} days, and impressions are deleted after {settings.IMPRESSION_DAYS}"
        )
    for other in Experiment.objects.filter(role=current.role, state=ExperimentState.RUNNING):
        if reason := _in_the_way(other, current):
            raise ExperimentNotReady(reason)
    for arm in arms:
        if arm.lacks_version:
            raise ExperimentNotReady(f"arm {arm.name}: {arm.version_name} was deleted; choose another version")
        if arm.version and arm.version.state not in SERVABLE:
            raise ExperimentNotReady(f"arm {arm.name}: {arm.version} is {arm.version.state}, not trained")
    current.state, current.started_at = ExperimentState.RUNNING, timezone.now()
    current.save(update_fields=["state", "started_at"])
    note(current, by, "Started.")


def _in_the_way(other: Experiment, current: Experiment) -> str:
    """Return why an experiment cannot start while another one of its role runs; "" if it can."""
    if not other.placements:
        return f"{other} runs everywhere; stop it first"
    if not current.placements:
        return f"{other} runs for {', '.join(other.placements)}; stop it first, or choose other placements"
    common = [placement for placement in current.placements if placement in other.placements]
    return f"{other} runs for {', '.join(common)}; stop it first, or choose another placement" if common else ""


@transaction.atomic
def stop(experiment: Experiment, by: str, reason: str = "") -> None:
    """Stop a running experiment: everybody sees what is active. Raises ExperimentNotReady.

    Its salt is deleted, so that nobody can tell any more whose impressions are whose.
    """
    current = _locked(experiment, ExperimentState.RUNNING, "stopped")
    current.state, current.stopped_at, current.salt = ExperimentState.STOPPED, timezone.now(), ""
    current.save(update_fields=["state", "stopped_at", "salt"])
    note(current, by, f"Stopped: {reason}." if reason else "Stopped.")
    emit(Event.EXPERIMENT_STOPPED, lambda: describe(current) | {"arm": None, "reason": reason})


@transaction.atomic
def stop_arm(arm: Arm, reason: str) -> None:
    """Stop an arm of a running experiment, whose visitors see the control from now on; the last but one stops all.

    Raises ExperimentNotReady if it is the control or does not run.
    """
    current = _locked(arm.experiment, ExperimentState.RUNNING, "changed")
    control, *others = current.arms.all()
    if arm == control:
        raise ExperimentNotReady(f"{arm} is the control of {current}; stop the experiment")
    running = [other for other in others if not other.stopped_at]
    if arm not in running:
        raise ExperimentNotReady(f"{arm} of {current} was stopped already")
    Arm.objects.filter(pk=arm.pk).update(stopped_at=timezone.now(), reason=reason)
    note(current, "", f"{arm} was stopped: {reason}.")
    emit(Event.EXPERIMENT_STOPPED, lambda: describe(current) | {"arm": arm.name, "reason": reason})
    if len(running) == 1:
        stop(current, "", "all arms but the first were stopped")


@transaction.atomic
def conclude(experiment: Experiment, by: str, winner: Arm | None = None) -> None:
    """Stop an experiment for good, store its figures and put what won into service, in one transaction.

    The winner's version is activated; what else it fixes everybody gets from then on, until `withdraw`.
    Raises ExperimentNotReady, also if the winner's version was deleted, and VersionNotReady.
    """
    current = Experiment.objects.select_for_update().get(pk=experiment.pk)
    if current.state == ExperimentState.RUNNING:
        stop(current, by)
        current.refresh_from_db()
    if current.state != ExperimentState.STOPPED:
        raise _not_ready(current, "concluded")
    if winner and winner.lacks_version:
        raise ExperimentNotReady(f"{winner} cannot win: {winner.version_name} was deleted")
    current.figures = figures.to_json(figures.count(current, tuple(current.arms.all())))
    current.state, current.concluded_at, current.winner = ExperimentState.CONCLUDED, timezone.now(), winner
    current.adopted_at = current.concluded_at if winner and winner.can_be_adopted else None
    current.save(update_fields=["figures", "state", "concluded_at", "winner", "adopted_at"])
    results = [f"Concluded: {winner} won" if winner else "Concluded without a winner"]
    if winner and winner.version:
        version = versions.request_activation(winner.version, by)
        when = "as soon as it has embedded all images" if version.activation_requested_at else "now"
        results.append(f"{version} is active {when}")
    if current.adopted_at:
        results.append("everybody gets what else it fixes")
    note(current, by, f"{', '.join(results)}.")


@transaction.atomic
def withdraw(experiment: Experiment, by: str) -> None:
    """Stop what was adopted with the winner. Raises ExperimentNotReady if nothing is adopted."""
    current = Experiment.objects.select_for_update().get(pk=experiment.pk)
    if current.adopted_at is None:
        raise ExperimentNotReady(f"nothing of {current} is adopted")
    Experiment.objects.filter(pk=current.pk).update(adopted_at=None)
    note(current, by, "Withdrawn: nobody gets any more what it fixed besides a version.")


def describe(experiment: Experiment) -> dict[str, object]:
    """Return what a webhook is told of an experiment."""
    return {"id": experiment.pk, "name": experiment.name, "role": experiment.role}


def _locked(experiment: Experiment, state: ExperimentState, step: str) -> Experiment:
    """Return the experiment, which nobody else changes until the transaction ends.

    Raises ExperimentNotReady unless it is in this state.
    """
    current = Experiment.objects.select_for_update().get(pk=experiment.pk)
    if current.state != state:
        raise _not_ready(current, step)
    return current


def _not_ready(experiment: Experiment, step: str) -> ExperimentNotReady:
    return ExperimentNotReady(f"{experiment} {STATES[ExperimentState(experiment.state)]}, and cannot be {step}")
