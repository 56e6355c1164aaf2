import pytest
from django.db import IntegrityError

from recommender.schedules.models import TrainingSchedule


def test_a_schedule_is_named_by_its_times():
    assert str(TrainingSchedule(method="hybrid", hour=3)) == "hybrid every day at 3:00 UTC"
    both = TrainingSchedule(method="hybrid", hour=0, interactions=5000)
    assert str(both) == "hybrid every day at 0:00 UTC and after 5,000 new interactions"


@pytest.mark.django_db
def test_a_schedule_without_a_time_is_refused():
    with pytest.raises(IntegrityError):
        TrainingSchedule.objects.create(method="hybrid")
