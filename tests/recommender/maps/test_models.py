import pytest
from django.db import IntegrityError, transaction

from recommender.maps.models import MapPoint, TasteMap

pytestmark = pytest.mark.django_db


def test_a_version_has_one_map_in_the_making(active):
    TasteMap.objects.create(version=active)

    with pytest.raises(IntegrityError, match="one_map_in_the_making"), transaction.atomic():
        TasteMap.objects.create(version=active)


def test_a_map_and_its_points_go_with_their_version(active):
    made = TasteMap.objects.create(version=active)
    point = MapPoint.objects.create(map=made, product_id=1, rank=1, x=2, y=3)
    assert (str(made), str(point)) == (f"map of {active}", "product 1 at 2, 3")

    active.delete()

    assert not MapPoint.objects.exists()
