import pytest

from recommender.designs import gap_reports, lifecycle
from recommender.models import Design
from tests.factories import CategoryFactory, ProductFactory, image_bytes

pytestmark = pytest.mark.django_db
ADMIN = "/admin/recommender/design/demand-gaps/"


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


def test_the_admin_shows_the_last_report_and_has_a_worker_look_anew(admin_client, generator):
    assert "There is no report yet" in admin_client.get(ADMIN).content.decode()
    folder = gap_reports.folder_of(generator)
    folder.mkdir(parents=True)
    (folder / "gap-01.png").write_bytes(image_bytes())
    product = ProductFactory()
    gap = gap_reports.Gap("shoes", "gap-01.png", 7, 2, 0.9, 0.8, product.sku, 5)
    gap_reports.save_report(
        gap_reports.Report("lsgan 1", "hybrid 1", "2026-01-01T00:00:00Z", 30, [gap], ["shoes"]), folder
    )

    page = admin_client.get(ADMIN).content.decode()

    assert "1 found on 1 Jan 2026, 00:00 in shoes. Generator: lsgan 1." in page
    assert "Shoes: 7 of 30" in page and "These are predictions" in page
    assert product.get_absolute_url() in page
    assert admin_client.get(f"{ADMIN}0/").content == image_bytes()
    assert admin_client.get(f"{ADMIN}1/").status_code == 404
    assert "A worker starts the search" in admin_client.post(ADMIN, follow=True).content.decode()


def test_without_a_generator_the_admin_says_so(admin_client):
    assert "no active generator" in admin_client.get(ADMIN).content.decode()
    assert "The search cannot start" in admin_client.post(ADMIN, follow=True).content.decode()
