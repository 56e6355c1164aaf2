"""Training schedules over REST."""

import pytest

from recommender.access import keys
from recommender.access.models import KeyKind
from recommender.schedules.models import TrainingSchedule
from tests.factories import InteractionFactory, VersionFactory, clerk
from tests.recommender.api.conftest import signed_in

pytestmark = pytest.mark.django_db
URL = "/api/v1/schedules/"


def test_a_schedule_is_created_changed_and_deleted(staff):
    newest = InteractionFactory()
    created = staff.post(URL, {"method": "ease", "settings": {"factors": 8}, "hour": 3, "then": "better"})
    assert created.status_code == 201
    schedule = TrainingSchedule.objects.get()
    assert (schedule.settings, schedule.last_interaction, schedule.is_enabled) == ({"factors": 8}, newest.pk, True)
    told = staff.get(created["Location"]).json()
    assert (told["hour"], told["interactions"], told["state"], told["model"]) == (3, None, "waiting", None)

    changed = staff.patch(created["Location"], {"hour": None, "interactions": 1000, "is_enabled": False})

    assert changed.status_code == 200
    schedule.refresh_from_db()
    assert (schedule.hour, schedule.interactions, schedule.is_enabled, schedule.then) == (None, 1000, False, "better")
    assert schedule.settings == {"factors": 8}
    assert staff.delete(created["Location"]).status_code == 204
    assert staff.get(created["Location"]).status_code == 404


def test_schedules_are_listed_with_what_became_of_the_last_training(staff):
    version = VersionFactory(role="personal", method="ease")
    TrainingSchedule.objects.create(method="ease", hour=3, version=version, outcome="ease 1 is kept: because")

    [row] = staff.get(URL).json()["results"]

    assert (row["model"]["id"], row["outcome"]) == (version.pk, "ease 1 is kept: because")


@pytest.mark.parametrize(
    ("body", "field", "reason"),
    [
        ({"method": "ease"}, "hour", "Say at which hour it is trained, or after how many interactions."),
        ({"method": "ease", "hour": 24}, "hour", "less than or equal to 23"),
        ({"method": "ease", "interactions": 0}, "interactions", "greater than or equal to 1"),
        ({"method": "ease", "hour": 3, "settings": {"wings": 2}}, "settings", "wings is not a setting here"),
        ({"method": "magic", "hour": 3}, "method", "is not a valid choice"),
        ({"method": "ease", "hour": 3, "then": "win"}, "then", "is not a valid choice"),
        ({"method": "ease", "hours": 3}, "hours", "There is no such field"),
    ],
)
def test_what_is_wrong_is_named(staff, body, field, reason):
    refused = staff.post(URL, body)

    assert refused.status_code == 400
    assert reason in str(refused.json()["errors"][field])
    assert not TrainingSchedule.objects.exists()


def test_a_change_is_checked_together_with_what_stays(staff):
    schedule = TrainingSchedule.objects.create(method="ease", hour=3, settings={"factors": 8})

    for body, field in (({"hour": None}, "hour"), ({"method": "popularity"}, "settings")):
        refused = staff.patch(f"{URL}{schedule.pk}/", body)
        assert (refused.status_code, list(refused.json()["errors"])) == (400, [field])

    schedule.refresh_from_db()
    assert (schedule.hour, schedule.method) == (3, "ease")


def test_only_who_may_activate_has_a_schedule_do_so():
    trainer = signed_in(clerk("view_modelversion", "add_modelversion"))
    body = {"method": "ease", "hour": 3}
    assert trainer.post(URL, body | {"then": "better"}).status_code == 403
    path = trainer.post(URL, body)["Location"]
    assert trainer.patch(path, {"then": "better"}).status_code == 403
    TrainingSchedule.objects.update(then="better")

    assert trainer.patch(path, {"hour": 4}).status_code == trainer.delete(path).status_code == 403
    assert TrainingSchedule.objects.get().hour == 3


def test_a_key_for_models_schedules_trainings(guest):
    _, secret = keys.create("ERP", KeyKind.SECRET, scopes=["models:write"])

    created = guest.post(URL, {"method": "ease", "hour": 3}, HTTP_AUTHORIZATION=f"Bearer {secret}")

    assert created.status_code == 201
