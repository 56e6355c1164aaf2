from datetime import timedelta

import pytest
from django.utils import timezone

from recommender.pages import learning
from tests.factories import VersionFactory

pytestmark = pytest.mark.django_db


def coming(method: str, role: str, seconds: float | None = None):
    ends_at = seconds and (timezone.now() + timedelta(seconds=seconds)).isoformat()
    progress = {"stage": "training", "done": 1, "of": 9, "ends_at": ends_at}
    return VersionFactory(method=method, role=role, state="training", activate_when_ready=True, progress=progress)


def test_only_a_starter_has_a_word(active, active_personal, django_assert_num_queries):
    coming("visrec", "similar", seconds=100)

    with django_assert_num_queries(0):
        assert learning.word_of(active) == learning.word_of(active_personal) == learning.word_of(None) == ""


def test_a_starter_says_what_is_coming_and_when():
    starter = VersionFactory(method="hog+histogram", state="active")
    coming("hybrid", "personal", seconds=700)
    coming("visrec", "similar", seconds=100)

    assert learning.word_of(starter) == (
        "Alike in outline and colour. The shop is still learning what its products look like: "
        "closer matches come in about 2 minutes."
    )


def test_without_an_estimate_some_minutes_are_promised_and_without_a_training_nothing():
    starter = VersionFactory(method="popularity", role="personal", state="active")
    assert learning.word_of(starter) == "Popular in this shop."

    waiting = coming("hybrid", "personal")
    assert learning.word_of(starter).endswith("picks of your own come in some minutes.")

    waiting.state = "failed"
    waiting.save()
    assert learning.word_of(starter) == "Popular in this shop."
