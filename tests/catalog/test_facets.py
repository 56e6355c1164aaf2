import pytest

from catalog import counts, facets
from catalog.listing import Listing
from tests.factories import ProductFactory

pytestmark = pytest.mark.django_db


def fill(count: int, **attributes) -> None:
    for _ in range(count):
        ProductFactory(attributes=attributes, image=False)


def values(found: list[facets.Facet]) -> dict[str, list[tuple[str, int]]]:
    return {facet.name: [(value.value, value.count) for value in facet.values] for facet in found}


def test_each_value_has_the_number_of_its_products():
    fill(2, Colour="red")
    fill(1, colour="Red", sizes="S, M")
    fill(1, colour="blue", sizes="M")

    found = facets.count_values(Listing("price", {}), ["colour", "Sizes", "none", "category"])

    assert values(found) == {
        "colour": [("red", 3), ("blue", 1)],
        "Sizes": [("M", 2), ("S", 1)],
        "none": [],
        "category": [("Shoes", 4)],
    }


def test_a_chosen_value_is_counted_beside_those_that_one_could_choose_with_it():
    fill(2, colour="red", pattern="dots")
    fill(1, colour="blue", pattern="dots")
    fill(1, colour="blue", pattern="plain")
    ProductFactory(category__name="Bags", attributes={"colour": "red"}, image=False)

    listing = Listing("price", {"categories": ["Shoes"], "attributes": {"colour": ["red", "green"]}})
    found = facets.count_values(listing, ["colour", "pattern", "category"])

    assert [product.attributes for product in listing.found] == [{"colour": "red", "pattern": "dots"}] * 2
    assert values(found) == {
        "colour": [("red", 2), ("green", 0), ("blue", 2)],
        "pattern": [("dots", 2)],
        "category": [("Shoes", 2), ("Bags", 1)],
    }
    assert [value.is_chosen for value in found[0].values] == [True, True, False]


def test_a_page_shows_what_most_have_with_few_values_and_what_is_chosen():
    for number in range(40):
        rare = {"zip": "no" if number else "yes", "heel": "low"} if number < 2 else {}
        shared = {"colour": "red" if number % 2 else "blue", "text": f"t{number}", "shop": "ours", **rare}
        ProductFactory(attributes=shared, image=False)

    assert list(values(facets.choose(Listing("price", {})))) == ["category", "colour"]
    chosen = Listing("price", {"attributes": {"heel": ["low"]}})
    assert values(facets.choose(chosen)) == {
        "category": [("Shoes", 2)],
        "heel": [("low", 2)],
    }


def test_of_long_lists_the_newest_are_counted_for_all(monkeypatch):
    monkeypatch.setattr(facets, "SAMPLED", 10)
    fill(20, colour="blue")
    fill(5, colour="red")
    fill(5, colour="green")

    [found] = facets.count_values(Listing("price", {"in_stock": True}), ["colour"])

    assert [(value.value, value.count) for value in found.values] == [("green", 15), ("red", 15)]


def test_nothing_is_counted_for_a_list_of_nothing():
    fill(1, colour="red")

    assert values(facets.count_values(Listing("price", {}, "quokka"), ["colour", "category"])) == {
        "colour": [],
        "category": [],
    }
    assert counts.EXACT > facets.SAMPLED


def test_of_a_short_list_values_of_few_products_are_shown_and_texts_of_one_are_not():
    for number, colour in enumerate(["red", "red", "blue", "green"]):
        fill(1, colour=colour, text=f"t{number}")

    assert values(facets.choose(Listing("price", {}))) == {
        "category": [("Shoes", 4)],
        "colour": [("red", 2), ("blue", 1), ("green", 1)],
    }
