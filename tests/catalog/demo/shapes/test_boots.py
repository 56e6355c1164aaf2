import pytest

from tests.catalog.demo.shapes.drawn import check_shapes


@pytest.mark.parametrize("category", ["boots", "high boots"])
def test_boots_of_all_traits_are_drawn(category):
    check_shapes(category, stands=True)
