import pytest

from recommender.maps import cells
from recommender.maps.cells import CELLS, DEEPEST, SIDE, Filter, View
from tests.factories import CategoryFactory, ProductFactory

pytestmark = pytest.mark.django_db
WHOLE = View()
CELL = SIDE // CELLS


def counted(found):
    return {position: (cell.count, cell.product) for position, cell in found.items()}


def test_a_cell_shows_the_most_popular_of_its_products_and_how_many_there_are(
    active, laid_out, django_assert_num_queries
):
    first, second, third = (ProductFactory() for _ in range(3))
    taste_map = laid_out(active, {first: (0, 0), second: (CELL - 1, CELL - 1), third: (CELL, 5)})

    with django_assert_num_queries(2):
        found = cells.read(taste_map, WHOLE, Filter())

    assert counted(found) == {(0, 0): (2, first), (1, 0): (1, third)}


def test_zoomed_in_a_view_shows_its_part_alone(active, laid_out):
    first, second, third = (ProductFactory() for _ in range(3))
    taste_map = laid_out(active, {first: (0, 0), second: (CELL - 1, CELL - 1), third: (SIDE - 1, SIDE - 1)})

    found = cells.read(taste_map, View.of(1, 0, 0), Filter())

    assert counted(found) == {(0, 0): (1, first), (1, 1): (1, second)}
    assert counted(cells.read(taste_map, View.of(DEEPEST, SIDE, SIDE), Filter())) == {(SIDE - 1, SIDE - 1): (1, third)}


def test_filters_count_what_passes_alone(active, laid_out):
    bags = CategoryFactory(name="Bags")
    shoe = ProductFactory(attributes={"colour": "Red, Blue"})
    bag = ProductFactory(category=bags, attributes={"colour": "green"})
    hidden = ProductFactory(category=bags, is_hidden=True)
    taste_map = laid_out(active, {hidden: (0, 0), shoe: (0, 0), bag: (0, 0)})

    for chosen, expected in (
        (Filter(), (2, shoe)),
        (Filter("Bags"), (1, bag)),
        (Filter("", "colour", "blue"), (1, shoe)),
        (Filter("Bags", "colour", "Green"), (1, bag)),
    ):
        assert counted(cells.read(taste_map, WHOLE, chosen)) == {(0, 0): expected}
    for chosen in (Filter("Hats"), Filter("", "colour", "re"), Filter("", "sole", "red")):
        assert cells.read(taste_map, WHOLE, chosen) == {}


def test_what_was_deleted_since_is_not_counted(active, laid_out):
    first, second = ProductFactory(), ProductFactory()
    taste_map = laid_out(active, {first: (0, 0), second: (0, 0)})
    first.delete()

    assert counted(cells.read(taste_map, WHOLE, Filter())) == {(0, 0): (1, second)}


@pytest.mark.parametrize(
    ("numbers", "view"),
    [
        ((0, 3, 3), (0, 0, 0)),
        ((2, 100, -4), (2, 36, 0)),
        ((99, 0, 0), (DEEPEST, 0, 0)),
        ((-1, 0, 0), (0, 0, 0)),
    ],
)
def test_a_view_is_the_nearest_one_that_there_is(numbers, view):
    assert View.of(*numbers) == View(*view)


def test_views_move_by_half_a_side_and_zoom_around_their_middle():
    view = View.of(3, 20, 20)

    assert view.moved(1, 0) == View(3, 26, 20) and view.moved(0, -1) == View(3, 20, 14)
    assert view.zoomed((26, 26)) == View(4, 47, 47)
    assert view.scaled(1) == View(4, 46, 46) and view.scaled(-1) == View(2, 7, 7)
    assert View().scaled(-1) == View() and View.of(DEEPEST, 5, 5).zoomed((6, 6)).zoom == DEEPEST
    assert View.centred_at((SIDE // 2, SIDE // 2), 1) == View(1, 6, 6)


def test_a_point_is_in_a_cell_or_out_of_view():
    view = View.of(1, 12, 0)

    assert view.cell_of((SIDE // 2, 0)) == (12, 0)
    assert view.cell_of((0, 0)) is None


def test_the_most_crowded_cells_come_first(active, laid_out):
    products = [ProductFactory() for _ in range(6)]
    places = [(0, 0)] * 2 + [(CELL, 0)] * 3 + [(0, CELL)]
    found = cells.read(laid_out(active, dict(zip(products, places, strict=True))), WHOLE, Filter())

    assert [(cell.x, cell.y, cell.count) for cell in cells.most_crowded(found, 5)] == [(1, 0, 3), (0, 0, 2)]
    assert len(cells.most_crowded(found, 1)) == 1


def test_places_of_products_are_found(active, laid_out):
    here, elsewhere = ProductFactory(), ProductFactory()
    taste_map = laid_out(active, {here: (3, 4)})

    assert cells.find(taste_map, [here.pk, elsewhere.pk]) == {here.pk: (3, 4)}
