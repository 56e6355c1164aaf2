import re

import pytest

from recommender.designs import gap_reports
from recommender.maps import making, positions
from recommender.maps.cells import CELLS, SIDE
from tests.factories import (
    CategoryFactory,
    InteractionFactory,
    VersionFactory,
    clerk,
    image_bytes,
    turned,
)
from tests.recommender.conftest import placed
from tests.recommender.maps.conftest import laid_out, no_cells_of_a_minute_ago

__all__ = ["laid_out", "no_cells_of_a_minute_ago"]  # fixtures

pytestmark = pytest.mark.django_db
LIST = "/admin/recommender/modelversion/"
CELL = SIDE // CELLS


@pytest.fixture
def mapped(active, laid_out):
    """Three products on the map of the active version, two of them in one cell."""
    products = placed(active, 0, 5, 90)
    laid_out(active, dict(zip(products, [(10, 10), (20, 20), (SIDE - 1, SIDE - 1)], strict=True)))
    return products


def page_of(client, version, query=""):
    return client.get(f"{LIST}{version.pk}/map/{query}").content.decode()


def test_a_map_is_made_from_its_page(admin_client, active):
    placed(active, 0, 5)
    assert "There is no map of" in page_of(admin_client, active)

    waits = admin_client.post(f"{LIST}{active.pk}/map/", follow=True).content.decode()

    assert "A worker makes the map: 0 %" in waits and "Make the map" not in waits
    assert making.latest(active).finished_at is None


def test_a_page_shows_a_view_of_at_most_144_pictures(admin_client, active, mapped):
    first, _, other = mapped

    page = page_of(admin_client, active)

    assert "In view: 3 products in 2 of 144 squares; 142 are empty." in page
    assert page.count('class="cell') == 144 and page.count("<img src=") == 2
    assert f'alt="{first.title}: zoom in on 2 products"' in page
    assert f"/admin/catalog/product/{other.pk}/change/" in page
    assert f"2 products like {first.title}" in page


def test_links_zoom_and_move_and_end_at_the_edges(admin_client, active, mapped):
    page = page_of(admin_client, active, "?zoom=1&x=12&y=12")

    steps = dict(re.findall(r'id="map-([a-z]+)" href="[^"?]*([^"]*)"', page.replace("&amp;", "&")))
    assert steps == {
        "left": "?zoom=1&x=6&y=12",
        "up": "?zoom=1&x=12&y=6",
        "in": "?zoom=2&x=30&y=30",
        "out": "?",
        "whole": "?",
    }
    assert 'id="map-right"' not in page and 'id="map-down"' not in page
    assert "In view: 1 product in 1 of 144 squares" in page
    assert 'id="map-left"' not in page_of(admin_client, active)


def test_the_script_gets_the_part_alone(admin_client, active, mapped):
    response = admin_client.get(f"{LIST}{active.pk}/map/?zoom=1", HTTP_HX_REQUEST="true")

    part = response.content.decode()
    assert part.strip().startswith('<div id="map" data-zoom="1" data-left="0" data-top="0">') and "<html" not in part
    assert "HX-Request" in response["Vary"]


def test_filters_stay_in_all_links(admin_client, active, mapped):
    bag = mapped[2]
    bag.category, bag.attributes = CategoryFactory(name="Bags"), {"colour": "red"}
    bag.save()

    page = page_of(admin_client, active, "?category=Bags&attribute=colour%3Dred&zoom=nonsense")

    assert "In view: 1 product in 1 of 144 squares" in page
    assert 'id="map-in" href="/admin/recommender/modelversion/' in page
    assert "?category=Bags&amp;attribute=colour%3Dred&amp;zoom=1" in page


def test_a_shopper_is_on_the_map(admin_client, active, mapped):
    InteractionFactory(shopper__key="ada", product=mapped[2], kind="like")

    page = page_of(admin_client, active, "?shopper=ada")

    assert "their taste lies here" in page and "1 are on the map" in page
    assert page.count("cell shade-1 known") == 1 and "; of the shopper: like" in page
    assert page.count(" taste") >= 1 and "<strong>taste</strong>" in page
    assert "There is no shopper eve." in page_of(admin_client, active, "?shopper=eve")


def test_demand_gaps_lie_where_their_pictures_would(admin_client, active, mapped, generator, monkeypatch):
    monkeypatch.setattr(positions, "NEAREST", 1)
    folder = gap_reports.folder_of(generator)
    folder.mkdir(parents=True)
    (folder / "gap-01.png").write_bytes(image_bytes())
    far, near = mapped[2], mapped[0]
    gaps = [
        gap_reports.Gap("Shoes", "gap-01.png", 7, 2, 0.9, 0.8, near.sku, 5, {str(active.pk): turned(90)}),
        gap_reports.Gap("Shoes", "gap-01.png", 6, 2, 0.9, 0.8, far.sku, 5),
        gap_reports.Gap("Hats", "gap-01.png", 5, 2, 0.9, 0.8, "gone", 5),
    ]
    gap_reports.save_report(gap_reports.Report("lsgan 1", "hybrid 1", "2026-01-01T00:00:00Z", 30, gaps), folder)

    page = page_of(admin_client, active)

    assert "<strong>7 of 30 shoppers would want this</strong> (Shoes). The nearest you sell is" in page
    assert near.title in page and page.count('<li id="gap-') == 2
    assert page.count('href="#gap-') == 1  # both in one square: the one wanted most
    assert '<li id="gap-' not in page_of(admin_client, active, "?category=Bags")


def test_who_may_see_versions_alone_sees_neither_shoppers_nor_gaps(client, active, mapped):
    InteractionFactory(shopper__key="ada", product=mapped[0])
    client.force_login(clerk("view_modelversion"))

    page = page_of(client, active, "?shopper=ada")

    assert "In view: 3 products" in page and "taste lies" not in page and 'name="shopper"' not in page
    assert "Make the map" not in page and client.post(f"{LIST}{active.pk}/map/").status_code == 403
    client.force_login(clerk())
    assert client.get(f"{LIST}{active.pk}/map/").status_code == client.get(f"{LIST}map/").status_code == 403


def test_the_list_of_versions_leads_to_the_map_of_the_one_that_serves(admin_client, active):
    assert admin_client.get(f"{LIST}map/").url == f"{LIST}{active.pk}/map/"
    assert f"{LIST}map/" in admin_client.get(LIST).content.decode()
    assert f"{LIST}{active.pk}/map/" in admin_client.get(f"{LIST}{active.pk}/change/").content.decode()
    active.delete()
    assert "No version serves yet" in admin_client.get(f"{LIST}map/", follow=True).content.decode()


def test_a_version_that_is_not_trained_gets_none(admin_client):
    version = VersionFactory(state="training")

    page = admin_client.post(f"{LIST}{version.pk}/map/", follow=True).content.decode()

    assert "is training, not trained." in page


def test_queries_do_not_grow_with_the_map(admin_client, active, laid_out, django_assert_max_num_queries):
    products = placed(active, *range(30))
    laid_out(
        active, {product: (CELL * (number % 12), CELL * (number // 12)) for number, product in enumerate(products)}
    )

    with django_assert_max_num_queries(25):
        page = page_of(admin_client, active)

    assert "In view: 30 products in 30 of 144 squares" in page
