from datetime import timedelta

import pytest
from django.utils import timezone

from catalog.importers import ProductReport
from recommender import leases
from recommender.errors import ImportCancelled, ImportNotReady
from recommender.imports import runs, storage
from recommender.imports.models import ImportRun
from tests.recommender.imports.conftest import done, row

pytestmark = pytest.mark.django_db


def aged(run: ImportRun, days: int) -> None:
    long_ago = timezone.now() - timedelta(days=days)
    ImportRun.objects.filter(pk=run.pk).update(created_at=long_ago, finished_at=long_ago)


def test_an_upload_waits_until_somebody_says_what_to_do(uploaded, waiting, django_capture_on_commit_callbacks):
    run = uploaded(row("A"))
    assert (run.status, run.has_source) == ("draft", True)
    with pytest.raises(ImportNotReady, match="waits for no worker"):
        runs.claim(run.pk)

    with django_capture_on_commit_callbacks(execute=True):
        runs.start(run, columns={"Nr": "sku"}, store_as="supplier")

    assert waiting("import") == [("run_import", [run.pk])]
    claimed = runs.claim(run.pk)
    assert (claimed.status, claimed.columns, claimed.store_as) == ("running", {"Nr": "sku"}, "supplier")
    with pytest.raises(ImportNotReady, match=r"shop\.zip is running"):
        runs.start(run)


def test_an_upload_that_cannot_be_stored_leaves_nothing(settings):
    def broken():
        yield b"half"
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        runs.upload("shop.zip", broken(), by=None, columns={})

    assert not ImportRun.objects.exists()
    assert list(settings.IMPORTS_ROOT.iterdir()) == []


def test_of_two_workers_one_gets_an_import(uploaded):
    run = uploaded(row("A"))
    runs.start(run)

    runs.claim(run.pk)

    with pytest.raises(ImportNotReady):
        runs.claim(run.pk)


def test_an_import_whose_workers_are_lost_one_after_the_other_fails(uploaded):
    run = uploaded(row("A"))
    runs.start(run)
    for _ in range(runs.TRIES):
        runs.claim(run.pk)
        ImportRun.objects.update(lease_until=timezone.now() - timedelta(seconds=1))

    with pytest.raises(ImportNotReady, match="3 workers were lost"):
        runs.claim(run.pk)

    run.refresh_from_db()
    assert (run.status, run.error) == ("failed", "its worker was lost 3 times; the workers' log may say why")


def test_progress_is_saved_and_a_worker_that_goes_on_is_not_counted_as_lost(uploaded):
    run = uploaded(row("A"))
    runs.start(run)
    claimed = runs.claim(run.pk)

    runs.follow(claimed, ProductReport(created=3, read=4, failed=1), total=9, report_bytes=77)

    run.refresh_from_db()
    assert (run.read, run.total, run.created, run.failed, run.tries, run.report_bytes) == (4, 9, 3, 1, 0, 77)
    assert runs.report_so_far(run) == ProductReport(created=3, read=4, failed=1)


def test_a_cancelled_import_is_noticed_at_the_next_step(uploaded):
    run = uploaded(row("A"))
    runs.start(run)
    claimed = runs.claim(run.pk)

    runs.cancel(run)

    with pytest.raises(ImportCancelled):
        runs.follow(claimed, ProductReport(), total=1, report_bytes=0)
    assert not runs.renew(claimed)
    with pytest.raises(ImportNotReady, match="only what is not finished"):
        runs.cancel(run)
    run.refresh_from_db()
    assert run.status == "cancelled"


def test_a_worker_that_is_told_to_end_hands_its_import_over(uploaded):
    run = uploaded(row("A"))
    runs.start(run)

    runs.release(runs.claim(run.pk))

    run.refresh_from_db()
    assert (run.status, run.tries, leases.is_held(run)) == ("queued", 0, False)


def test_what_nobody_works_on_is_sent_again_unless_messages_wait(uploaded, waiting, django_capture_on_commit_callbacks):
    run, running, postponed = uploaded(row("A")), uploaded(row("B")), uploaded(row("C"))
    for each in (run, running, postponed):
        runs.start(each)
    runs.claim(running.pk)
    runs.postpone(runs.claim(postponed.pk), "No space left on device")

    with django_capture_on_commit_callbacks(execute=True):
        runs.resend_unclaimed()
    with django_capture_on_commit_callbacks(execute=True) as again:
        runs.resend_unclaimed()

    assert again == []
    assert waiting("import") == [("run_import", [run.pk])]


def test_files_are_removed_once_imported_or_after_a_day(uploaded):
    imported, tried, old_trial, draft, old_draft, discarded = (uploaded(row("A")) for _ in range(6))
    runs.cancel(discarded)
    runs.start(imported)
    done(imported)
    for each in (tried, old_trial):
        runs.start(each, is_trial=True)
        done(each)
    aged(old_trial, 2)
    aged(old_draft, 2)

    runs.remove_sources()

    left = {run.pk: run for run in ImportRun.objects.all()}
    assert [left[run.pk].has_source for run in (imported, tried, old_trial, draft)] == [False, True, False, True]
    removed = [storage.source_of(run) is None for run in (imported, tried, old_trial, discarded)]
    assert removed == [True, False, True, True]
    assert old_draft.pk not in left and not storage.folder_of(old_draft).exists()
    assert storage.report_of(imported).exists()


def test_old_imports_are_deleted_with_their_reports(uploaded, settings):
    old, new = uploaded(row("A")), uploaded(row("A"))
    for run in (old, new):
        runs.start(run)
        done(run)
    aged(old, settings.IMPORT_DAYS + 1)

    runs.delete_old(10)

    assert list(ImportRun.objects.all()) == [new]
    assert not storage.folder_of(old).exists() and storage.report_of(new).exists()


def test_a_choice_of_columns_is_stored_until_the_import_begins(uploaded):
    run = uploaded(row("A"))

    runs.choose(run, columns={"Nr": "sku"}, store_as="supplier")

    run.refresh_from_db()
    assert (run.columns, run.store_as) == ({"Nr": "sku"}, "supplier")
    runs.start(run)
    with pytest.raises(ImportNotReady):
        runs.choose(run, columns={}, store_as="")


def test_without_a_broker_an_import_waits_for_the_sweep(uploaded, no_broker, django_capture_on_commit_callbacks):
    run = uploaded(row("A"))

    with django_capture_on_commit_callbacks(execute=True):
        runs.start(run)

    run.refresh_from_db()
    assert (run.status, leases.is_held(run)) == ("queued", False)
