from tests.catalog.demo.shapes.drawn import check_shapes


def test_trainers_of_all_traits_are_drawn():
    check_shapes("sports", stands=True)
