from tests.factories import CategoryFactory, ProductFactory

URL = "/api/v1/categories/"


def test_categories_are_listed_with_the_number_of_their_visible_products(guest):
    boots, heels = CategoryFactory(name="Boots"), CategoryFactory(name="Heels")
    CategoryFactory(name="Empty")
    ProductFactory(category=heels), ProductFactory(category=heels), ProductFactory(category=heels, is_hidden=True)
    ProductFactory(category=boots)

    listed = guest.get(URL).json()

    assert listed["results"] == [{"name": "Boots", "products": 1}, {"name": "Heels", "products": 2}]
    assert guest.get(f"{URL}?limit=1&page=2").json()["results"] == [{"name": "Heels", "products": 2}]


def test_caches_ask_whether_the_categories_are_still_the_same(guest):
    first = guest.get(URL)

    assert first["Cache-Control"] == "public, no-cache"
    assert guest.get(URL, headers={"If-None-Match": first["ETag"]}).status_code == 304
