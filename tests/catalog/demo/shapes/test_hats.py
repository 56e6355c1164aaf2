from tests.catalog.demo.shapes.drawn import check_shapes


def test_hats_of_all_traits_are_drawn():
    check_shapes("hats", stands=True, below=4.5)  # the peak of a cap dips below the line it stands on
