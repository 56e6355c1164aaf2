import re
import time
from datetime import timedelta

import pytest
from django.utils import timezone

from recommender.models import ModelVersion
from recommender.versions import lifecycle
from tests.factories import VersionFactory
from visrec_site import trainings
from visrec_site.trainings import Trainings

pytestmark = pytest.mark.django_db


def starter(method: str, role: str) -> ModelVersion:
    return VersionFactory(method=method, role=role, state="active", activated_at=timezone.now() - timedelta(minutes=5))


def coming(method: str, role: str) -> ModelVersion:
    progress = {"stage": "training", "done": 3, "of": 22}
    return VersionFactory(method=method, role=role, state="training", activate_when_ready=True, progress=progress)


def finish(version: ModelVersion, **fields: object) -> None:
    ModelVersion.objects.filter(pk=version.pk).update(state="ready", **fields)


def replace(version: ModelVersion) -> None:
    """As if the version had replaced another half a minute ago."""
    finish(version)
    lifecycle.activate(version)
    ModelVersion.objects.filter(pk=version.pk).update(activated_at=timezone.now() - timedelta(seconds=30))


def test_it_says_what_is_to_be_trained_and_what_serves_until_then(capsys):
    simple = [starter("hog+histogram", "similar"), starter("popularity", "personal")]
    coming("visrec", "similar"), coming("hybrid", "personal")

    Trainings(time.monotonic()).introduce()

    introduced = capsys.readouterr().out
    assert "In training, each live as soon as it is ready: visrec, hybrid." in introduced
    assert all(str(version) in introduced for version in simple)


def test_each_that_is_live_has_a_line_and_so_has_the_end(capsys):
    simple = [starter("hog+histogram", "similar"), starter("popularity", "personal")]
    visrec, hybrid = coming("visrec", "similar"), coming("hybrid", "personal")
    following = Trainings(time.monotonic() - 60)
    following.compare()
    assert "visrec 1: training 3 of 22" in capsys.readouterr().err

    replace(visrec)
    following.compare()
    told = capsys.readouterr().out
    assert re.fullmatch(r"   6\d\.\d s  visrec 1 is live, for similar styles\n", told)
    assert list(ModelVersion.objects.filter(pk__in=[each.pk for each in simple])) == [simple[1]]

    ModelVersion.objects.filter(pk=hybrid.pk).update(metrics={"auc": 0.8, "auc of popularity": 0.7})
    replace(hybrid)
    following.compare()
    live, ended = capsys.readouterr().out.splitlines()
    assert live.endswith(" s  hybrid 1 is live, for personal recommendations, auc 0.8, auc of popularity 0.7")
    assert re.fullmatch(r"Nothing is in training, 6\d s after the start\. Serving: visrec 1, hybrid 1\.", ended)
    assert following.have_ended and ModelVersion.objects.count() == 2


def test_a_starter_stays_for_a_moment_and_serves_on_where_nothing_replaces_it(capsys):
    similar, popularity = starter("hog+histogram", "similar"), starter("popularity", "personal")
    visrec, hybrid = coming("visrec", "similar"), coming("hybrid", "personal")
    following = Trainings(time.monotonic())

    finish(visrec)
    lifecycle.activate(visrec)
    ModelVersion.objects.filter(pk=hybrid.pk).update(state="failed", error="the loss is not finite")
    following.compare()

    told = capsys.readouterr().out
    assert "hybrid 1 failed: the loss is not finite" in told
    assert not following.have_ended
    assert set(ModelVersion.objects.all()) == {similar, popularity, visrec, hybrid}

    ModelVersion.objects.filter(pk=visrec.pk).update(activated_at=timezone.now() - timedelta(seconds=30))
    following.compare()
    assert following.have_ended
    assert set(ModelVersion.objects.all()) == {popularity, visrec, hybrid}
    assert "Serving: visrec 1, popularity 1." in capsys.readouterr().out


def test_what_a_person_activated_or_deleted_meanwhile_is_left_alone(capsys):
    similar = starter("hog+histogram", "similar")
    visrec = coming("visrec", "similar")
    following = Trainings(time.monotonic())
    replace(visrec)
    lifecycle.activate(similar)  # somebody goes back
    following.compare()
    assert ModelVersion.objects.get(pk=similar.pk).state == "active"

    gone = coming("visrec", "similar")
    following = Trainings(time.monotonic())
    gone.delete()
    following.compare()
    assert "was deleted" in capsys.readouterr().out


def test_without_trainings_there_is_one_line(active, capsys):
    following = Trainings(time.monotonic())
    following.introduce()
    following.follow()
    following.follow()

    assert capsys.readouterr().out == f"Nothing is in training, 0 s after the start. Serving: {active}.\n"


def test_it_rarely_looks(django_assert_num_queries, monkeypatch):
    coming("visrec", "similar")
    following = Trainings(time.monotonic())
    following.follow()
    with django_assert_num_queries(0):
        following.follow()

    monkeypatch.setattr(trainings, "SECONDS", 0.0)
    ModelVersion.objects.all().delete()
    following.follow()
    assert following.have_ended
