from datetime import timedelta

import pytest
from django.utils import timezone

from recommender.models import ModelVersion
from tests.factories import ProductFactory, VersionFactory, clerk

pytestmark = pytest.mark.django_db
ADD = "/admin/recommender/modelversion/add/"


def test_the_method_is_chosen_first_the_defaults_before_all_others(admin_client):
    began = timezone.now() - timedelta(minutes=8, seconds=30)
    VersionFactory(method="visrec", started_at=began, finished_at=timezone.now())

    page = admin_client.get(ADD).content.decode()

    places = [page.index(f'href="?method={name}"') for name in ("visrec", "pixels", "hybrid", "bpr-mf", "lsgan")]
    assert places == sorted(places)
    assert page.count('class="default"') == 3
    assert "The last training here took 9 minutes." in page


def test_the_form_of_a_method_trains_it(admin_client, django_capture_on_commit_callbacks):
    ProductFactory.create_batch(10)
    page = admin_client.get(f"{ADD}?method=pixels").content.decode()
    assert (
        "Pixels a side. 4 to 64. Default: 32." in page
        and "how long it takes is unknown" in page
        and "Train pixels" in page
    )

    with django_capture_on_commit_callbacks() as queued:
        data = {"setting_dimensions": "64", "epochs": "", "seed": "3"}
        page = admin_client.post(f"{ADD}?method=pixels", data, follow=True)

    version = ModelVersion.objects.get()
    assert page.redirect_chain == [(f"/admin/recommender/modelversion/{version.pk}/change/", 302)]
    assert "Pixels 1 is queued. This page follows it." in page.content.decode()
    assert (version.method, version.settings, version.seed, version.by) == ("pixels", {"dimensions": 64}, 3, "admin")
    assert len(queued) == 1
    behind = VersionFactory(state="queued")
    page = admin_client.get(f"/admin/recommender/modelversion/{behind.pk}/change/").content.decode()
    assert "waiting for a worker, behind 1 training" in page


def test_what_is_no_method_is_chosen_anew(admin_client):
    assert "For similar styles" in admin_client.get(f"{ADD}?method=magic").content.decode()


def test_who_may_not_train_chooses_nothing(client):
    client.force_login(clerk("view_modelversion"))

    assert client.get(ADD).status_code == client.get(f"{ADD}?method=pixels").status_code == 403
