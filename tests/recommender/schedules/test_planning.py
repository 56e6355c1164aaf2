from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from recommender.models import Activation, ModelVersion, Role, State
from recommender.schedules import planning
from recommender.schedules.models import TrainingSchedule
from recommender.versions import queries
from tests.factories import InteractionFactory, VersionFactory

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 5, 10, 12, 30, tzinfo=UTC)


def planned(**fields) -> TrainingSchedule:
    schedule = TrainingSchedule(**({"method": "ease", "hour": 3} | fields))
    planning.store(schedule)
    return schedule


@pytest.mark.parametrize(
    ("hour", "last_at", "is_due"),
    [
        (12, NOON - timedelta(hours=1), True),
        (12, NOON - timedelta(minutes=10), False),
        (13, NOON - timedelta(hours=1), False),
        (13, NOON - timedelta(hours=24), True),  # nobody was there at 13 yesterday
    ],
)
def test_a_schedule_is_due_once_its_hour_has_passed_since_the_last_time(hour, last_at, is_due):
    schedule = TrainingSchedule(method="ease", hour=hour, last_at=last_at)

    assert planning.is_due(schedule, NOON) == is_due


def test_a_schedule_is_due_after_so_many_new_interactions():
    InteractionFactory.create_batch(3)
    schedule = planned(hour=None, interactions=2)
    InteractionFactory()
    assert not planning.is_due(schedule, timezone.now())

    InteractionFactory()

    assert planning.is_due(schedule, timezone.now())


def test_what_is_due_is_trained_once_by_a_worker(django_capture_on_commit_callbacks):
    schedule = planned(hour=None, interactions=1, settings={"regularization": 7.0}, epochs=1)
    InteractionFactory.create_batch(2)

    with django_capture_on_commit_callbacks() as callbacks:
        planning.run_due()
        planning.run_due()

    version = ModelVersion.objects.get()
    assert (version.method, version.settings, version.epochs) == ("ease", {"regularization": 7.0}, 1)
    assert (version.state, version.activate_when_ready, len(callbacks)) == (State.QUEUED, False, 1)
    schedule.refresh_from_db()
    assert (schedule.state, schedule.version) == ("training", version)


def test_one_that_is_off_trains_nothing():
    planned(hour=None, interactions=1, is_enabled=False)
    InteractionFactory.create_batch(2)

    planning.run_due()

    assert not ModelVersion.objects.exists()


def test_a_method_that_is_gone_is_told():
    schedule = planned(method="abacus", hour=None, interactions=1)
    InteractionFactory.create_batch(2)

    planning.run_due()

    schedule.refresh_from_db()
    assert schedule.state == "waiting" and schedule.outcome.startswith("not trained: ")


def trained(then: str, active_auc, auc, **fields) -> tuple[TrainingSchedule, ModelVersion]:
    """A schedule whose version is done, beside one that serves; each AUC with its interval."""
    if active_auc:
        VersionFactory(role="personal", method="ease", state="active", metrics=measured(*active_auc))
    state = fields.pop("state", "ready")
    version = VersionFactory(role="personal", method="ease", state=state, metrics=measured(*auc), **fields)
    schedule = planned(then=then)
    TrainingSchedule.objects.filter(pk=schedule.pk).update(state="training", version=version)
    planning.run_due()
    schedule.refresh_from_db()
    return schedule, version


def measured(value, low, high) -> dict:
    return {"auc": value, "intervals": {"auc": [low, high]}}


@pytest.mark.parametrize(
    ("then", "state", "outcome"),
    [("keep", "waiting", "ease 2 is trained and kept"), ("ask", "undecided", "ease 2 is trained")],
)
def test_a_version_is_kept_or_waits_for_a_decision(then, state, outcome):
    schedule, version = trained(then, (0.7, 0.69, 0.71), (0.9, 0.89, 0.91))

    assert (schedule.state, schedule.outcome) == (state, outcome)
    assert planning.undecided() == ([schedule] if then == "ask" else [])
    assert queries.active_version(Role.PERSONAL) != version


def test_who_was_asked_is_not_once_the_version_was_activated():
    _, version = trained("ask", None, (0.9, 0.89, 0.91))
    ModelVersion.objects.filter(pk=version.pk).update(state="active")

    assert planning.undecided() == []


@pytest.mark.parametrize(
    ("active", "new", "is_activated", "outcome"),
    [
        ((0.7, 0.69, 0.71), (0.9, 0.89, 0.91), True, "ease 2 was activated: auc is 0.9 [0.89, 0.91], of ease 1 0.7"),
        ((0.7, 0.65, 0.75), (0.72, 0.7, 0.74), False, "ease 2 is kept: auc is 0.72 [0.7, 0.74], of ease 1 0.7"),
        (None, (0.6, 0.5, 0.7), True, "ease 1 was activated: nothing served"),
    ],
)
def test_a_version_is_activated_only_if_it_is_better_by_more_than_the_intervals(active, new, is_activated, outcome):
    schedule, version = trained("better", active, new)

    assert (queries.active_version(Role.PERSONAL) == version) == is_activated
    assert schedule.outcome.startswith(outcome) and schedule.state == "waiting"
    assert Activation.objects.filter(by="schedule").count() == is_activated


def test_a_version_that_is_worse_in_another_measure_is_kept(active):
    metrics = [measured(0.7, 0.69, 0.71), measured(0.9, 0.89, 0.91)]
    for each, value in zip(metrics, (0.5, 0.1), strict=True):
        each["hr@10"] = value
        each["intervals"]["hr@10"] = [value - 0.01, value + 0.01]
    pair = [VersionFactory(role="personal", method="ease", metrics=each) for each in metrics]

    assert planning.judge(*pair) == (
        False,
        "auc is 0.9 [0.89, 0.91], of ease 1 0.7 [0.69, 0.71]; lower: hr@10",
    )
    unmeasured = VersionFactory(method="visrec")
    assert planning.judge(active, unmeasured) == (False, "precision@5/category is not measured of both")


def test_a_training_that_failed_or_is_gone_leaves_its_reason():
    schedule, version = trained("better", None, (0.9, 0.89, 0.91), state="failed", error="no products")
    assert schedule.outcome == "ease 1 failed: no products"

    TrainingSchedule.objects.filter(pk=schedule.pk).update(state="training")
    version.delete()
    planning.run_due()

    schedule.refresh_from_db()
    assert (schedule.state, schedule.outcome) == ("waiting", "the version was deleted")


def test_a_change_writes_its_own_fields_alone():
    schedule = TrainingSchedule.objects.create(method="ease", hour=3)
    TrainingSchedule.objects.update(state="training")  # by the sweep, meanwhile

    planning.change(schedule, hour=5)

    schedule.refresh_from_db()
    assert (schedule.hour, schedule.state) == (5, "training")
