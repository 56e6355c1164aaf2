import time
from datetime import timedelta

import pytest
from celery.beat import Service
from django.utils import timezone

from visrec_site import beat
from visrec_site.celery import app


@pytest.fixture
def scheduler():
    return Service(app, scheduler_cls=app.Beat().scheduler_cls).scheduler  # as `celery beat` does


def test_entries_are_sent_after_their_intervals_also_when_the_clock_is_set_back(scheduler, monkeypatch):
    started, passed, sent = time.monotonic(), 1, []
    monkeypatch.setattr(beat.time, "monotonic", lambda: started + passed)
    monkeypatch.setattr(scheduler, "apply_entry", lambda entry, producer: sent.append(entry.name))

    scheduler.tick()
    assert sorted(sent) == ["resume", "sweep"]

    an_hour_ago = timezone.now() - timedelta(hours=1)
    monkeypatch.setattr(app, "now", lambda: an_hour_ago)  # by which Celery's schedulers are due
    monkeypatch.setattr(time, "time", an_hour_ago.timestamp)
    passed = 10.5
    assert scheduler.tick() == pytest.approx(0.5)
    passed = 11
    assert scheduler.tick() == pytest.approx(10)
    passed = 31
    assert scheduler.tick() == pytest.approx(10)
    assert sorted(sent[2:]) == ["resume", "resume", "sweep"]
