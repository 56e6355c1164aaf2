"""Life of an import: uploaded, queued, claimed by a worker, done or failed; a lost worker's is given to another."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone

from catalog.importers import ImportReport, InteractionReport, ProductReport
from recommender import broker, leases
from recommender.errors import ImportCancelled, ImportNotReady
from recommender.imports import storage
from recommender.imports.models import FINISHED, PENDING, ImportRun, RunKind, RunStatus

if TYPE_CHECKING:
    from django.contrib.auth.models import User

LEASE = timedelta(seconds=15)  # of a worker, which renews it
PAUSE = timedelta(minutes=1)  # before the next try where the disk is full
TRIES = 3  # workers; an import during which so many were lost, one after the other, is not given to another
DRAFT_AGE = timedelta(days=1)  # after which a file that nobody had imported is removed
# Counts of an import, each as its report calls it.
COUNTED: Mapping[str, Mapping[str, str]] = {
    RunKind.PRODUCTS: {
        name: name for name in ("read", "created", "updated", "unchanged", "awaited", "failed")
    },
    RunKind.INTERACTIONS: {
        "read": "read", "created": "accepted", "unchanged": "duplicates", "failed": "failed",
    },
}  # fmt: skip
REPORTS: Mapping[str, type[ImportReport]] = {
    RunKind.PRODUCTS: ProductReport,
    RunKind.INTERACTIONS: InteractionReport,
}
CLEARED: dict[str, object] = {
    **dict.fromkeys((*COUNTED[RunKind.PRODUCTS], "hidden", "shown", "report_bytes", "tries", "fetches"), 0),
    "total": None,
}


def upload(
    name: str,
    blocks: Iterable[bytes],
    *,
    by: "User | None",
    columns: Mapping[str, str],
    kind: str = RunKind.PRODUCTS,
    positive: float | None = None,
) -> ImportRun:
    """Store a file that is to be imported once somebody says so. Raises OSError, as when the disk is full."""
    run = ImportRun(source=name, requested_by=by, columns=dict(columns), kind=kind, positive=positive)
    try:
        storage.store(run, name, blocks)
        run.save(force_insert=True)
    except BaseException:
        storage.remove(run)
        raise
    return run


def waiting_for_word() -> QuerySet[ImportRun]:
    """Return the imports of files that were uploaded, or tried, and are still there."""
    return ImportRun.objects.filter(Q(status=RunStatus.DRAFT) | Q(is_trial=True, status__in=FINISHED), has_source=True)


def choose(run: ImportRun, *, columns: Mapping[str, str], store_as: str = "", positive: float | None = None) -> None:
    """Store what columns are taken for. Raises ImportNotReady if it was begun meanwhile."""
    changes = {"columns": dict(columns), "store_as": store_as, "positive": positive}
    if not waiting_for_word().filter(pk=run.pk).update(**changes):
        raise ImportNotReady(f"{run} has begun, or its file was removed")


@transaction.atomic
def start(
    run: ImportRun,
    *,
    is_trial: bool = False,
    columns: Mapping[str, str] | None = None,
    store_as: str = "",
    positive: float | None = None,
) -> None:
    """Queue the import of an uploaded file, or a trial.

    columns: what each is taken for; None: these and `positive` are as they were chosen before.

    Raises ImportNotReady unless it was uploaded or tried only, and its file is still there.
    """
    changes = CLEARED | {"is_trial": is_trial, "store_as": store_as, "error": "", "finished_at": None}
    changes |= {"notes": []}
    if columns is not None:
        changes |= {"columns": dict(columns), "positive": positive}
    if not leases.release(waiting_for_word().filter(pk=run.pk), status=RunStatus.QUEUED, started_at=None, **changes):
        run.refresh_from_db()
        raise ImportNotReady(f"{run} is {run.get_status_display()}, or its file was removed: upload it again")
    send(run)


def send(run: ImportRun) -> None:
    """Send an import to a worker once the transaction is committed; without a broker the sweep will find it."""
    transaction.on_commit(lambda: broker.send("run_import", run.pk))


def claim(pk: int) -> ImportRun:
    """Take the lease of an import, which the worker renews. Raises ImportNotReady if it waits for no worker."""
    waiting = ImportRun.objects.filter(Q(status=RunStatus.QUEUED) | Q(status=RunStatus.RUNNING) & leases.is_free())
    run = leases.claim(
        waiting,
        pk,
        LEASE,
        status=RunStatus.RUNNING,
        tries=F("tries") + 1,
        started_at=Coalesce("started_at", timezone.now()),
    )
    if run is None:
        raise ImportNotReady(f"import {pk} waits for no worker")
    if run.tries > TRIES:
        fail(run, f"its worker was lost {TRIES} times; the workers' log may say why")
        raise ImportNotReady(f"{run} has failed: {TRIES} workers were lost")
    return run


def _held(run: ImportRun) -> QuerySet[ImportRun]:
    """Return the claimed row, unless it was cancelled or claimed by another worker since."""
    return leases.held(run).filter(status=RunStatus.RUNNING)


def renew(run: ImportRun) -> bool:
    """Renew the lease of an import; return False once it was cancelled, is finished or is another worker's."""
    return leases.hold(_held(run), LEASE)


def report_so_far(run: ImportRun) -> Any:
    """Return the report of an import that goes on, as of its last `follow`; of the class of its kind."""
    return REPORTS[run.kind](**{name: getattr(run, column) for column, name in COUNTED[run.kind].items()})


def follow(run: ImportRun, report: ImportReport, *, total: int, report_bytes: int) -> None:
    """Save the progress and renew the lease. Raises ImportCancelled if it was cancelled or is another worker's.

    What was written while it was cancelled is counted all the same.
    """
    changes = counts_of(run, report) | {"total": total, "report_bytes": report_bytes}
    if not leases.hold(_held(run), LEASE, tries=0, error="", **changes):
        leases.held(run).filter(status=RunStatus.CANCELLED).update(**changes)
        raise ImportCancelled(f"{run} was cancelled, or is another worker's")


def counts_of(run: ImportRun, report: ImportReport) -> dict[str, object]:
    return {column: getattr(report, name) for column, name in COUNTED[run.kind].items()}


def finish(run: ImportRun, report: ImportReport, *, report_bytes: int) -> None:
    """Save the results. Raises ImportCancelled if it was cancelled or is another worker's."""
    changes = counts_of(run, report) | {"notes": report.notes, "report_bytes": report_bytes, "error": ""}
    if isinstance(report, ProductReport) and (found := report.retirement):
        changes |= {"hidden": found.hidden, "shown": found.shown, "is_retirement_refused": found.is_share}
    _end(run, RunStatus.DONE, changes)


def fail(run: ImportRun, reason: str) -> None:
    """Save why an import is not done. Raises ImportCancelled if it was cancelled or is another worker's."""
    _end(run, RunStatus.FAILED, {"error": reason})


def _end(run: ImportRun, status: RunStatus, changes: dict[str, object]) -> None:
    if not leases.release(_held(run), status=status, finished_at=timezone.now(), **changes):
        raise ImportCancelled(f"{run} was cancelled, or is another worker's")


def release(run: ImportRun) -> None:
    """Release an unfinished import, which another worker can claim at once; its worker is not counted as lost."""
    leases.release(_held(run), status=RunStatus.QUEUED, tries=F("tries") - 1)


def postpone(run: ImportRun, reason: str, pause: timedelta = PAUSE, **changes: object) -> None:
    """Release an import that is tried again after a pause; no worker is counted as lost."""
    leases.hold(_held(run), pause, status=RunStatus.QUEUED, tries=F("tries") - 1, error=reason, **changes)


def cancel(run: ImportRun) -> None:
    """Cancel an import; its worker notices after the batch, and what it has written stays.

    Raises ImportNotReady once it is finished.
    """
    unfinished = ImportRun.objects.filter(pk=run.pk).exclude(status__in=FINISHED)
    if not leases.release(unfinished, status=RunStatus.CANCELLED, finished_at=timezone.now()):
        run.refresh_from_db()
        raise ImportNotReady(f"{run} is {run.get_status_display()}; only what is not finished can be cancelled")


def resend_unclaimed() -> None:
    """Send imports without a lease to the workers again: their message was lost, or their worker was.

    While messages wait for the workers none is sent: they may be for these imports, which wait behind others.
    """
    pending = ImportRun.objects.filter(status__in=PENDING)
    leases.limit(pending, 10 * PAUSE)
    if not pending.exists() or broker.count_waiting("import"):
        return
    for run in pending.filter(leases.is_free()):
        send(run)


def remove_sources() -> None:
    """Remove files that were imported, and those that nobody had imported within a day of their last use."""
    old = timezone.now() - DRAFT_AGE
    present = ImportRun.objects.filter(has_source=True)
    ended = Q(is_trial=False, status__in=FINISHED)
    tried = Q(is_trial=True, status__in=FINISHED, finished_at__lt=old)
    for run in present.filter(ended | tried):
        if ImportRun.objects.filter(pk=run.pk, status__in=FINISHED).update(has_source=False):
            storage.remove_source(run)
    for run in present.filter(status=RunStatus.DRAFT, created_at__lt=old):
        if ImportRun.objects.filter(pk=run.pk, status=RunStatus.DRAFT).delete()[0]:
            storage.remove(run)


def delete_old(limit: int) -> None:
    """Delete up to `limit` imports that ended more than VISREC_IMPORT_DAYS ago, with their reports."""
    before = timezone.now() - timedelta(days=settings.IMPORT_DAYS)
    for run in ImportRun.objects.filter(created_at__lt=before, status__in=FINISHED).order_by("created_at")[:limit]:
        run.delete()
        storage.remove(run)
