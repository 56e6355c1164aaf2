import pytest
from django.utils import timezone

from recommender.maps import cells
from recommender.maps.models import MapPoint, TasteMap


@pytest.fixture(autouse=True)
def no_cells_of_a_minute_ago():
    cells.rows_in_view.cache.clear()


@pytest.fixture
def laid_out():
    """Make a finished map of a version, with products where a test has them, the most popular first."""

    def make(version, places) -> TasteMap:
        made = TasteMap.objects.create(version=version, finished_at=timezone.now(), products=len(places))
        MapPoint.objects.bulk_create(
            MapPoint(map=made, product_id=product.pk, rank=rank, x=x, y=y)
            for rank, (product, (x, y)) in enumerate(places.items(), 1)
        )
        return made

    return make
