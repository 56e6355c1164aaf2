import pytest

from recommender.schedules.models import TrainingSchedule
from tests.factories import InteractionFactory, ProductFactory, VersionFactory, clerk

pytestmark = pytest.mark.django_db
URL = "/admin/schedules/trainingschedule/"
ADD = f"{URL}add/?method=ease"
FORM = {"hour": "3", "then": "ask", "is_enabled": "on"}


@pytest.fixture(autouse=True)
def shop():
    """What a personal training needs: ten products with pictures, and two shoppers."""
    products = ProductFactory.create_batch(10)
    for _ in range(2):
        InteractionFactory(product=products[0])


def test_a_schedule_is_made_and_changed_on_its_pages(admin_client):
    newest = InteractionFactory()
    admin_client.post(ADD, FORM | {"interactions": "1000"})
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
        ({"setting_factors": "0"}, "greater than or equal to 1"),
        ({"interactions": "0"}, "greater than or equal to 1"),
    ],
)
def test_what_is_wrong_is_named(admin_client, changed, reason):
    page = admin_client.post(ADD, FORM | changed).content.decode()

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
    assert "Select a valid choice" in client.post(ADD, FORM | {"then": "better"}).content.decode()
    client.post(ADD, FORM)
    schedule = TrainingSchedule.objects.get()
    TrainingSchedule.objects.update(then="better")
    client.post(f"{URL}{schedule.pk}/change/", FORM | {"hour": "5"})
    schedule.refresh_from_db()
    assert schedule.hour == 3

    client.force_login(clerk("view_modelversion"))
    assert client.get(URL).status_code == 200
    assert client.post(ADD, FORM).status_code == 403
    client.force_login(clerk())
    assert client.get(URL).status_code == 403


def test_the_settings_of_a_schedule_are_fields_also_when_it_is_changed(admin_client):
    assert 'href="?method=hybrid"' in admin_client.get(f"{URL}add/").content.decode()
    admin_client.post(ADD, FORM | {"setting_factors": "64", "epochs": ""})
    schedule = TrainingSchedule.objects.get()
    assert (schedule.method, schedule.settings) == ("ease", {"factors": 64})

    page = admin_client.get(f"{URL}{schedule.pk}/change/").content.decode()
    assert 'name="setting_factors" value="64"' in page
    admin_client.post(f"{URL}{schedule.pk}/change/", FORM | {"setting_factors": "256", "epochs": "2"})

    schedule.refresh_from_db()
    assert (schedule.settings, schedule.epochs) == ({}, 2)
