from decimal import Decimal

import pytest
from django.core.signing import Signer

from catalog import counts, listing
from catalog.errors import NoSuchPage
from catalog.listing import Listing, Page
from catalog.models import Product
from tests.factories import ProductFactory

pytestmark = pytest.mark.django_db

ORDERINGS = ["created_at", "-created_at", "price", "-price", "title", "-title"]


def fill(count: int = 9, **fields) -> None:
    """Products of which three have the same title and three the same price."""
    for number in range(count):
        ProductFactory(sku=f"P{number}", title=f"T{number // 3}", price=number % 3, image=False, **fields)


def skus(page: Page) -> list[str]:
    return [product.sku for product in page.products]


def walk(found: Listing, size: int) -> list[Page]:
    """All pages, from the first on."""
    pages = [found.page_at(1, size)]
    while pages[-1].next:
        pages.append(found.page_from(pages[-1].next, size))
    return pages


@pytest.mark.parametrize("ordering", ORDERINGS)
def test_cursors_lead_through_the_whole_list_and_back(ordering):
    fill()
    sign = "-" if ordering.startswith("-") else ""
    expected = list(Product.objects.order_by(ordering, f"{sign}pk").values_list("sku", flat=True))

    pages = walk(Listing(ordering, {}), 2)

    assert [skus(page) for page in pages] == [expected[i : i + 2] for i in range(0, 9, 2)]
    assert [page.number for page in pages] == [1, 2, 3, 4, 5]
    back = pages[-1]
    for former in reversed(pages[:-1]):
        back = Listing(ordering, {}).page_from(back.previous, 2)
        assert (skus(back), back.number) == (skus(former), former.number)
    assert back.previous == ""


def test_numbers_lead_to_the_same_pages():
    fill()

    pages = walk(Listing("price", {}), 4)

    assert [skus(Listing("price", {}).page_at(number, 4)) for number in (1, 2, 3)] == [skus(page) for page in pages]
    assert skus(Listing("price", {}).page_from(Listing("price", {}).page_at(3, 4).previous, 4)) == skus(pages[1])


def test_a_page_by_cursor_goes_on_where_the_last_one_ended_whatever_came_and_went():
    fill()
    first = Listing("-created_at", {}).page_at(1, 3)
    added = [ProductFactory(sku=f"new-{number}", image=False) for number in range(2)]
    Product.objects.filter(sku__in=["P6", "P5"]).delete()  # the last of that page, the first of the next

    following = Listing("-created_at", {}).page_from(first.next, 3)

    assert skus(following) == ["P4", "P3", "P2"]
    assert skus(Listing("-created_at", {}).page_at(1, 2)) == [product.sku for product in reversed(added)]


def test_hidden_products_are_listed_for_those_who_may_see_them():
    ProductFactory(sku="shown", image=False)
    ProductFactory(sku="hidden", is_hidden=True, image=False)

    assert [(skus(page), page.count) for page in walk(Listing("created_at", {}), 2)] == [(["shown"], 1)]
    assert [(skus(page), page.count) for page in walk(Listing("created_at", {}, with_hidden=True), 2)] == [
        (["shown", "hidden"], 2)
    ]


@pytest.mark.parametrize(
    ("filters", "search", "expected"),
    [
        ({"category": "Shoes"}, "", 3),
        ({"category": "Bags"}, "", 1),
        ({"category": "", "min_price": None, "in_stock": None}, " ", 4),
        ({"min_price": Decimal(2)}, "", 1),
        ({"category": "Shoes", "max_price": Decimal(1)}, "t0", 2),
        ({}, "?!", 0),
    ],
)
def test_small_lists_are_counted_exactly(filters, search, expected):
    fill(3)
    ProductFactory(category__name="Bags", price=1, image=False)
    ProductFactory(category__name="Bags", is_hidden=True, image=False)

    page = Listing("title", filters, search).page_at(1, 2)

    assert (page.count, page.is_estimated) == (expected, False)


def test_long_lists_are_estimated_unless_a_category_is_their_only_filter(monkeypatch):
    monkeypatch.setattr(counts, "EXACT", 0)
    fill()

    kept = Listing("title", {"category": "Shoes"}).page_at(1, 2)
    estimated = Listing("title", {"min_price": Decimal(0)}).page_at(1, 2)

    assert (kept.count, kept.is_estimated) == (9, False)
    assert estimated.is_estimated


def test_where_the_list_ends_on_a_page_of_a_number_no_estimate_is_needed(monkeypatch):
    monkeypatch.setattr(counts, "EXACT", 0)
    fill()

    last = Listing("title", {"min_price": Decimal(0)}).page_at(2, 5)

    assert (last.count, last.is_estimated) == (9, False)


@pytest.mark.parametrize("ordering", ORDERINGS)
@pytest.mark.parametrize("size", [1, 2, 3])
def test_a_product_whose_sku_is_searched_for_comes_first_and_once(ordering, size):
    fill()  # each title begins with a T
    ProductFactory(sku="T", title="Other", price=1, image=False)
    ProductFactory(sku="T-9", title="Other", price=1, image=False)

    pages = walk(Listing(ordering, {}, " T "), size)

    found = [sku for page in pages for sku in skus(page)]
    assert found[0] == "T"
    assert sorted(found) == sorted([*(f"P{number}" for number in range(9)), "T", "T-9"])
    assert [skus(Listing(ordering, {}, "T").page_at(page.number, size)) for page in pages] == list(map(skus, pages))
    back = pages[-1]
    while back.previous:
        back = Listing(ordering, {}, "T").page_from(back.previous, size)
    assert skus(back) == skus(pages[0])


@pytest.mark.parametrize("filters", [{"category": "Bags"}, {"max_price": Decimal(0)}])
def test_a_product_of_that_sku_passes_the_filters_too(filters):
    ProductFactory(sku="T", price=1, image=False)

    assert Listing("price", filters, "T").page_at(1, 2).products == []


def test_what_is_collected_and_sorted_comes_in_the_same_order(monkeypatch):
    fill()
    read = [skus(page) for page in walk(Listing("-price", {}, "T"), 2)]
    monkeypatch.setattr(counts, "estimate", lambda rows: 1_000)  # the planner expects far more than there are

    found = Listing("-price", {}, "T")

    assert "ROW(" in str(found.rows().query)
    assert [skus(page) for page in walk(found, 2)] == read


def test_pages_far_on_have_no_numbers(monkeypatch):
    monkeypatch.setattr(listing, "NUMBERED", 6)
    fill()
    found = Listing("price", {})

    assert found.last_number(2) == 3
    with pytest.raises(NoSuchPage, match="up to 3; follow `next`"):
        found.page_at(4, 2)
    assert skus(found.page_from(found.page_at(3, 2).next, 2)) == skus(walk(found, 2)[3])


def test_a_page_behind_the_last_does_not_exist():
    fill(2)

    with pytest.raises(NoSuchPage, match="no products"):
        Listing("price", {}).page_at(2, 2)


@pytest.mark.parametrize("text", ["", "0", "-1", "1.5", "x", "1" * 5000])
def test_a_number_is_a_number_from_one(text):
    with pytest.raises(NoSuchPage, match="numbered from 1"):
        listing.parse_number(text)
    assert listing.parse_number("12") == 12


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "\x00",
        # Its name is the same in each process of the tests, which its secret is not.
        pytest.param(Signer(salt="other").sign_object(["price", None, 1, False]), id="signed for something else"),
    ],
)
def test_a_cursor_that_is_none_is_refused(text):
    with pytest.raises(NoSuchPage, match="not one of this list"):
        Listing("price", {}).page_from(text, 2)


def test_a_cursor_of_another_order_is_refused():
    fill()
    cursor = Listing("price", {}).page_at(1, 2).next

    with pytest.raises(NoSuchPage, match="in the order price, not -price"):
        Listing("-price", {}).page_from(cursor, 2)


@pytest.mark.parametrize(
    ("search", "queries"),
    [
        ("", 3),  # the kept number, products, images
        ("T", 8),  # words, synonyms, categories, the product of that SKU, the estimate, the number, products, images
        ("T0", 9),  # and the images of the product of that SKU
    ],
)
def test_queries_do_not_grow_with_the_page(search, queries, django_assert_num_queries):
    fill()
    ProductFactory(sku="T0", image=False)

    for size in (2, 3, 4):
        with django_assert_num_queries(queries):
            Listing("title", {}, search).page_at(1, size)


def test_words_that_no_product_has_together_lead_to_the_nearest_in_large_shops_too(monkeypatch):
    monkeypatch.setattr(counts, "EXACT", 1)
    monkeypatch.setattr(counts, "estimate", lambda rows: 1_000)  # as if the words were independent of each other
    for number in range(3):
        ProductFactory(sku=f"R{number}", title="Red boots", image=False)
    ProductFactory(sku="B", title="Blue bag", image=False)

    found = Listing("title", {}, "red bag")

    assert (found.is_nearest, skus(found.page_at(1, 9))) == (True, ["B", "R0", "R1", "R2"])
    assert not Listing("title", {}, "red boots").is_nearest
