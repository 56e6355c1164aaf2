"""The page of a training: its worker, its log, and another try."""

import pytest

from recommender.models import ModelVersion
from recommender.versions import training_log
from tests.factories import ProductFactory, VersionFactory, clerk

pytestmark = pytest.mark.django_db
LIST = "/admin/recommender/modelversion/"


def test_a_version_shows_its_worker_and_its_log(admin_client):
    version = VersionFactory(worker="gpu-7")
    path = f"{LIST}{version.pk}/change/"
    assert "Log of the training" not in admin_client.get(path).content.decode()
    version.folder.mkdir(parents=True)
    training_log.file_of(version).write_text("epoch 1 <b>\nepoch 2\n")

    page = admin_client.get(path).content.decode()

    assert "gpu-7" in page and "<summary>2 lines</summary>" in page
    assert "epoch 1 &lt;b&gt;\nepoch 2\n</pre>" in page


def test_what_failed_is_trained_again_and_its_page_opens(admin_client):
    failed = VersionFactory(state="failed", settings={"dimensions": 8})
    again = f"{LIST}{failed.pk}/step/train-again/"
    assert "a training needs at least 10" in admin_client.post(again, follow=True).content.decode()
    ProductFactory.create_batch(10)
    assert again in admin_client.get(f"{LIST}{failed.pk}/change/").content.decode()

    answer = admin_client.post(again)

    version = ModelVersion.objects.latest("pk")
    assert (version.state, version.settings, version.by) == ("queued", {"dimensions": 8}, "admin")
    assert answer.headers["Location"] == f"{LIST}{version.pk}/change/"
    assert "/step/train-again/" not in admin_client.get(answer.headers["Location"]).content.decode()


def test_who_may_not_train_does_not_train_again(client):
    client.force_login(clerk("view_modelversion", "change_modelversion"))
    failed = VersionFactory(state="failed")

    assert client.post(f"{LIST}{failed.pk}/step/train-again/").status_code == 403
