"""The example of a storefront, at another origin than the running shop's, with visrec.js in a real browser."""

import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.shop.shop import ROOT, chromium, wait_for
from tests.shop.test_pages import AXE, PATIENCE
from tests.shop.test_pages import pytestmark as pytestmark

SKU = "VR00001"
SHIFT = """() => new Promise((resolve) => new PerformanceObserver((list) => resolve(
  list.getEntries().filter((entry) => !entry.hadRecentInput).reduce((sum, entry) => sum + entry.value, 0)
)).observe({type: "layout-shift", buffered: true}) || setTimeout(resolve, 500, 0))"""
TOKEN = "Object.entries(localStorage).find(([name]) => name.endsWith('visitor'))?.[1]"


@pytest.fixture(scope="module")
def storefront(shop) -> Iterator[str]:
    """The address of the storefront, served as its command does."""
    command = [sys.executable, "-u", "manage.py", "storefront", "--shop", shop.url, "--port", "0"]
    with subprocess.Popen(command, cwd=ROOT, env=shop.environment, stdout=subprocess.PIPE, text=True) as process:
        yield process.stdout.readline().split()[-1]
        process.send_signal(signal.SIGINT)
        assert process.stdout.read() == "The storefront is closed, and its key revoked.\n"


@pytest.fixture(scope="module")
def browser():
    with chromium() as browser:
        yield browser


@pytest.fixture
def page(storefront, browser) -> Iterator[Page]:
    """A page that has yet to go anywhere; an error of a script fails the test."""
    context = browser.new_context(base_url=storefront, viewport={"width": 1280, "height": 1400})
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    context.close()
    assert errors == []


def history(shop, page: Page) -> list[dict]:
    """The interactions of the page's visitor, as the shop has them; the newest first."""
    token = page.evaluate(TOKEN)
    if token is None:
        return []
    return shop.get("/api/v1/visitors/me/interactions/", headers={"X-Visitor": token.strip('"')}).json()["results"]


def violations(page: Page) -> list[object]:
    page.evaluate(AXE.read_text())
    return [
        (found["id"], [node["html"] for node in found["nodes"]]) for found in page.evaluate("axe.run()")["violations"]
    ]


def test_a_product_s_page_shows_strips_without_moving_anything(page):
    page.goto(f"/?sku={SKU}")
    strip = page.locator("visrec-strip")
    expect(strip).to_have_attribute("state", "ready")
    expect(page.locator("visrec-picks")).to_have_attribute("state", "ready")

    assert strip.get_by_role("list", name="Similar products").get_by_role("listitem").count() == 8
    link = strip.get_by_role("link").first
    assert link.get_attribute("href").startswith(page.url.split("?")[0] + "?sku=VR")
    assert page.locator("visrec-picks small").first.inner_text() != ""
    expect(page.get_by_text("Ask us for something similar.")).to_be_hidden()
    assert page.evaluate(SHIFT) == 0
    assert violations(page) == []
    page.set_viewport_size({"width": 390, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_strip_without_a_sku_warns_and_is_filled_once_a_script_sets_it(page):
    said, requests = [], []
    page.on("console", lambda message: said.append((message.type, message.text)))
    page.on("request", lambda request: requests.append(request.url))
    page.goto("/")
    page.evaluate("document.querySelector('visrec-strip').hidden = false")
    strip = page.locator("visrec-strip")
    expect(strip).to_have_attribute("state", "empty")
    expect(page.get_by_text("Ask us for something similar.")).to_be_visible()
    assert [text.split(",")[0] for kind, text in said if kind == "warning"] == ["visrec.js: this strip has no sku"]
    assert not [url for url in requests if "products//" in url]

    page.evaluate("sku => document.querySelector('visrec-strip').sku = sku", SKU)

    expect(strip).to_have_attribute("state", "ready")
    assert strip.get_by_role("listitem").count() == 8
    page.evaluate(
        """sku => {
          const strip = document.createElement("visrec-strip");
          strip.id = "late";
          document.body.prepend(strip);
          setTimeout(() => strip.setAttribute("sku", sku), 1500);
        }""",
        SKU,
    )
    expect(page.locator("#late")).to_have_attribute("state", "empty")
    expect(page.locator("#late")).to_have_attribute("state", "ready")


def test_what_is_seen_and_clicked_is_recorded(shop, page):
    with page.expect_response("**/api/v1/impressions/") as seen:
        page.goto(f"/?sku={SKU}")
    assert seen.value.status == 202
    assert seen.value.json()["unknown"] == []

    expect(page.locator("visrec-strip")).to_have_attribute("state", "ready")
    link = page.locator("visrec-strip").get_by_role("link").nth(2)
    sku = link.get_attribute("href").split("sku=")[1]
    link.focus()
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/?sku={sku}")
    wait_for(lambda: history(shop, page) != [], 30)

    [click] = history(shop, page)
    assert (click["sku"], click["kind"], click["position"], click["placement"]) == (sku, "click", 3, "product")
    # The picks of this page, too, are a response; one that is on its way would be taken for that of the next page.
    expect(page.locator("visrec-picks")).to_have_attribute("state", "ready")
    with page.expect_response("**/api/v1/visitors/me/recommendations/*") as picks:
        page.reload()
    assert picks.value.json()["strategy"] == "session"


def test_impressions_are_in_the_admin_with_their_placement(shop, page):
    with page.expect_response("**/api/v1/impressions/") as seen:
        page.goto("/")
    assert seen.value.status == 202
    shown = seen.value.request.post_data_json["impressions"][0]

    code = f"from recommender.models import Impression as I; i = I.objects.get(pk={shown['recommendation_id']!r});"
    code += "print(i.placement, i.strategy, *i.positions)"
    placement, strategy, *positions = shop.manage("shell", "--no-imports", "-c", code).split()
    assert (placement, strategy) == ("home", "popular")
    assert {*map(str, shown["positions"])} <= {*positions}


def test_a_photo_is_searched_by(page, fresh_pictures):
    page.goto("/")
    expect(page.get_by_role("button", name="Buy")).to_be_hidden()  # of no product
    expect(page.get_by_role("status").last).to_have_text("")
    photo = {"name": "shoe.jpg", "mimeType": "image/jpeg", "buffer": fresh_pictures[30][1]}
    page.get_by_label("Find by photo").set_input_files(photo)

    expect(page.get_by_text("Products that look like your photo:")).to_be_visible()
    number = page.get_by_text("Products that look like your photo:").inner_text().split()[-1]
    found = page.get_by_role("list", name="Looks like your photo").get_by_role("listitem")
    assert found.count() == int(number) > 0
    assert violations(page) == []

    page.get_by_label("Find by photo").set_input_files({**photo, "buffer": b"not a picture"})
    expect(page.get_by_text("The search did not work.")).to_be_visible()


def test_the_page_is_whole_without_the_service_and_events_come_later(shop, page):
    page.route(f"{shop.url}/api/**", lambda route: route.abort())
    page.goto(f"/?sku={SKU}")

    expect(page.get_by_text("Ask us for something similar.")).to_be_visible()
    expect(page.get_by_text("Come in and look around.")).to_be_visible()
    page.get_by_role("button", name="Buy").click()
    expect(page.get_by_text("Thank you.")).to_be_visible()
    expect(page.get_by_text("this page is the store's own")).to_be_visible()
    assert violations(page) == []

    page.unroute(f"{shop.url}/api/**")
    page.reload()
    expect(page.locator("visrec-strip")).to_have_attribute("state", "ready")
    wait_for(lambda: history(shop, page) != [], 30)
    assert [(event["sku"], event["kind"]) for event in history(shop, page)] == [(SKU, "purchase")]


def test_the_page_is_whole_without_the_script(shop, page):
    page.route(f"{shop.url}/**", lambda route: route.abort())
    page.goto(f"/?sku={SKU}")

    expect(page.get_by_text("Ask us for something similar.")).to_be_visible()
    page.get_by_role("button", name="Buy").click()
    expect(page.get_by_text("Thank you.")).to_be_visible()


def test_the_page_is_whole_when_its_key_is_refused(shop, page):
    def with_another_key(route):
        route.continue_(headers={**route.request.headers, "authorization": "Bearer pk_revoked"})

    page.route(f"{shop.url}/api/**", with_another_key)
    page.goto(f"/?sku={SKU}")

    expect(page.locator("visrec-strip")).to_have_attribute("state", "failed")
    expect(page.get_by_text("Ask us for something similar.")).to_be_visible()
    expect(page.get_by_text("Come in and look around.")).to_be_visible()
