import pytest

from recommender.schedules.models import TrainingSchedule
from tests.factories import InteractionFactory, VersionFactory, clerk

pytestmark = pytest.mark.django_db
URL = "/admin/schedules/trainingschedule/"
FORM = {"method": "ease", "settings": "{}", "hour": "3", "then": "ask", "is_enabled": "on"}


def test_a_schedule_is_made_and_changed_on_its_pages(admin_client):
    newest = InteractionFactory()
    admin_client.post(f"{URL}add/", FORM | {"interactions": "1000"})
    schedule = TrainingSchedule.objects.get()
    assert (schedule.hour, schedule.interactions, schedule.last_interaction) == (3, 1000, newest.pk)

    admin_client.post(f"{URL}{schedule.pk}/change/", FORM | {"hour": "", "interactions": "5"})

    schedule.refresh_from_db()
    assert (schedule.hour, schedule.interactions, schedule.last_interaction) == (None, 5, newest.pk)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"hour": ""}, "Say at which hour it is trained, or after how many interactions."),
        ({"hour": "24"}, "less than or equal to 23"),
        ({"settings": '{"wings": 2}'}, "wings"),
        ({"interactions": "0"}, "greater than or equal to 1"),
    ],
)
def test_what_is_wrong_is_named(admin_client, changed, reason):
    page = admin_client.post(f"{URL}add/", FORM | changed).content.decode()

    assert reason in page and "violated" not in page
    assert not TrainingSchedule.objects.exists()


def test_the_list_says_what_became_of_the_last_training(admin_client):
    version = VersionFactory(role="personal", method="ease")
    TrainingSchedule.objects.create(method="ease", hour=3, version=version, outcome="ease 1 is kept: because")

    page = admin_client.get(URL).content.decode()

    assert "ease every day at 3:00 UTC" in page and "ease 1 is kept: because" in page
    assert f"/admin/recommender/modelversion/{version.pk}/change/" in page


def test_who_may_not_activate_lets_no_schedule_do_it(client):
    client.force_login(clerk("view_modelversion", "add_modelversion"))
    assert "Select a valid choice" in client.post(f"{URL}add/", FORM | {"then": "better"}).content.decode()
    client.post(f"{URL}add/", FORM)
    schedule = TrainingSchedule.objects.get()
    TrainingSchedule.objects.update(then="better")
    client.post(f"{URL}{schedule.pk}/change/", FORM | {"hour": "5"})
    schedule.refresh_from_db()
    assert schedule.hour == 3

    client.force_login(clerk("view_modelversion"))
    assert client.get(URL).status_code == 200
    assert client.post(f"{URL}add/", FORM).status_code == 403
    client.force_login(clerk())
    assert client.get(URL).status_code == 403
