"""Queueing through a real broker; the tasks themselves are called as functions."""

import pytest

from recommender import heartbeats, tasks
from recommender.imports import runs
from recommender.imports.models import ImportRun
from recommender.models import ModelVersion
from recommender.versions import lifecycle as versions
from visrec_site.celery import app


def test_only_trainings_imports_and_builds_of_an_index_may_take_as_long_as_they_take():
    own = {name.rsplit(".", 1)[-1]: task for name, task in app.tasks.items() if name.startswith("recommender.")}

    unlimited = {name for name, task in own.items() if task.soft_time_limit is task.time_limit is None}

    assert app.conf.task_soft_time_limit is None  # it would be theirs, too
    assert unlimited == {"train_version", "find_gaps", "run_import", "rebuild_index"}


@pytest.mark.django_db
def test_a_training_queued_twice_is_trained_once(caplog):
    version = versions.register("pixels")
    versions.claim(version.pk)

    tasks.train_version(version.pk)

    assert ModelVersion.objects.get(pk=version.pk).state == "training"
    assert "another process" in caplog.text


@pytest.mark.django_db
def test_an_import_queued_twice_runs_once(caplog):
    run = runs.upload("shop.zip", [b"no zip"], by=None, columns={})
    runs.start(run)

    for _ in range(2):
        tasks.run_import(run.pk)

    assert f"import {run.pk} waits for no worker" in caplog.text
    assert ImportRun.objects.get().status == "failed"  # as the file is no catalogue, and not by the second


@pytest.mark.django_db
def test_a_sweep_that_is_done_is_a_heartbeat():
    tasks.sweep()

    assert heartbeats.ages(["sweep"])["sweep"] < 60
