import numpy as np
import pytest

from recommender.experiments import figures, lifecycle
from recommender.experiments.models import Arm, Experiment
from recommender.models import Role
from recommender.versions import lifecycle as versions
from recommender.versions import queries
from tests.factories import VersionFactory, clerk
from tests.recommender.experiments.conftest import begin, draft
from tests.recommender.experiments.crowds import visit

pytestmark = pytest.mark.django_db
URL = "/admin/experiments/experiment/"


def form_of(*arms: dict, **fields) -> dict[str, object]:
    values: dict[str, object] = {"name": "Variety", "role": "similar", "goal": "click", "margin": 0.01, "days": 28}
    values |= {"arms-TOTAL_FORMS": len(arms), "arms-INITIAL_FORMS": 0, "arms-MIN_NUM_FORMS": 2} | fields
    for number, arm in enumerate(arms):
        values |= {f"arms-{number}-{name}": value for name, value in ({"strategy": "usual"} | arm).items()}
    return values


def step(client, experiment: Experiment, name: str, **values):
    return client.post(f"{URL}{experiment.pk}/step/{name}/", values, follow=True).content.decode()


def test_an_experiment_is_created_started_and_concluded_on_its_pages(admin_client, active):
    other = VersionFactory()
    arms = ({"name": "now", "share": 50}, {"name": "new", "share": 50, "version": other.pk, "diversity": 0.2})

    admin_client.post(f"{URL}add/", form_of(*arms, placements="product,home"))
    experiment = Experiment.objects.get()
    page = admin_client.get(f"{URL}{experiment.pk}/change/").content.decode()
    assert "Save and start" in page and "admin: Created." in page
    assert "Variety: Started." in step(admin_client, experiment, "start")
    page = step(admin_client, experiment, "conclude", winner=experiment.arms.last().pk)

    assert f"Concluded: new won, {other} is active now, everybody gets what else it fixes." in page
    assert "<strong>new</strong> won." in page
    assert (experiment.placements, queries.serving_version(Role.SIMILAR)) == (["product", "home"], other)
    assert [entry.by for entry in experiment.entries.all()] == ["admin"] * 4


def test_a_draft_is_saved_and_started_at_once(admin_client):
    arms = ({"name": "now", "share": 50}, {"name": "varied", "share": 50, "diversity": 0.2, "exclude_seen": "false"})

    admin_client.post(f"{URL}add/", form_of(*arms, role="personal", _start="Save and start"))

    experiment = Experiment.objects.get()
    assert (experiment.state, experiment.placements) == ("running", [])
    assert experiment.arms.last().parameters == {"diversity": 0.2, "exclude_seen": False}


def test_changes_are_saved_before_the_start(admin_client):
    experiment = draft()
    first, second = experiment.arms.all()
    arms = [
        {"name": name, "share": 20, "id": arm.pk, "experiment": experiment.pk}
        for name, arm in (("X", first), ("Y", second))
    ]
    values = form_of(*arms, **{"arms-INITIAL_FORMS": 2, "_start": "Save and start"})

    admin_client.post(f"{URL}{experiment.pk}/change/", values)

    experiment.refresh_from_db()
    assert (experiment.state, [arm.name for arm in experiment.arms.all()]) == ("running", ["X", "Y"])


@pytest.mark.parametrize(
    ("shares", "reason"), [((60, 60), "The shares add up to 120 %"), ((50,), "An experiment has 2 to 10 arms, not 1")]
)
def test_arms_that_make_no_experiment_are_refused_with_the_reason(admin_client, shares, reason):
    arms = [{"name": f"arm {number}", "share": share} for number, share in enumerate(shares)]

    page = admin_client.post(f"{URL}add/", form_of(*arms)).content.decode()

    assert reason in page
    assert not Experiment.objects.exists()


def test_the_page_says_what_is_known(admin_client):
    experiment = begin()
    visit(experiment, {"A": 0.10, "B": 0.20}, 1000, np.random.default_rng(0))

    page = admin_client.get(f"{URL}{experiment.pk}/change/").content.decode()

    assert "percentage points more often than A: enough to decide." in page
    assert "1,000" in page and "the active version" in page


def test_the_page_says_what_became_of_an_arm(admin_client):
    version = VersionFactory()
    experiment = begin(Arm(name="A", share=50), Arm(name="B", share=30, version=version), Arm(name="C", share=10))
    versions.delete(version)
    page = f"{URL}{experiment.pk}/change/"
    assert (
        "its version was deleted: shows the active one, and does not count" in admin_client.get(page).content.decode()
    )

    lifecycle.stop_arm(experiment.arms.get(name="B"), "it is gone")

    assert ": it is gone" in admin_client.get(page).content.decode()


def test_what_was_adopted_is_said_and_withdrawn(admin_client):
    experiment = begin(Arm(name="A", share=50), Arm(name="B", share=50, diversity=0.4))

    page = step(admin_client, experiment, "conclude", winner=experiment.arms.get(name="B").pk)
    assert "Everybody gets diversity 0.4 since" in page
    page = step(admin_client, experiment, "withdraw")

    assert "Variety: Withdrawn: nobody gets" in page and "Everybody gets" not in page


def test_a_step_out_of_order_is_told(admin_client):
    experiment = draft()

    assert "Variety is a draft, and cannot be stopped." in step(admin_client, experiment, "stop")
    assert admin_client.get(f"{URL}{experiment.pk}/step/start/").status_code == 405


def test_what_runs_is_neither_changed_nor_deleted(admin_client):
    experiment = begin()

    admin_client.post(f"{URL}{experiment.pk}/change/", form_of({"name": "X", "share": 1}, {"name": "Y", "share": 1}))
    deleted = admin_client.post(f"{URL}{experiment.pk}/delete/", {"post": "yes"})

    assert deleted.status_code == 403
    assert [arm.name for arm in experiment.arms.all()] == ["A", "B"]


def test_each_step_has_its_permission(client):
    experiment = draft()
    reader, editor = clerk("view_modelversion"), clerk("view_modelversion", "change_modelversion")
    for account, may_edit in ((reader, False), (editor, True)):
        client.force_login(account)
        assert client.get(URL).status_code == 200
        assert (client.get(f"{URL}add/").status_code == 200) is may_edit
        assert client.post(f"{URL}{experiment.pk}/step/start/").status_code == 403
    client.force_login(clerk("activate_modelversion", "view_modelversion"))
    client.post(f"{URL}{experiment.pk}/step/start/")
    experiment.refresh_from_db()
    assert experiment.state == "running"
    client.force_login(clerk())
    assert client.get(URL).status_code == 403


def test_a_draft_that_cannot_start_is_saved_and_says_so(admin_client):
    begin(placements=["product"])
    arms = ({"name": "now", "share": 50}, {"name": "varied", "share": 50, "diversity": 0.2})

    page = admin_client.post(
        f"{URL}add/", form_of(*arms, name="Second", placements="product,", _start="Save and start"), follow=True
    ).content.decode()

    assert "Variety runs for product; stop it first, or choose another placement. Second is saved as a draft." in page
    assert Experiment.objects.get(name="Second").placements == ["product"]


def test_without_a_role_nothing_else_is_said_of_the_arms(admin_client):
    version = VersionFactory(role="personal", method="ease")
    arms = ({"name": "now", "share": 50}, {"name": "new", "share": 50, "version": version.pk})

    page = admin_client.post(f"{URL}add/", form_of(*arms, role="")).content.decode()

    assert "This field is required." in page and "is for personal" not in page


def test_a_draft_warns_of_a_deleted_version_until_it_is_saved_again(admin_client):
    version = VersionFactory()
    experiment = draft(Arm(name="A", share=50), Arm(name="B", share=50, version=version, diversity=0.1))
    versions.delete(version)
    url = f"{URL}{experiment.pk}/change/"
    warning = "The version of arm B, pixels 1, was deleted."
    assert warning in admin_client.get(url).content.decode()

    arms = [{"name": arm.name, "share": 50, "id": arm.pk, "experiment": experiment.pk} for arm in experiment.arms.all()]
    admin_client.post(url, form_of(*arms, **{"arms-INITIAL_FORMS": 2}))

    assert warning not in admin_client.get(url).content.decode()


def test_a_placement_that_nobody_saw_is_named(admin_client):
    figures.recent_placements.cache_clear()
    experiment = draft(placements=["produkt"])
    seen = begin(placements=["product"])
    visit(seen, {"A": 0.5}, 1, np.random.default_rng(0))

    for page in (experiment, begin(placements=["produkt"])):
        shown = admin_client.get(f"{URL}{page.pk}/change/").content.decode()
        assert "Nobody saw a list with placement produkt in the last 7 days. Lists were seen with placement" in shown
    assert "Nobody saw" not in admin_client.get(f"{URL}{seen.pk}/change/").content.decode()


def test_before_the_first_list_there_is_no_rate(admin_client):
    experiment = begin(
        Arm(name="A", share=50), Arm(name="B", share=50, exclude_seen=True), role="personal", margin=0.01
    )

    page = admin_client.get(f"{URL}{experiment.pk}/change/").content.decode()

    assert "0.00 %" not in page and "0.00 points" not in page
    assert "without products that the visitor knows" in page and "by more than 1 percentage point for certain" in page
