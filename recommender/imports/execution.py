"""Run imports. Workers only."""

from collections.abc import Callable
from contextlib import ExitStack
from datetime import timedelta
from functools import partial
from pathlib import Path

from catalog.errors import FetchFailed, FetchRefused, ImportFailed
from catalog.importers import ImportReport, Problem, import_interactions, import_products, profiles
from recommender import leases
from recommender.imports import feeds, runs, storage
from recommender.imports.models import ImportRun, RunKind
from recommender.imports.reports import ReportWriter

FETCHES = 3  # tries to fetch a feed
FETCH_PAUSE = timedelta(minutes=5)  # between two of them


def run(claimed: ImportRun) -> None:
    """Import what a claimed row names; where a lost worker stopped, it goes on behind the last batch.

    Raises ImportCancelled. Where nothing can be stored or read it is tried again later; the OSError is raised.
    """
    interval = runs.LEASE.total_seconds() / 4
    try:
        with leases.renewing(partial(runs.renew, claimed), interval=interval, row=claimed):
            if source := prepare(claimed):
                import_source(claimed, source)
    except ImportFailed as error:
        runs.fail(claimed, without_folder(claimed, str(error)))
    except OSError as error:  # a full disk, say
        runs.postpone(claimed, without_folder(claimed, str(error)))
        raise
    except (KeyboardInterrupt, SystemExit):
        runs.release(claimed)
        raise


def prepare(claimed: ImportRun) -> Path | None:
    """Return the file to import, of a feed once it is fetched; None if it is fetched again later.

    Raises ImportFailed if there is none.
    """
    if source := storage.source_of(claimed):
        return source
    if claimed.feed is None:
        raise ImportFailed("the file is no longer there: upload it again")
    try:
        return feeds.fetch(claimed)
    except FetchRefused as error:
        raise ImportFailed(f"the feed was not fetched: {error}") from error
    except FetchFailed as error:
        fetches = claimed.fetches + 1
        if fetches == FETCHES:
            raise ImportFailed(f"the feed was not fetched, in {FETCHES} tries: {error}") from error
        runs.postpone(claimed, f"try {fetches} of {FETCHES} failed: {error}", FETCH_PAUSE, fetches=fetches)
        return None


def import_source(claimed: ImportRun, source: Path) -> None:
    """Import a file, or try to, and save the results."""
    path = storage.report_of(claimed)
    path.touch()
    with ExitStack() as opened:
        report_file = ReportWriter(opened.enter_context(path.open("r+b")), claimed.report_bytes)

        def add(problem: Problem) -> None:
            report_file.add(
                Problem(without_folder(claimed, problem.place), without_folder(claimed, problem.reason), problem.sku)
            )

        def follow(report: ImportReport, total: int) -> None:
            runs.follow(claimed, report, total=total, report_bytes=report_file.size())

        read: Callable[..., ImportReport]
        if claimed.kind == RunKind.INTERACTIONS:
            read = partial(import_interactions, positive=claimed.positive)
        else:
            read = partial(import_products, retire=claimed.retire, most_retired=claimed.most_retired / 100)
        report = read(
            source,
            columns=claimed.columns,
            dry_run=claimed.is_trial,
            on_problem=add,
            so_far=runs.report_so_far(claimed),
            follow=follow,
        )
        report.notes = [without_folder(claimed, note) for note in report.notes]
        runs.finish(claimed, report, report_bytes=report_file.size())
    if claimed.store_as and not claimed.is_trial:
        profiles.store(claimed.store_as, claimed.columns)


def without_folder(claimed: ImportRun, text: str) -> str:
    """Remove the folder of an import's file from a message: whoever uploaded it knows its name alone."""
    return text.replace(f"{storage.folder_of(claimed)}/source/", "")
