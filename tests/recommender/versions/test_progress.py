from datetime import timedelta

import pytest
from django.utils import timezone

from recommender.models import ModelVersion
from recommender.versions import progress
from tests.factories import VersionFactory


def began(seconds_ago: float, done: int) -> dict[str, object]:
    return {"at": (timezone.now() - timedelta(seconds=seconds_ago)).isoformat(), "done": done}


def version(**fields: object) -> ModelVersion:
    return ModelVersion(role="similar", method="pixels", state="training", progress=fields)


def test_the_end_of_a_stage_follows_from_its_speed_since_it_began():
    former = {"stage": "training", "began": began(88, done=2)}  # a resumed training began with two epochs

    advanced = progress.advance(former, "training", 5, 11)

    assert (advanced["stage"], advanced["done"], advanced["of"]) == ("training", 5, 11)
    assert advanced["began"] == former["began"]
    assert progress.minutes_left(version(**advanced)) == 3  # 6 of 29 s and what the test takes


def test_nothing_is_known_before_the_first_step_nor_of_another_stage():
    first = progress.advance({}, "training", 0, 11)
    other = progress.advance({"stage": "training", "began": began(90, done=2)}, "embedding", 5, 11)

    assert "ends_at" not in first and "ends_at" not in other
    assert other["began"]["done"] == 5
    assert progress.minutes_left(version(**first)) is None
    assert progress.minutes_left(version()) is None


def test_a_stage_that_takes_longer_than_thought_has_a_minute_left_and_one_that_ended_none():
    late = (timezone.now() - timedelta(seconds=20)).isoformat()
    slow, ended = version(ends_at=late), version(ends_at=late)
    ended.state = "ready"

    assert (progress.minutes_left(slow), progress.minutes_left(ended)) == (1, None)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "waiting for a worker"),
        ({"stage": "reading the catalogue", "done": 0, "of": None}, "reading the catalogue"),
        ({"stage": "training", "done": 0, "of": 22}, "training"),
        ({"stage": "training", "done": 3}, "training 3"),
        ({"stage": "training", "done": 3, "of": 22}, "training 3 of 22"),
    ],
)
def test_words(fields, words):
    assert progress.describe(version(**fields)) == words


def test_words_tell_the_minutes():
    two = (timezone.now() + timedelta(seconds=100)).isoformat()
    one = (timezone.now() + timedelta(seconds=50)).isoformat()

    assert progress.describe(version(stage="training", done=3, of=9, ends_at=two)).endswith(", about 2 minutes left")
    assert progress.describe(version(stage="training", done=3, of=9, ends_at=one)).endswith(", about 1 minute left")


@pytest.mark.django_db
def test_a_training_that_waits_knows_its_place():
    first, second, third = (VersionFactory(state=state) for state in ("training", "queued", "queued"))
    VersionFactory(state="interrupted", by_worker=False)

    positions = [progress.queue_position(each) for each in (first, second, third)]

    assert positions == ["", "behind 1 training", "behind 2 trainings"]


@pytest.mark.django_db
def test_how_long_a_training_takes_is_known_from_the_last_one_that_came_to_its_end():
    now = timezone.now()
    assert progress.minutes_before("pixels") is None
    for minutes, state, ago in ((30, "retired", 9), (4.5, "ready", 5), (60, "failed", 1)):
        ended = now - timedelta(days=ago)
        VersionFactory(state=state, started_at=ended - timedelta(minutes=minutes), finished_at=ended)

    assert progress.minutes_before("pixels") == 5
    assert progress.minutes_before("visrec") is None
