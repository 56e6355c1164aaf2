import csv
import errno
import io
import os
import signal
import time

import pytest
from django.db import connection
from django.utils import timezone

from catalog.importers import interactions as recording
from catalog.importers import products as importing
from catalog.models import ImportProfile, Interaction, Product
from recommender.errors import ImportCancelled, ImportNotReady
from recommender.imports import execution, feeds, runs, storage
from recommender.imports.models import ImportRun
from tests.factories import ProductFactory
from tests.internet import response_of
from tests.recommender.imports.conftest import HEADER, done, row, table

pytestmark = pytest.mark.django_db


def report_lines(run: ImportRun) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(storage.report_of(run).read_text("utf-8-sig"))))


def test_a_file_is_imported_with_counts_and_a_report(uploaded):
    run = uploaded(row("A"), row("B", price="cheap"))
    runs.start(run)

    run = done(run)

    assert (run.status, run.total, run.read, run.created, run.failed) == ("done", 2, 2, 1, 1)
    assert [product.sku for product in Product.objects.all()] == ["A"]
    (line,) = report_lines(run)
    assert (line["file"], line["line"], line["column"], line["value"]) == ("products.csv", "3", "price", "cheap")
    assert "19.95" in line["what would help"]


def test_a_second_import_of_a_file_changes_nothing(uploaded):
    for _ in range(2):
        runs.start(run := uploaded(row("A")))
        run = done(run)

    assert (run.created, run.updated, run.unchanged) == (0, 0, 1)


def test_a_trial_writes_nothing_and_its_file_can_be_imported(uploaded):
    run = uploaded(row("A"))
    runs.start(run, is_trial=True, columns={}, store_as="supplier")

    tried = done(run)
    assert (tried.status, tried.created, Product.objects.count(), ImportProfile.objects.count()) == ("done", 1, 0, 0)
    runs.start(tried)
    run = done(tried)

    assert (run.is_trial, run.created, Product.objects.count()) == (False, 1, 1)


def test_columns_that_were_chosen_are_used_and_stored_as_a_profile(uploaded):
    run = uploaded(row("A"), header="Nr,title,category,price,Ansicht")
    runs.start(run, columns={"Nr": "sku", "Ansicht": "image"}, store_as="supplier")

    assert done(run).created == 1
    assert ImportProfile.objects.get(name="supplier").columns == {"Nr": "sku", "Ansicht": "image"}


def test_a_file_that_is_no_catalogue_fails_with_the_reason_and_without_folders():
    run = runs.upload("shop.zip", [b"no zip"], by=None, columns={})
    runs.start(run)

    run = done(run)

    assert run.status == "failed"
    assert run.error.startswith("shop.zip is no zip")


def test_an_import_goes_on_behind_the_batch_at_which_its_worker_was_lost(uploaded, monkeypatch):
    monkeypatch.setattr(importing, "BATCH_ROWS", 2)
    run = uploaded(row("A"), row("B", price="cheap"), row("C"), row("D", price="dear"), row("E"))
    runs.start(run)
    written, follow = [], runs.follow

    def lost(claimed, report, **values):
        follow(claimed, report, **values)
        written.append(report.read)
        if len(written) == 2:
            raise MemoryError  # as if the process were gone: nothing is released

    monkeypatch.setattr(runs, "follow", lost)
    with pytest.raises(MemoryError):
        execution.run(runs.claim(run.pk))
    with storage.report_of(run).open("ab") as report:
        report.write(b"half a line of a batch that was not saved")
    Product.objects.filter(sku="A").update(title="Changed since")
    ImportRun.objects.update(lease_until=timezone.now() - runs.LEASE)

    run = done(run)

    assert written == [2, 4, 5]
    assert (run.status, run.created, run.unchanged, run.failed, run.read) == ("done", 3, 0, 2, 5)
    assert Product.objects.get(sku="A").title == "Changed since"  # its batch was not read again
    assert [line["line"] for line in report_lines(run)] == ["3", "5"]


@pytest.mark.django_db(transaction=True)  # another process sees what is written
def test_an_import_whose_worker_is_killed_is_finished_by_the_next(settings, monkeypatch):
    monkeypatch.setattr(importing, "BATCH_ROWS", 20)
    settings.IMAGE_HOSTS = ["img.example"]
    prices = ["cheap" if number % 10 == 0 else "5" for number in range(1000)]
    rows = [f"S{number},Boots,Shoes,{price},http://img.example/{number}.png" for number, price in enumerate(prices)]
    run = runs.upload("shop.csv", ["\n".join([HEADER, *rows]).encode()], by=None, columns={})
    ImportRun.objects.update(status="queued")
    connection.close()  # a connection is one process's
    if not (worker := os.fork()):
        try:
            execution.run(runs.claim(run.pk))
        finally:
            os._exit(0)
    while ImportRun.objects.get().read < 100:
        assert os.waitpid(worker, os.WNOHANG) == (0, 0)
        time.sleep(0.001)
    os.kill(worker, signal.SIGKILL)
    os.waitpid(worker, 0)

    lost = ImportRun.objects.get()
    assert (lost.status, 100 <= lost.read < 1000) == ("running", True)
    with pytest.raises(ImportNotReady):  # as long as its lease says that it lives
        runs.claim(run.pk)
    ImportRun.objects.update(lease_until=timezone.now() - runs.LEASE)
    run = done(run)

    assert (run.status, run.read, run.failed) == ("done", 1000, 100)
    assert run.created + run.unchanged == Product.objects.count() == 900
    assert run.unchanged <= 20  # of the batch that was written and not counted when the worker died
    assert [line["line"] for line in report_lines(run)] == [str(number + 2) for number in range(0, 1000, 10)]


def test_an_import_of_interactions_goes_on_behind_the_batch_at_which_its_worker_was_lost(monkeypatch):
    monkeypatch.setattr(recording, "BATCH", 2)
    ProductFactory(sku="A", image=False)
    events = "".join(f"ada,A,view,2026-01-0{day}\n" for day in range(1, 6))
    run = runs.upload(
        "events.csv", [f"user,sku,kind,timestamp\n{events}".encode()], by=None, columns={}, kind="interactions"
    )
    runs.start(run)
    follow = runs.follow

    def lost(claimed, report, **values):
        follow(claimed, report, **values)
        raise MemoryError  # as if the process were gone

    with monkeypatch.context() as patched, pytest.raises(MemoryError):
        patched.setattr(runs, "follow", lost)
        execution.run(runs.claim(run.pk))
    Interaction.objects.all().delete()  # to see what is read again
    ImportRun.objects.update(lease_until=timezone.now() - runs.LEASE)

    run = done(run)

    assert (run.status, run.read, run.created, run.unchanged) == ("done", 5, 5, 0)
    assert Interaction.objects.count() == 3


def test_a_cancelled_import_stops_after_its_batch(uploaded, monkeypatch):
    monkeypatch.setattr(importing, "BATCH_ROWS", 1)
    run = uploaded(row("A"), row("B"))
    runs.start(run)
    claimed, follow = runs.claim(run.pk), runs.follow

    def cancelled(*args, **values):
        runs.cancel(run)
        follow(*args, **values)

    monkeypatch.setattr(runs, "follow", cancelled)
    with pytest.raises(ImportCancelled):
        execution.run(claimed)

    assert [product.sku for product in Product.objects.all()] == ["A"]
    run.refresh_from_db()
    assert (run.status, run.read, run.created) == ("cancelled", 1, 1)  # the batch that was written meanwhile counts


def test_a_full_disk_postpones_an_import(uploaded, monkeypatch):
    run = uploaded(row("A"))
    runs.start(run)

    def full(*args, **options):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched, pytest.raises(OSError, match="No space left"):
        patched.setattr("catalog.files.store", full)
        execution.run(runs.claim(run.pk))

    run.refresh_from_db()
    assert (run.status, run.tries, run.error) == ("queued", 0, "[Errno 28] No space left on device")
    assert run.lease_until > timezone.now()
    run = done(run)
    assert (run.status, run.created, run.error) == ("done", 1, "")


def test_a_lost_file_is_told(uploaded):
    run = uploaded(row("A"))
    runs.start(run)
    storage.remove_source(run)

    assert done(run).error == "the file is no longer there: upload it again"


def test_a_feed_that_is_refused_fails_at_once(feed, internet):
    internet.responses = [b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"]

    run = done(feeds.start(feed, by=None))

    assert (run.status, run.error) == ("failed", "the feed was not fetched: img.example answers 404")


def test_a_feed_that_is_away_is_tried_three_times(feed, internet):
    internet.responses = [b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"] * 3
    run = feeds.start(feed, by=None)

    first = done(run)
    assert (first.status, first.error) == ("queued", "try 1 of 3 failed: img.example answers 503")
    assert first.lease_until > timezone.now()
    done(run)

    assert done(run).error == "the feed was not fetched, in 3 tries: img.example answers 503"


def test_what_was_fetched_is_not_fetched_again_by_the_next_worker(feed, internet):
    internet.responses = [response_of(table("A"))]
    run = feeds.start(feed, by=None)
    execution.prepare(runs.claim(run.pk))
    runs.release(ImportRun.objects.get(pk=run.pk))

    run = done(run)

    assert (run.status, run.created, len(internet.requests)) == ("done", 1, 1)
