import pytest

from tests.catalog.demo.shapes.drawn import check_shapes

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("category", ["tops", "dresses"])
def test_garments_of_all_traits_are_drawn(category):
    check_shapes(category, stands=False)
