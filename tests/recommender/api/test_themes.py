"""The snippets for themes of Shopify and WordPress in docs/storefront.md: the HTML that they make, in a browser."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import ThreadingHTTPServer

import pytest
from playwright.sync_api import Page, Route, expect

from catalog.models import Interaction
from recommender.access import keys
from recommender.access.models import KeyKind
from tests.recommender.api.test_storefront import ANY_PORT, served, shop
from tests.recommender.api.test_storefront import pytestmark as pytestmark
from tests.shop.shop import ROOT, chromium
from visrec_site.storefront import Handler

SHOP = "https://shop.example"
DOCUMENT = (ROOT / "docs" / "storefront.md").read_text()
ALL_SENT = "Object.entries(localStorage).some(([name, events]) => name.endsWith('events') && events === '[]')"
VALUES = {  # what the programs write in these places
    "{{ product.handle | escape }}": "A-0",
    "{{ product.handle | json }}": '"A-0"',
    "<?php echo esc_attr(visrec_sku($product)); ?>": "A-0",
    "<?php echo wp_json_encode(visrec_sku($product)); ?>": '"A-0"',
    "<?php echo wp_json_encode($bought); ?>": '[{"sku": "A-1", "kind": "purchase", "id": "order-7-1"}]',
}


def html_of(language: str) -> str:
    """Return what the snippets of a language write into a page, for the product A-0 and an order of A-1."""
    code = "\n".join(re.findall(rf"```{language}\n(.*?)```", DOCUMENT, re.DOTALL))
    for place, value in VALUES.items():
        code = code.replace(place, value)
    parts = re.findall(r"\?>(.*?)<\?php", code, re.DOTALL) if language == "php" else [code]
    html = "\n".join(parts)
    assert parts and "{{" not in html and "<?" not in html and "$" not in html
    return html


@contextmanager
def opened(html: str, api: str) -> Iterator[Page]:
    """Open a page of a store, at an origin of its own, whose requests to SHOP a shop of this process answers."""
    store = ThreadingHTTPServer(ANY_PORT, Handler)
    _, key = keys.create("theme", KeyKind.PUBLISHABLE, origins=[f"http://127.0.0.1:{store.server_port}"])
    content = f"<!doctype html><meta charset=utf-8><title>Store</title>{html.replace('pk_…', key)}"
    store.RequestHandlerClass = partial(Handler, content.encode())
    with served(store) as origin, chromium() as browser:

        def answer(route: Route) -> None:
            path = route.request.url.removeprefix(SHOP)
            if path.startswith("/static/"):
                headers = {"Access-Control-Allow-Origin": "*", "Content-Type": "text/javascript"}
                route.fulfill(path=ROOT / path.removeprefix("/"), headers=headers)
            else:
                route.fulfill(response=route.fetch(url=f"{api}{path}"))

        page = browser.new_page()
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.route(f"{SHOP}/**", answer)
        page.goto(origin)
        yield page
        assert errors == []


@pytest.mark.parametrize(
    ("language", "page_of_product", "events"),
    [
        ("liquid", "/products/{}", [("A-0", "view")]),
        ("php", "/?visrec={}", [("A-0", "view"), ("A-1", "purchase")]),
    ],
)
def test_a_product_s_page_of_a_theme_has_similar_products_and_records_what_is_done(
    trained, language, page_of_product, events
):
    with served(shop()) as api, opened(html_of(language), api) as page:
        strip = page.locator("visrec-strip")
        expect(strip).to_have_attribute("state", "ready")
        expect(strip.get_by_role("heading", name="Similar styles")).to_be_visible()
        links = strip.get_by_role("link").all()
        page.wait_for_function(ALL_SENT)
        paths = {link.get_attribute("href").removeprefix(page.url.rstrip("/")) for link in links}

    assert paths == {page_of_product.format(f"A-{number}") for number in range(1, 12)}
    assert sorted(Interaction.objects.values_list("product__sku", "kind")) == events
    assert not Interaction.objects.filter(session="").exists()
