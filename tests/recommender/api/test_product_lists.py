import pytest

from tests.factories import CategoryFactory, ProductFactory

pytestmark = pytest.mark.django_db

URL = "/api/v1/products/"


def test_facets_count_what_passes_all_other_filters(guest):
    for sku, category, colour, pattern in [
        ("A", "Boots", "red", "dots"),
        ("B", "Boots", "Red", "plain"),
        ("C", "Boots", "blue", "dots"),
        ("D", "Bags", "red", "dots, stripes"),
        ("E", "Hats", "red", "dots"),
    ]:
        ProductFactory(sku=sku, category__name=category, attributes={"colour": colour, "Pattern": pattern}, image=False)

    query = (
        "?category=boots&category=Bags&attributes.colour=RED&attributes.pattern=dots&facets=colour,pattern,category,x"
    )
    found = guest.get(URL + query).json()

    assert [product["sku"] for product in found["results"]] == ["D", "A"]
    assert found["facets"] == {
        "colour": [{"value": "red", "count": 2}, {"value": "blue", "count": 1}],
        "pattern": [{"value": "dots", "count": 2}, {"value": "plain", "count": 1}, {"value": "stripes", "count": 1}],
        "category": [{"value": "Bags", "count": 1}, {"value": "Boots", "count": 1}, {"value": "Hats", "count": 1}],
        "x": [],
    }
    several = guest.get(URL + "?attributes.colour=blue&attributes.colour=red&attributes.pattern=plain").json()
    assert [product["sku"] for product in several["results"]] == ["B"]
    assert "facets" not in guest.get(URL).json()


def test_names_of_attributes_are_taken_in_any_case_and_unknown_ones_are_told(guest, staff):
    ProductFactory(sku="A", attributes={"Shoe size": "42"}, image=False)
    ProductFactory(sku="B", attributes={"Colour": "red"}, image=False)
    ProductFactory(sku="C", attributes={"Lot": "7"}, is_hidden=True, image=False)

    found = guest.get(URL + "?facets=attributes.shoe SIZE,colour,sizes,lot,Category&attributes.COLOUR=RED").json()
    nothing = guest.get(URL + "?attributes.colours=red").json()

    assert found["facets"] == {
        "attributes.shoe SIZE": [],
        "colour": [{"value": "red", "count": 1}],
        "sizes": [],
        "lot": [],
        "Category": [{"value": "Shoes", "count": 1}],
    }
    assert found["unknown_attributes"] == ["sizes", "lot"]
    assert guest.get(URL + "?facets=attributes.SHOE size").json()["facets"] == {
        "attributes.SHOE size": [{"value": "42", "count": 1}]
    }
    assert (nothing["count"], nothing["unknown_attributes"]) == (0, ["colours"])
    assert "unknown_attributes" not in staff.get(URL + "?facets=Lot").json()


def test_a_search_says_what_it_took_for_words_it_does_not_know(guest):
    ProductFactory(sku="A", title="Red boots", image=False)

    found = guest.get(URL, {"search": "red botos"}).json()
    nearest = guest.get(URL, {"search": "red quokka"}).json()

    assert (found["count"], found["corrected"], "nearest" in found) == (1, {"botos": ["boots"]}, False)
    assert (nearest["count"], nearest["nearest"]) == (1, True)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("category=boots&category=Nowhere", "category"),
        ("category=" + "a" * 101, "category.0"),
        ("&".join(f"category={n}" for n in range(60)), "category"),
        ("facets=" + ",".join(f"f{n}" for n in range(11)), "facets"),
        ("&".join(f"attributes.a{n}=1" for n in range(11)), "attributes"),
        ("&".join(f"attributes.a={n}" for n in range(21)), "attributes"),
        ("attributes.a=" + "x" * 301, "attributes"),
        ("attributes.a=%00", "attributes"),
    ],
)
def test_filters_beyond_their_bounds_are_refused(guest, query, field):
    CategoryFactory(name="Boots")

    response = guest.get(f"{URL}?{query}")

    assert (response.status_code, list(response.json()["errors"])) == (400, [field])
