import pytest

from tests.catalog.demo.shapes.drawn import check_shapes


@pytest.mark.parametrize("category", ["loafers", "slippers", "flats"])
def test_slip_ons_of_all_traits_are_drawn(category):
    check_shapes(category, stands=True)
