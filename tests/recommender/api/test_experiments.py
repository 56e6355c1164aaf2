import numpy as np
import pytest

from recommender.experiments.models import Experiment
from recommender.models import Role
from recommender.versions import queries
from tests.factories import VersionFactory
from tests.recommender.experiments.conftest import begin
from tests.recommender.experiments.crowds import visit

URL = "/api/v1/experiments/"
DRAFT = {
    "name": "Variety",
    "role": "similar",
    "placements": ["product"],
    "arms": [{"name": "as now", "share": 50}, {"name": "varied", "share": 50, "diversity": 0.4}],
}


def test_an_experiment_from_draft_to_conclusion(staff, active):
    other = VersionFactory()
    arms = [DRAFT["arms"][0], {"name": "new", "share": 40, "version": other.pk}]

    created = staff.post(URL, DRAFT | {"arms": arms, "goal": "purchase", "margin": 0.02, "days": 14})
    url = created["Location"]
    steps = [
        staff.post(f"{url}start/"),
        staff.post(f"{url}stop/", {"reason": "the season is over."}),
        staff.post(f"{url}conclude/", {"winner": "new"}),
    ]

    assert (created.status_code, created.json()["state"]) == (201, "draft")
    assert [(step.status_code, step.json()["state"]) for step in steps] == [
        (200, "running"),
        (200, "stopped"),
        (200, "concluded"),
    ]
    shown = staff.get(url).json()
    assert (shown["winner"], shown["goal"], shown["margin"], shown["days"]) == ("new", "purchase", 0.02, 14)
    assert [(arm["name"], arm["share"], arm["version"]) for arm in shown["arms"]] == [
        ("as now", 50, None),
        ("new", 40, other.pk),
    ]
    assert [entry["by"] for entry in shown["history"]] == ["boss"] * 4
    assert shown["history"][1]["text"] == "Stopped: the season is over."
    assert queries.serving_version(Role.SIMILAR) == other


def test_what_was_adopted_is_withdrawn(staff):
    url = staff.post(URL, DRAFT)["Location"]
    staff.post(f"{url}start/")
    concluded = staff.post(f"{url}conclude/", {"winner": "varied"}).json()

    withdrawn = [staff.post(f"{url}withdraw/") for _ in range(2)]

    assert concluded["adopted_at"] == concluded["concluded_at"]
    assert [answer.status_code for answer in withdrawn] == [200, 409]
    assert withdrawn[0].json()["adopted_at"] is None


def test_what_is_known_comes_with_an_experiment(staff):
    experiment = begin()
    visit(experiment, {"A": 0.10, "B": 0.20}, 1000, np.random.default_rng(0))

    shown = staff.get(f"{URL}{experiment.pk}/").json()

    control, arm = shown["figures"]
    assert (control["visitors"], control["difference"], arm["more_visitors"]) == (1000, None, 0)
    assert control["rate"]["value"] == control["reached"] / control["lists"]
    low, high = arm["difference"]["interval"]
    assert 0 < low < 0.1 < high
    assert shown["known"].endswith("more often than A: enough to decide.")


def test_experiments_are_listed_by_state(staff):
    first, second = (staff.post(URL, DRAFT).json() for _ in range(2))
    staff.post(f"{URL}{first['id']}/start/")

    listed = {state: staff.get(f"{URL}?state={state}").json()["results"] for state in ("running", "draft", "stopped")}

    assert [[each["id"] for each in page] for page in listed.values()] == [[first["id"]], [second["id"]], []]


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"arms": DRAFT["arms"][:1]}, "arms"),
        ({"arms": [{"name": "A", "share": 70}, {"name": "B", "share": 70}]}, "arms"),
        ({"arms": [DRAFT["arms"][0], {"name": "B", "share": 50, "diversity": 2}]}, "arms.1.diversity"),
        ({"arms": [DRAFT["arms"][0], {"name": "B", "share": 50, "version": 987}]}, "arms.1.version"),
        ({"arms": [DRAFT["arms"][0], {"name": "B", "share": 50, "colour": 0.4}]}, "arms.1.colour"),
        ({"role": "design"}, "role"),
        ({"goal": "view"}, "goal"),
        ({"days": 1000}, "days"),
        ({"state": "running"}, "state"),
    ],
)
def test_what_is_wrong_is_named(staff, changed, field):
    refused = staff.post(URL, DRAFT | changed)

    assert (refused.status_code, list(refused.json()["errors"])) == (400, [field])
    assert not Experiment.objects.exists()


def test_a_step_out_of_order_is_a_conflict(staff):
    url = staff.post(URL, DRAFT)["Location"]

    assert staff.post(f"{url}stop/").status_code == 409
    staff.post(f"{url}start/")
    again = staff.post(f"{url}start/")
    assert (again.status_code, again.json()["detail"]) == (409, "Variety runs already, and cannot be started.")
    assert staff.post(f"{url}conclude/", {"winner": "nobody"}).status_code == 400
    assert staff.post(f"{URL}{2**63}/start/").status_code == 404


def test_a_draft_is_deleted_what_was_started_is_not(staff):
    url = staff.post(URL, DRAFT)["Location"]
    assert staff.get(url).json()["known"] == "Not started yet."
    other = staff.post(URL, DRAFT)["Location"]
    staff.post(f"{other}start/")

    deleted = [staff.delete(each) for each in (url, other, url)]

    assert [answer.status_code for answer in deleted] == [204, 409, 404]
    assert deleted[1].json()["detail"] == "Variety runs already, and cannot be deleted."


def test_an_arm_keeps_its_name_in_what_is_said_of_it(staff):
    arms = [DRAFT["arms"][0], {"name": "popular", "share": 50, "strategy": "popular"}]

    refused = staff.post(URL, DRAFT | {"arms": arms}).json()

    assert refused["errors"] == {"arms": ["Arm popular: similar styles are never the most popular products."]}
