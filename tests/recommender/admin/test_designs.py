import pytest

from recommender.designs import lifecycle
from recommender.models import Design
from tests.factories import CategoryFactory

pytestmark = pytest.mark.django_db


def test_designs_are_listed_and_deleted_with_their_pictures(admin_client, ada, generator):
    design = lifecycle.request(ada, CategoryFactory(name="Shoes"))
    page = admin_client.get("/admin/recommender/design/").content.decode()
    assert f"design {design.pk}" in page and "ada" in page
    assert admin_client.get(f"/admin/recommender/design/{design.pk}/change/").status_code == 200

    admin_client.post(f"/admin/recommender/design/{design.pk}/delete/", {"post": "yes"})

    assert not Design.objects.exists()


def test_a_design_is_not_changed_by_hand(admin_client, ada, generator):
    design = lifecycle.request(ada, CategoryFactory(name="Shoes"))

    assert admin_client.get("/admin/recommender/design/add/").status_code == 403
    assert admin_client.post(f"/admin/recommender/design/{design.pk}/change/", {"eta": 3}).status_code == 403

    design.refresh_from_db()
    assert design.eta == 1.0
