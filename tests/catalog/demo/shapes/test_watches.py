from tests.catalog.demo.shapes.drawn import check_shapes


def test_watches_of_all_traits_are_drawn():
    check_shapes("watches", stands=False)
