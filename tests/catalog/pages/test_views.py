import re
import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.views import defaults

from catalog.models import Interaction, Product, Shopper
from tests.factories import (
    AccountFactory,
    CategoryFactory,
    InteractionFactory,
    ProductFactory,
    ShopperFactory,
    embed,
    turned,
)

pytestmark = pytest.mark.django_db


def skus(response) -> list[str]:
    """Of the product cards on a page, in order."""
    return re.findall(r'class="card" href="/products/([^/]+)/', response.content.decode())


def number_of_queries(client, path: str) -> int:
    with CaptureQueriesContext(connection) as queries:
        assert client.get(path).status_code == 200
    return len(queries)


@pytest.mark.parametrize("path", ["/", "/products/", "/search/photo/", "/for-you/", "/login/"])
def test_pages_of_an_empty_shop_open_for_a_guest(client, path):
    response = client.get(path)

    assert response.status_code == 200
    page = response.content.decode()
    assert '<main id="content"' in page
    assert 'href="#content"' in page
    assert "style=" not in page  # the content security policy would refuse it


def test_home_shows_categories_and_what_is_on_sale(client):
    boots = CategoryFactory(name="Boots & more")
    ProductFactory(sku="old", category=boots)
    ProductFactory(sku="new", category=boots)
    ProductFactory(sku="hidden", is_hidden=True)
    ProductFactory(sku="sold-out", in_stock=False)

    response = client.get("/")

    newest = skus(response)[-2:]
    assert newest == ["new", "old"]
    assert "hidden" not in skus(response)
    assert "/products/?category=Boots%20%26%20more" in response.content.decode()


def test_products_are_found_by_every_filter_at_once(client):
    boots = CategoryFactory(name="Boots")
    ProductFactory(sku="right", title="Red leather boots", category=boots, price="50")
    ProductFactory(sku="dear", title="Red leather boots", category=boots, price="500")
    ProductFactory(sku="gone", title="Red leather boots", category=boots, price="50", in_stock=False)
    ProductFactory(sku="blue", title="Blue boots", category=boots, price="50")
    ProductFactory(sku="bag", title="Red bag", price="50")

    asked = {"search": "red", "category": "Boots", "min_price": "10", "max_price": "100", "in_stock": "on"}
    response = client.get("/products/", asked)

    assert skus(response) == ["right"]
    page = response.content.decode()
    assert 'value="10"' in page
    assert re.search(r'name="category" value="Boots" checked', page)


@pytest.mark.parametrize(
    ("ordering", "expected"),
    [("price", ["b", "a", "c"]), ("-price", ["c", "a", "b"]), ("title", ["c", "b", "a"]), ("", ["c", "b", "a"])],
)
def test_products_come_in_the_order_asked_for(client, ordering, expected):
    ProductFactory(sku="a", title="Z", price="2")
    ProductFactory(sku="b", title="Y", price="1")
    ProductFactory(sku="c", title="X", price="3")

    assert skus(client.get("/products/", {"ordering": ordering})) == expected


@pytest.mark.parametrize(
    "bad",
    [
        {"min_price": "cheap"},
        {"max_price": "NaN"},
        {"min_price": "-1"},
        {"category": "Nowhere"},
        {"ordering": "colour"},
        {"search": "x" * 201},
        {"min_price": "20", "max_price": "10"},
    ],
)
def test_a_value_that_makes_no_sense_is_told_and_left_out(client, bad):
    ProductFactory(sku="one", price="30")

    response = client.get("/products/", bad)

    assert response.status_code == 200
    assert skus(response) == ["one"]
    assert "This filter is ignored." in response.content.decode()


def test_a_category_is_found_however_a_link_spells_it(client):
    ProductFactory(sku="right", category__name="High Boots", image=False)
    ProductFactory(sku="wrong", image=False)

    page = client.get("/products/", {"category": "high  boots"})

    assert [product.sku for product in page.context["page"].products] == ["right"]
    assert 'name="category" value="High Boots" checked' in page.content.decode()


@pytest.mark.parametrize(
    ("query", "title"),
    [
        ("", "All products"),
        ("?category=boots", "Boots"),
        ("?category=Nowhere", "All products"),
        ("?search=red&category=boots", "Results for “red”"),
        ("?search=%3Cb%3E", "Results for “&lt;b&gt;”"),
    ],
)
def test_a_list_says_what_it_is(client, query, title):
    CategoryFactory(name="boots")
    ProductFactory(category__name="boots")

    page = client.get(f"/products/{query}").content.decode()

    assert f"<title>{title} — VisRec</title>" in page
    assert f'<h1 id="heading">{title}</h1>' in page
    assert ("Clear all" in page) == ("=" in query and "Nowhere" not in query)


@pytest.mark.parametrize("search", ["unicorn", "!!!", "'; --", "\u2026"])
def test_nothing_found_is_said(client, search):
    ProductFactory()

    response = client.get("/products/", {"search": search})

    assert skus(response) == []
    assert "Nothing found" in response.content.decode()


def test_facets_are_checkboxes_with_counts_that_links_keep(client):
    for number in range(30):
        ProductFactory(
            category__name="Boots" if number < 28 else "Bags",
            attributes={"heelHeight": "low" if number < 26 else "high", "text": f"unique {number}"},
            image=False,
        )

    page = client.get(
        "/products/?category=Boots&category=Bags&attributes.heelheight=LOW&search=product"
    ).content.decode()

    boxes = re.findall(r'name="([\w.]+)" value="(\w+)"( checked)?><span>\w+</span> <small>(\d+)<', page)
    assert boxes == [
        ("category", "Boots", " checked", "26"),
        ("category", "Bags", " checked", "0"),
        ("attributes.heelHeight", "low", " checked", "26"),
        ("attributes.heelHeight", "high", "", "4"),
    ]
    assert "<legend>Heel height</legend>" in page and "unique" not in page
    assert "?category=Boots&amp;category=Bags&amp;attributes.heelheight=LOW&amp;search=product&amp;page=2" in page
    assert '<details class="wide more">' in page  # closed: on a phone the products come first


def test_a_page_says_how_it_read_the_words(client):
    ProductFactory(sku="one", title="Red boots", image=False)

    corrected = client.get("/products/", {"search": "botos"}).content.decode()
    nearest = client.get("/products/", {"search": "red quokka"}).content.decode()

    assert "Nothing has the word “botos”: these are results for “boots”." in corrected
    assert "No product has all of these words. These have most of them." in nearest
    assert '<option value="relevance">Best match</option>' in nearest


def test_htmx_gets_the_results_alone(client):
    ProductFactory(sku="one", category=CategoryFactory(name="Boots"))

    response = client.get("/products/?category=Boots", headers={"HX-Request": "true"})

    assert skus(response) == ["one"]
    page = response.content.decode()
    assert "<html" not in page
    assert 'id="heading" hx-swap-oob="true">Boots<' in page
    assert "<title>Boots — VisRec</title>" in page
    assert 'id="facets" hx-swap-oob="true"' in page
    assert re.search(r'id="clear" hx-swap-oob="true"><a [^>]*href="/products/">Clear all<', page)
    assert "HX-Request" in response["Vary"]


def test_a_product_page_says_what_there_is_to_know(client):
    product = ProductFactory(title="Red boots", price="1249.9", in_stock=False, attributes={"heel_height": "high"})

    page = client.get(product.get_absolute_url()).content.decode()

    for text in ("Red boots", "€1,249.90", "Sold out", "Heel height", "high", product.sku, 'alt="Red boots"'):
        assert text in page
    assert "/admin/" not in page


def test_staff_reach_the_admin_from_a_product(admin_client):
    product = ProductFactory()
    assert (
        f"/admin/catalog/product/{product.pk}/change/" in admin_client.get(product.get_absolute_url()).content.decode()
    )


@pytest.mark.parametrize(
    "path", ["/products/none/", "/products/%00/", "/products/a%20b/", "/products/x/verdict/", "/nope/"]
)
def test_what_is_not_there_is_a_404_with_a_way_back(client, path):
    response = client.get(path) if "verdict" not in path else client.post(path, {"verdict": "like"})

    assert response.status_code == 404
    assert "Back to the shop" in response.content.decode()


def test_a_bug_and_a_stale_form_have_pages_of_their_own(rf):
    broken = defaults.server_error(rf.get("/"))
    assert broken.status_code == 500
    assert "This is an error in the shop" in broken.content.decode()

    stale = Client(enforce_csrf_checks=True).post("/login/")
    assert stale.status_code == 403
    assert "This form is out of date" in stale.content.decode()


def test_a_hidden_product_is_not_there(client):
    product = ProductFactory(is_hidden=True)
    assert client.get(product.get_absolute_url()).status_code == 404
    assert not Interaction.objects.exists()


def test_a_view_is_kept_once_a_visit(client):
    product = ProductFactory()

    client.get(product.get_absolute_url())
    client.get(product.get_absolute_url())

    view = Interaction.objects.get()
    assert (view.kind, view.product, view.session) == ("view", product, client.session.session_key)

    Interaction.objects.update(occurred_at=timezone.now() - timedelta(minutes=31))
    client.get(product.get_absolute_url())
    assert Interaction.objects.count() == 2


def test_neither_crawlers_nor_head_requests_leave_a_view(client):
    product = ProductFactory()

    client.get(product.get_absolute_url(), headers={"User-Agent": "Googlebot/2.1"})
    client.head(product.get_absolute_url())

    assert not Interaction.objects.exists()


def test_staff_leave_no_view(admin_client):
    admin_client.get(ProductFactory().get_absolute_url())

    assert not Interaction.objects.exists()


def test_a_click_tells_which_recommendation_led_there_and_counts_once(client):
    product, recommendation = ProductFactory(), uuid.uuid4()
    path = f"{product.get_absolute_url()}?rec={recommendation}&pos=3&at=home"

    client.get(path)
    client.get(path)

    click = Interaction.objects.get()
    assert (click.kind, click.recommendation_id, click.position, click.placement) == (
        "click",
        recommendation,
        3,
        "home",
    )


UNKNOWN = "6f1c1a52-9d2b-4f0e-8b7e-0c5d6a1e2f30"  # the same in each process that collects the tests


@pytest.mark.parametrize(
    "origin",
    ["rec=x&pos=1", f"rec={UNKNOWN}&pos=0", f"rec={UNKNOWN}", "pos=9" * 50, f"rec={UNKNOWN}&pos=1&at={'x' * 51}"],
)
def test_an_origin_that_makes_no_sense_leaves_a_plain_view(client, origin):
    client.get(f"{ProductFactory().get_absolute_url()}?{origin}")

    assert Interaction.objects.get().kind == "view"


def test_a_signed_in_visitors_view_is_their_shoppers(client):
    client.force_login(AccountFactory(username="ada"))

    client.get(ProductFactory().get_absolute_url())

    assert Interaction.objects.get().shopper == Shopper.objects.get(key="ada", account__username="ada")


def test_a_like_shows_and_is_withdrawn(client):
    product = ProductFactory()
    path = f"{product.get_absolute_url()}verdict/"

    answer = client.post(path, {"verdict": "like"})
    assert answer.status_code == 302
    page = client.get(answer.url).content.decode()
    assert re.search(r'value="none" aria-pressed="true">\s*<svg', page)
    assert Interaction.objects.filter(kind="like").count() == 1

    client.post(path, {"verdict": "none"})
    assert not Interaction.objects.filter(kind="like").exists()


def test_a_dislike_takes_the_place_of_a_like(client):
    path = f"{ProductFactory().get_absolute_url()}verdict/"

    client.post(path, {"verdict": "like"})
    client.post(path, {"verdict": "dislike"})
    client.post(path, {"verdict": "dislike"})

    assert Interaction.objects.get().kind == "dislike"


def test_a_verdict_touches_nobody_elses(client):
    product = ProductFactory()
    others = InteractionFactory(product=product, kind="like")

    client.post(f"{product.get_absolute_url()}verdict/", {"verdict": "none"})

    assert Interaction.objects.get() == others


def test_a_verdict_that_is_none_is_refused(client):
    product = ProductFactory()

    page = client.post(f"{product.get_absolute_url()}verdict/", {"verdict": "adore"}, follow=True).content.decode()

    assert "can be liked, disliked, or neither" in page
    assert not Interaction.objects.exclude(kind="view").exists()
    assert client.get(f"{product.get_absolute_url()}verdict/").status_code == 405


def test_htmx_gets_the_buttons_alone(client):
    path = f"{ProductFactory().get_absolute_url()}verdict/"

    page = client.post(path, {"verdict": "like"}, headers={"HX-Request": "true"}).content.decode()

    assert "Liked" in page
    assert "<html" not in page


def test_queries_do_not_grow_with_the_shop(client, active, active_personal):
    def grow(products: int) -> None:
        for product in [
            ProductFactory(category=CategoryFactory(name=f"C{Product.objects.count()}")) for _ in range(products)
        ]:
            embed(product, active, turned(9 * Product.objects.filter(pk__lt=product.pk).count()))  # no copies
            embed(product, active_personal, [1, 0])

    paths = [
        "/",
        "/products/",
        "/products/?search=product&ordering=price",
        "/products/?in_stock=on&page=1",
        "/for-you/",
    ]
    client.force_login(AccountFactory(username="ada"))
    shopper = ShopperFactory(key="ada")
    grow(32)
    for product in Product.objects.all()[:3]:
        InteractionFactory(shopper=shopper, product=product)
    paths.append(Product.objects.last().get_absolute_url())
    for path in paths:
        client.get(path)
    few = {path: number_of_queries(client, path) for path in paths}
    grow(8)
    assert {path: number_of_queries(client, path) for path in paths} == few
    assert max(few.values()) <= 20
