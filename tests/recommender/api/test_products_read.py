import pytest

from catalog import products, readings
from catalog.models import Product
from tests.factories import ProductFactory, embed, turned

URL = "/api/v1/products/"


def skus(response) -> list[str]:
    return [product["sku"] for product in response.json()["results"]]


def test_a_product_has_the_fields_of_the_contract(guest, active):
    product = ProductFactory(sku="A-1", title="Boot", category__name="Boots", attributes={"colour": "red"})
    embed(product, active, turned(0))

    told = guest.get(f"{URL}A-1/").json()

    assert told == {
        "id": product.pk,
        "sku": "A-1",
        "title": "Boot",
        "category": "Boots",
        "price": "19.90",
        "currency": "EUR",
        "image": f"http://testserver{product.images.get().file.url}",
        "thumbnail": f"http://testserver{product.images.get().display_url}",
        "url": "http://testserver/products/A-1/",
        "in_stock": True,
        "attributes": {"colour": "red"},
        "findable": True,
    }


def test_a_product_leads_to_its_page_in_the_storefront_and_a_response_may_be_sent_back(guest, staff):
    ProductFactory(sku="A-1")
    page = "https://shop.example/p/1?size=40#top"

    assert staff.patch(f"{URL}A-1/", {"url": page}).json()["url"] == page
    assert guest.get(URL).json()["results"][0]["url"] == page
    sent_back = {name: value for name, value in guest.get(f"{URL}A-1/").json().items() if name != "image"}
    assert staff.put(f"{URL}A-1/", sent_back).json()["url"] == page
    assert staff.patch(f"{URL}A-1/", {"url": ""}).json()["url"] == "http://testserver/products/A-1/"
    assert staff.patch(f"{URL}A-1/", {"url": "http://testserver/products/A-1/"}).status_code == 200
    assert Product.objects.get().url == ""


PAGE_REASON = "A page is at http:// or https:// and a host, without spaces."


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "ftp://shop.example/1",
        "/p/1",
        "https://",
        "shop.example/1",
        "https://me@shop.example/",
        "https://a b/",
    ],
)
def test_a_page_is_of_http_or_https(staff, url):
    ProductFactory(sku="A-1")

    refused = staff.patch(f"{URL}A-1/", {"url": url})

    assert (refused.status_code, refused.json()["errors"]) == (400, {"url": [PAGE_REASON]})
    batch = staff.post(
        f"{URL}batch/", {"upsert": [{"sku": "A-1", "title": "x", "category": "y", "price": 1, "url": url}]}
    )
    assert batch.json()["failed"][0]["errors"] == {"url": [PAGE_REASON]}


def test_a_product_whose_picture_cannot_be_read_says_why(guest):
    image = ProductFactory(sku="A-1").images.get()
    readings.set_aside({image.pk: "cannot be read: a.png: No such file or directory"})

    told = guest.get(f"{URL}A-1/").json()

    problem = f"Picture 1 of product {image.product_id} cannot be read: a.png: No such file or directory."
    assert (told["findable"], told["problem"]) == (False, problem)
    assert guest.get(URL).json()["results"] == [told]


def test_a_product_without_picture_or_embedding_says_so(guest, active):
    ProductFactory(sku="A-1", image=False)

    told = guest.get(f"{URL}A-1/").json()

    assert told["image"] is None
    assert told["findable"] is False


def test_an_unknown_product_is_named(guest):
    response = guest.get(f"{URL}nope/")

    assert response.status_code == 404
    assert response.json()["detail"] == "There is no product 'nope'."


def test_hidden_products_are_for_staff(guest, staff):
    ProductFactory(sku="A-1", is_hidden=True)

    assert guest.get(f"{URL}A-1/").status_code == 404
    assert skus(guest.get(URL)) == []
    assert staff.get(f"{URL}A-1/").status_code == 200
    assert skus(staff.get(URL)) == ["A-1"]


def test_the_list_comes_in_pages_newest_first(guest):
    for number in range(5):
        ProductFactory(sku=f"A-{number}", image=False)

    first = guest.get(URL, {"page_size": 2})
    second = guest.get(first.json()["next"])

    assert first.json()["count"] == 5
    assert first.json()["previous"] is None
    assert skus(first) == ["A-4", "A-3"]
    assert skus(second) == ["A-2", "A-1"]


def test_a_limit_says_how_many_a_page_has_and_goes_before_the_page_size(guest):
    for number in range(5):
        ProductFactory(sku=f"A-{number}", image=False)

    first = guest.get(URL, {"limit": 3, "page_size": 1})
    second = guest.get(first.json()["next"])

    assert skus(first) == ["A-4", "A-3", "A-2"]
    assert skus(second) == ["A-1", "A-0"]
    assert second.json()["next"] is None


def test_the_links_lead_to_the_end_and_back(guest):
    for number in range(5):
        ProductFactory(sku=f"A-{number}", price=7, image=False)

    last = guest.get(guest.get(guest.get(URL, {"limit": 2, "ordering": "price"}).json()["next"]).json()["next"])
    back = guest.get(guest.get(last.json()["previous"]).json()["previous"])

    assert (skus(last), last.json()["next"], last.json()["count"]) == (["A-4"], None, 5)
    assert (skus(back), back.json()["previous"], back.json()["count"]) == (["A-0", "A-1"], None, 5)


@pytest.mark.parametrize("query", [{"page": "2"}, {"page": "1000"}, {"page": "9" * 5000}, {"cursor": "x"}])
def test_a_page_that_is_not_there_is_a_404(guest, query):
    ProductFactory(image=False)

    assert guest.get(URL, query).status_code == 404


def test_the_product_of_a_sku_is_found_before_those_that_begin_alike(guest):
    for sku in ("A-1", "A-12", "A-13"):
        ProductFactory(sku=sku, image=False)

    assert skus(guest.get(URL, {"search": "A-1"})) == ["A-1", "A-13", "A-12"]


@pytest.mark.parametrize(
    ("query", "shown"), [({}, 24), ({"limit": ""}, 24), ({"limit": 100}, 26), ({"page_size": 0}, 24)]
)
def test_without_a_limit_a_page_has_24(guest, query, shown):
    for _ in range(26):
        ProductFactory(image=False)

    assert len(skus(guest.get(URL, query))) == shown


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"search": "red bo"}, ["A-1"]),
        ({"search": "a-2"}, ["A-2"]),
        ({"search": "?! -"}, []),
        ({"search": "\u2764\ufe0f"}, []),
        ({"search": "  "}, ["A-2", "A-1"]),
        ({"category": "boots"}, ["A-1"]),
        ({"category": " BOOTS "}, ["A-1"]),
        ({"min_price": "20"}, ["A-2"]),
        ({"max_price": "20"}, ["A-1"]),
        ({"min_price": "10", "max_price": "10"}, ["A-1"]),
        ({"in_stock": "false"}, ["A-2"]),
        ({"in_stock": "1"}, ["A-1"]),
        ({"search": "", "category": "", "min_price": "", "in_stock": ""}, ["A-2", "A-1"]),
        ({"ordering": "price"}, ["A-1", "A-2"]),
        ({"ordering": "-price"}, ["A-2", "A-1"]),
        ({"ordering": "title"}, ["A-2", "A-1"]),
        ({"ordering": "created_at"}, ["A-1", "A-2"]),
    ],
)
def test_the_list_is_searched_filtered_and_ordered(guest, query, expected):
    ProductFactory(sku="A-1", title="Red boot", category__name="Boots", price=10, image=False)
    ProductFactory(sku="A-2", title="Bag", category__name="Bags", price=30, in_stock=False, image=False)

    assert skus(guest.get(URL, query)) == expected


def test_the_list_has_what_was_changed_since(guest):
    for sku in ("A-1", "A-2", "A-3"):
        ProductFactory(sku=sku, image=False)
    products.update(Product.objects.get(sku="A-1"), price="7")
    since = Product.objects.get(sku="A-3").updated_at.isoformat()

    response = guest.get(URL, {"updated_since": since, "limit": 1})

    assert (skus(response), response.json()["count"]) == (["A-3"], 2)
    assert skus(guest.get(response.json()["next"])) == ["A-1"]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"updated_since": "soon"}, "updated_since"),
        ({"ordering": "sku"}, "ordering"),
        ({"category": "Nope"}, "category"),
        ({"min_price": "NaN"}, "min_price"),
        ({"min_price": "1e400"}, "min_price"),
        ({"max_price": "-1"}, "max_price"),
        ({"min_price": "9", "max_price": "8"}, "min_price"),
        ({"in_stock": "perhaps"}, "in_stock"),
        ({"search": "a\0b"}, "search"),
        ({"search": "x" * 1000}, "search"),
        ({"limit": "0"}, "limit"),
        ({"limit": "-1"}, "limit"),
        ({"limit": "9999"}, "limit"),
        ({"limit": "abc"}, "limit"),
        ({"limit": "2.5"}, "limit"),
    ],
)
def test_a_parameter_that_makes_no_sense_is_named(guest, query, field):
    response = guest.get(URL, query)

    assert response.status_code == 400
    assert list(response.json()["errors"]) == [field]


def test_a_list_takes_as_many_queries_for_twenty_as_for_ten(guest, active, django_assert_num_queries):
    for _ in range(20):
        embed(ProductFactory(), active, turned(0))

    for size in (10, 20):
        with django_assert_num_queries(4):  # count, products, pictures, embeddings
            guest.get(URL, {"page_size": size})
