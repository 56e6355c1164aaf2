"""Taste maps over REST."""

import pytest

from catalog.models import Product
from recommender import tasks
from recommender.maps import making
from recommender.maps.cells import SIDE
from tests.factories import CategoryFactory, VersionFactory
from tests.recommender.conftest import placed
from tests.recommender.maps.conftest import laid_out, no_cells_of_a_minute_ago

__all__ = ["laid_out", "no_cells_of_a_minute_ago"]  # fixtures

pytestmark = pytest.mark.django_db
URL = "/api/v1/models/"


def test_a_map_is_requested_made_and_read(staff, active):
    products = placed(active, 0, 5, 90)
    assert staff.get(f"{URL}{active.pk}/map/").status_code == 404

    queued = staff.post(f"{URL}{active.pk}/map/")
    waits = staff.get(f"{URL}{active.pk}/map/").json()
    tasks.make_map(making.latest(active).pk)
    found = staff.get(f"{URL}{active.pk}/map/").json()

    assert (queued.status_code, queued.json()["finished_at"]) == (202, None)
    assert (waits["latest"]["finished_at"], waits["cells"]) == (None, [])
    assert (found["latest"]["products"], found["latest"]["progress"]) == (3, 1.0)
    assert sum(cell["products"] for cell in found["cells"]) == 3
    assert {cell["sku"] for cell in found["cells"]} <= {product.sku for product in products}


def test_a_part_and_a_filter(staff, active, laid_out):
    here, far = placed(active, 0, 90)
    laid_out(active, {here: (0, 0), far: (SIDE - 1, SIDE - 1)})
    Product.objects.filter(pk=far.pk).update(category=CategoryFactory(name="Bags"), attributes={"colour": "red"})

    part = staff.get(f"{URL}{active.pk}/map/?zoom=1&x=99&y=99").json()
    bags = staff.get(f"{URL}{active.pk}/map/?category=Bags&attribute=colour&value=red").json()

    assert (part["zoom"], part["x"], part["y"]) == (1, 12, 12)
    assert part["cells"] == [{"x": 23, "y": 23, "products": 1, "sku": far.sku}]
    assert [cell["sku"] for cell in bags["cells"]] == [far.sku]
    assert staff.get(f"{URL}{active.pk}/map/?zoom=12").status_code == 400


def test_a_version_without_vectors_is_a_conflict(staff):
    assert staff.post(f"{URL}{VersionFactory(state='training').pk}/map/").status_code == 409
