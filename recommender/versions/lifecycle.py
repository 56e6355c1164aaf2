"""The lifecycle of a model version: registered, claimed, followed, finished, activated, rolled back, cancelled."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pglock
from django.conf import settings
from django.db import transaction
from django.db.models import F, Max, QuerySet, Value
from django.db.models.functions import Coalesce
from django.utils import timezone

from recommender import broker, leases
from recommender.errors import TrainingCancelled, TrainingFailed, VersionNotReady
from recommender.models import LIVE, SERVABLE, UNFINISHED, MethodNumber, ModelVersion, Role, State
from recommender.versions import comparison, history, methods, progress, queries, training_log
from recommender.webhooks.models import Event
from recommender.webhooks.outbox import emit

TRIES = 5  # workers that may be lost in a row; a training that killed more, as for want of memory, would never end


@transaction.atomic
def register(
    method: str,
    *,
    method_settings: dict[str, Any] | None = None,
    epochs: int | None = None,
    seed: int = 0,
    activate: bool = False,
    here: bool = False,
    by: str = "",
) -> ModelVersion:
    """Create a version, waiting for a worker, or claimed already if it is to be trained `here`.

    by: the account or key that starts it; "" for a command.
    Raises TrainingRefused for a method that does not exist.
    """
    role = methods.role_of(method)
    # Two at once must not take one number.
    pglock.advisory("recommender.versions.register", xact=True, side_effect=pglock.Raise).acquire()
    version = ModelVersion.objects.create(
        role=role,
        method=method,
        number=take_number(method),
        settings=method_settings or {},
        epochs=epochs,
        seed=seed,
        activate_when_ready=activate,
        by=by,
    )
    return claim(version.pk, here=True) if here else version


def take_number(method: str) -> int:
    """Return the next number of a method's versions, which none had before, not even one that was deleted."""
    last = ModelVersion.objects.filter(method=method).aggregate(last=Max("number"))["last"] or 0
    known = MethodNumber.objects.filter(method=method).values_list("last", flat=True).first() or 0
    number = max(last, known) + 1
    MethodNumber.objects.update_or_create(method=method, defaults={"last": number})
    return number


def queue_training(version: ModelVersion) -> None:
    """Queue a version to be trained by a worker; without a broker the sweep will find it.

    Raises VersionNotReady if a process works on it, or it is done.
    """
    if not leases.release(unfinished(version.pk).filter(leases.is_free()), state=State.QUEUED, by_worker=True):
        raise VersionNotReady(reason_not_free(version.pk))
    transaction.on_commit(lambda: broker.send("train_version", version.pk))


def train_again(version: ModelVersion, by: str = "") -> ModelVersion:
    """Queue a training with the method, the settings, the epochs and the seed of one that has ended, as a new version.

    Raises VersionNotReady while that one goes on.
    """
    if version.state in UNFINISHED:
        raise VersionNotReady(f"{version} is {version.state}; only one that has ended is trained again")
    again = register(
        version.method,
        method_settings=version.settings,
        epochs=version.epochs,
        seed=version.seed,
        by=by,
    )
    queue_training(again)
    return again


def claim(version_id: int, *, here: bool = False) -> ModelVersion:
    """Take the lease of an unfinished version, to train it while the lease is renewed.

    here: by hand, in this process; a worker claims only versions that were queued for workers.
    Raises VersionNotReady if another process trains it, it is done, or so many workers were lost that it fails.
    """
    free = unfinished(version_id).filter(leases.is_free())
    version = leases.claim(
        free if here else free.filter(by_worker=True),
        version_id,
        lease(),
        state=State.TRAINING,
        by_worker=not here,
        tries=F("tries") + 1,
        worker=training_log.worker_name(),
        error="",
        started_at=Coalesce("started_at", Value(timezone.now())),
    )
    if version is None:
        raise VersionNotReady(reason_not_free(version_id))
    if version.tries > TRIES and not here:
        error = TrainingFailed(f"{TRIES} workers were lost before an epoch ended: for want of memory? See their log")
        fail(version, error)
        raise VersionNotReady(f"{version}: {error}")
    return version


def unfinished(version_id: int) -> QuerySet[ModelVersion]:
    """Return the version, as long as nobody cancelled it and it has not come to an end."""
    return ModelVersion.objects.filter(pk=version_id, state__in=UNFINISHED)


def reason_not_free(version_id: int) -> str:
    """Return why a version cannot be claimed."""
    version = ModelVersion.objects.filter(pk=version_id).first()
    if version is None:
        return f"there is no version {version_id}"
    if version.state not in UNFINISHED:
        return f"{version} is {version.state}; only an unfinished training goes on"
    if leases.is_held(version):
        return f"{version} is being trained by another process until {version.lease_until:%H:%M:%S}"
    return f"{version} was started by hand, and is not a worker's"


def lease() -> timedelta:
    """Return the duration of a training's lease; once it has expired, another process may take the training over."""
    return timedelta(seconds=settings.TRAINING_LEASE)


def _held(version: ModelVersion) -> QuerySet[ModelVersion]:
    """Return the claimed version, unless it was cancelled, has ended or was claimed by another process since."""
    return leases.held(version).filter(state__in=UNFINISHED)


def _lost(version: ModelVersion) -> TrainingCancelled:
    return TrainingCancelled(f"{version} was cancelled, or is another process's")


@contextmanager
def writing(version: ModelVersion) -> Iterator[None]:
    """Write what belongs to a training in the block, to files or other tables, in one transaction.

    Nobody can claim, cancel or delete the version before the block ends. Raises TrainingCancelled if the training was
    cancelled, or another process has it.
    """
    with transaction.atomic():
        if not leases.lock(_held(version)):
            raise _lost(version)
        yield


def follow(version: ModelVersion, *, stage: str, done: int = 0, of: int | None = None, **fields: Any) -> None:
    """Save how far a training is and renew its lease.

    Raises TrainingCancelled if the training was cancelled, or another process has it.
    """
    fields["progress"] = progress.advance(version.progress, stage, done, of)
    # Its state, too: a training whose lease ran out, and that nobody has claimed since, may be marked as interrupted.
    if not leases.hold(_held(version), lease(), **{"state": version.state, **fields}):
        raise _lost(version)
    for name, value in fields.items():
        setattr(version, name, value)


def renew(version: ModelVersion) -> bool:
    """Renew the lease of a training; return False once it was cancelled, is finished or is another process's."""
    return leases.hold(_held(version), lease())


def check(version: ModelVersion) -> None:
    """Check that a training is still this process's, and renew its lease.

    Raises TrainingCancelled if the training was cancelled, or another process has it.
    """
    if not renew(version):
        raise _lost(version)


def release(version: ModelVersion) -> None:
    """Release an interrupted training: another worker goes on, or if it was started by hand, it can be resumed."""
    state = State.QUEUED if version.by_worker else State.INTERRUPTED
    leases.release(_held(version), state=state, tries=F("tries") - 1)


def postpone(version: ModelVersion, error: Exception, *, counts: bool = False) -> None:
    """Save why a training cannot go on just now: once its lease ends a worker tries again, or it can be resumed.

    counts: as a lost worker does, of whom so many without an epoch between them end the training.
    """
    if version.by_worker:
        tries = F("tries") - (0 if counts else 1)
        leases.hold(_held(version), lease(), state=State.QUEUED, error=str(error), tries=tries)
    else:
        leases.release(_held(version), state=State.INTERRUPTED, error=str(error))


def interrupt_abandoned() -> None:
    """Mark trainings that were started by hand as interrupted if no process holds them any more: it was killed."""
    abandoned = ModelVersion.objects.filter(leases.is_free(), state__in=LIVE, by_worker=False)
    leases.release(abandoned, state=State.INTERRUPTED)


@transaction.atomic
def fail(version: ModelVersion, error: Exception) -> None:
    """Save why a training failed."""
    if leases.release(_held(version), state=State.FAILED, error=str(error), finished_at=timezone.now()):
        emit(Event.TRAINING_FAILED, lambda: {**describe(version), "error": str(error)})


def describe(version: ModelVersion) -> dict[str, object]:
    """Return what a webhook is told of a version."""
    return {"id": version.pk, "role": version.role, "method": version.method, "version": version.number}


@transaction.atomic
def finish(version: ModelVersion) -> None:
    """Mark a version as ready: trained, its vectors, if it has any, stored and indexed.

    If it is to be activated then, that is requested from now on, so that it outlives whoever trained the version; but
    not of a version that is below popularity, which is told in `error`.
    Raises TrainingCancelled if the training was cancelled, or another process has it.
    """
    now = timezone.now()
    ready: dict[str, Any] = {"state": State.READY, "finished_at": now, "progress": {"stage": "ready"}}
    reason = comparison.below_popularity(version)
    is_requested = version.activate_when_ready and not reason
    if is_requested:
        ready["activation_requested_at"] = now
    elif version.activate_when_ready:
        ready["error"] = version.error = f"{reason}: not activated, what served before serves on"
    if not leases.release(_held(version), **ready):
        raise _lost(version)
    version.state = State.READY
    if is_requested:
        version.activation_requested_at = now
        earlier = ModelVersion.objects.filter(role=version.role, activation_requested_at__isnull=False)
        earlier.exclude(pk=version.pk).update(activation_requested_at=None)
    emit(Event.TRAINED, lambda: describe(version))


@transaction.atomic
def request_activation(
    version: ModelVersion, by: str = "", *, reason: str = "", is_roll_back: bool = False
) -> ModelVersion:
    """Activate a version, at once if it has embedded all images; if not, a worker does once it has. Return the version.

    Of several requests for a role the last one counts. by: the account or key that requests it, for the history, as
    the reason is. Raises VersionNotReady unless it is trained.
    """
    history.request(version, by, reason=reason, is_roll_back=is_roll_back)
    if not queries.images_without_embedding(version).exists():
        activate(version)
        return version
    requested = timezone.now()
    ModelVersion.objects.filter(role=version.role).update(activation_requested_at=None)
    trained = ModelVersion.objects.filter(pk=version.pk, state__in=SERVABLE)
    if not trained.update(activation_requested_at=requested):
        raise not_ready(version)
    version.activation_requested_at = requested
    transaction.on_commit(lambda: broker.send("complete_version", version.pk))
    return version


@transaction.atomic
def activate_as_requested(version: ModelVersion) -> None:
    """Activate a version if this is still requested."""
    requested = ModelVersion.objects.filter(pk=version.pk, activation_requested_at__isnull=False)
    if requested.select_for_update().exists():
        activate(version)


def drop_request(version: ModelVersion, reason: Exception) -> None:
    """Save why a version cannot be activated as was requested."""
    ModelVersion.objects.filter(pk=version.pk).update(activation_requested_at=None, error=str(reason))
    history.drop_request(version)


def not_ready(version: ModelVersion) -> VersionNotReady:
    version.refresh_from_db(fields=["state"])
    return VersionNotReady(f"{version} is {version.state}, not ready")


@transaction.atomic
def activate(version: ModelVersion) -> None:
    """Activate `version` for its role and retire the former one; what it has not embedded follows.

    Raises VersionNotReady unless it is trained.
    """
    # Of two activations at once, the second retires the first.
    pglock.advisory(f"recommender.versions.activate.{version.role}", xact=True, side_effect=pglock.Raise).acquire()
    same_role = ModelVersion.objects.filter(role=version.role)
    former = same_role.filter(state=State.ACTIVE).first()
    same_role.filter(state=State.ACTIVE).exclude(pk=version.pk).update(state=State.RETIRED)
    same_role.filter(activation_requested_at__isnull=False).update(activation_requested_at=None)
    claimed = ModelVersion.objects.filter(pk=version.pk, state__in=SERVABLE).update(
        state=State.ACTIVE, activated_at=timezone.now(), error=""
    )
    if not claimed:
        raise not_ready(version)
    version.state, version.activation_requested_at, version.error = State.ACTIVE, None, ""
    history.record(version, former)
    emit(Event.ACTIVATED, lambda: describe(version))
    # An image that was embedded a moment ago by the former version alone.
    transaction.on_commit(lambda: broker.send("complete_version", version.pk))


def roll_back(role: Role, by: str = "", *, leaving: ModelVersion | None = None, reason: str = "") -> ModelVersion:
    """Request the activation of the version that served the role before, and return it.

    leaving: the version to go back from, if it still serves: of two requests at once one goes back.
    Raises VersionNotReady if none served before, or another than `leaving` serves.
    """
    active = queries.active_version(role)
    if leaving and leaving != active:
        serves = f"{active} serves {Role(role).label}" if active else f"no version serves {Role(role).label}"
        raise VersionNotReady(f"{leaving} is not active: {serves}")
    return request_activation(former_or_raise(role), by, reason=reason, is_roll_back=True)


def former_or_raise(role: Role) -> ModelVersion:
    """Return the version that a roll-back activates. Raises VersionNotReady if none served before."""
    former = history.former_version(role)
    if former is None:
        raise VersionNotReady(f"no earlier version has served {Role(role).label}")
    return former


def cancel(version: ModelVersion) -> None:
    """Cancel a training; its worker notices at the next batch of work. Raises VersionNotReady once it is finished."""
    if not leases.release(unfinished(version.pk), state=State.CANCELLED, finished_at=timezone.now()):
        version.refresh_from_db(fields=["state"])
        raise VersionNotReady(f"{version} is {version.state}; only an unfinished training can be cancelled")
    version.state = State.CANCELLED


def delete(version: ModelVersion) -> None:
    """Delete a version, its vectors and its checkpoint. Raises VersionNotReady while it serves.

    A sweep drops its index later (vectors.index.drop_unused).
    """
    with transaction.atomic():
        current = ModelVersion.objects.select_for_update().get(pk=version.pk)
        if current.state == State.ACTIVE or leases.is_held(current):
            raise VersionNotReady(f"{version} is {current.state}: activate another, or cancel it, first")
        folder = current.folder
        current.delete()
        transaction.on_commit(lambda: shutil.rmtree(folder, ignore_errors=True))
