import json

import pytest

from recommender.models import ModelVersion
from recommender.versions import training_log
from tests.factories import ProductFactory, VersionFactory

pytestmark = pytest.mark.django_db
URL = "/api/v1/models/"


def test_a_training_is_queued_and_can_be_followed(staff, django_capture_on_commit_callbacks):
    VersionFactory(method="lsgan", number=3)
    ProductFactory.create_batch(20)
    with django_capture_on_commit_callbacks() as queued:
        answer = staff.post(URL, {"method": "lsgan", "epochs": 4, "seed": 7, "activate": True})

    assert answer.status_code == 202
    assert len(queued) == 1
    version = ModelVersion.objects.get(number=4)
    assert (version.role, version.state, version.epochs, version.seed) == ("design", "queued", 4, 7)
    assert version.activate_when_ready and version.by_worker
    ModelVersion.objects.filter(pk=version.pk).update(
        state="training", progress={"stage": "training", "done": 1, "of": 4}, metrics={"losses": [{"epoch": 1}]}
    )
    told = staff.get(answer["Location"]).json()
    assert (told["id"], told["method"], told["version"], told["state"]) == (version.pk, "lsgan", 4, "training")
    assert told["progress"] == {"stage": "training", "done": 1, "of": 4}
    assert told["metrics"] == {"losses": [{"epoch": 1}]}


def test_versions_are_listed_the_newest_first(staff):
    VersionFactory(role="personal", method="hybrid")
    VersionFactory(state="failed")
    newest = VersionFactory()

    assert staff.get(URL).json()["count"] == 3
    assert [row["id"] for row in staff.get(f"{URL}?role=similar&state=ready").json()["results"]] == [newest.pk]
    assert staff.get(f"{URL}?role=cook").status_code == 400
    assert len(staff.get(f"{URL}?limit=2").json()["results"]) == 2


@pytest.mark.parametrize(
    ("body", "field", "reason"),
    [
        ({}, "method", "This field is required."),
        ({"method": "magic"}, "method", "is not a valid choice"),
        ({"method": "timm:hf-hub:x/y"}, "method", "networks of timm are named as timm:vit"),
        ({"method": "open_clip:ViT-B-32"}, "settings", "weights is missing"),
        ({"method": "pixels", "epochs": 0}, "epochs", "greater than or equal to 1"),
        (
            {"method": "pixels", "epoch": 3},
            "epoch",
            "There is no such field; the fields are: method, settings",
        ),
        ({"method": "pixels", "seed": -1}, "seed", "greater than or equal to 0"),
        ({"method": "pixels", "settings": [1]}, "settings", "An object with names and values is expected"),
        ({"method": "pixels", "settings": {"dimensions": "many"}}, "settings", "dimensions is 'many'"),
        ({"method": "pixels", "settings": {"name": 1}}, "settings", "name is not a setting"),
        ({"method": "pixels", "settings": {"cls": 1}}, "settings", "cls is not a setting"),
        ({"method": "vbpr", "settings": {"weights": "a\0.pth"}}, "settings", "weights is 'a\\x00.pth'; it takes text"),
        ({"method": "vbpr", "settings": {"weights": "\ud800.pth"}}, "settings", "weights is '\\ud800.pth'; it takes"),
        ({"method": "vbpr", "settings": {"\ud800": 1}}, "settings", "'\\ud800' is not a setting"),
    ],
)
def test_what_makes_no_sense_is_named(staff, worker, body, field, reason):
    # json.dumps escapes lone surrogates, which the client's own renderer cannot encode
    answer = staff.post(URL, json.dumps(body), content_type="application/json")

    assert answer.status_code == 400
    assert reason in answer.json()["errors"][field][0]
    assert not ModelVersion.objects.exists()


def test_a_shop_with_too_little_is_told_before_anything_is_queued(staff):
    for method, reason in (
        ("visrec", "the shop has 0 pictures; a training needs at least 10"),
        ("hybrid", "the shop has 0 shoppers with interactions and 0 products with pictures"),
        ("lsgan", "no category has 20 visible products with pictures"),
    ):
        refused = staff.post(URL, {"method": method})
        assert refused.status_code == 409 and reason in refused.json()["detail"].lower()
    assert not ModelVersion.objects.exists()


def test_settings_are_checked_without_a_worker(staff):
    ProductFactory.create_batch(10)
    taken = staff.post(URL, {"method": "pixels", "settings": {"dimensions": 8}})
    refused = staff.post(URL, {"method": "pixels", "settings": {"dimensions": 1}})

    assert (taken.status_code, refused.status_code) == (202, 400)
    assert "dimensions is 1; it takes a whole number from 2 to 1024" in refused.json()["detail"]


def test_a_version_is_put_into_service_once_it_is_ready(staff, active):
    ready, failed = VersionFactory(), VersionFactory(state="failed")

    told = staff.post(f"{URL}{ready.pk}/activate/")
    assert (told.status_code, told.json()["state"]) == (200, "active")
    active.refresh_from_db()
    assert active.state == "retired"

    assert staff.post(f"{URL}{failed.pk}/activate/").status_code == 409
    ProductFactory()
    later = staff.post(f"{URL}{active.pk}/activate/")
    assert (later.status_code, later.json()["state"], later["Location"]) == (202, "retired", later.json()["url"])
    assert later.json()["activation_requested_at"]


def test_a_training_is_cancelled(staff):
    version = VersionFactory(state="training")

    assert staff.post(f"{URL}{version.pk}/cancel/").json()["state"] == "cancelled"
    assert staff.post(f"{URL}{version.pk}/cancel/").status_code == 409


def test_versions_are_for_staff(guest, shopper, staff):
    version = VersionFactory()
    for client, status in ((guest, 401), (shopper, 403)):
        assert client.get(URL).status_code == client.post(URL, {"method": "pixels"}).status_code == status
        assert client.get(f"{URL}{version.pk}/").status_code == status
        assert client.post(f"{URL}{version.pk}/activate/").status_code == status
        assert client.post(f"{URL}{version.pk}/cancel/").status_code == status
    assert staff.get(f"{URL}{10**30}/").status_code == staff.post(f"{URL}999/cancel/").status_code == 404


def test_a_training_is_resumed_or_tried_again(staff):
    interrupted, failed = (
        VersionFactory(state="interrupted"),
        VersionFactory(state="failed", settings={"dimensions": 8}),
    )

    resumed = staff.post(f"{URL}{interrupted.pk}/resume/")
    assert (resumed.status_code, resumed.json()["state"]) == (202, "queued")
    assert staff.post(f"{URL}{failed.pk}/resume/").status_code == 409

    assert staff.post(f"{URL}{failed.pk}/retry/").status_code == 409  # the shop has no pictures
    ProductFactory.create_batch(10)
    again = staff.post(f"{URL}{failed.pk}/retry/").json()
    assert (again["state"], again["settings"], again["by"]) == ("queued", {"dimensions": 8}, "boss")
    assert staff.post(f"{URL}{interrupted.pk}/retry/").status_code == 409


def test_the_log_of_a_training_can_be_read(staff):
    version = VersionFactory()
    assert staff.get(f"{URL}{version.pk}/log/").json() == {"lines": []}
    version.folder.mkdir(parents=True)
    training_log.file_of(version).write_text("epoch 1\nepoch 2\n")

    assert staff.get(f"{URL}{version.pk}/log/").json() == {"lines": ["epoch 1", "epoch 2"]}
