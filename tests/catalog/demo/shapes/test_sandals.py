from tests.catalog.demo.shapes.drawn import check_shapes


def test_sandals_of_all_traits_are_drawn():
    check_shapes("sandals", stands=True)
