"""Charts as a browser draws them, under the policy of the pages: by mouse, by keyboard, on a phone, with axe."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import ConsoleMessage, Page, expect

from tests.factories import VersionFactory
from tests.recommender.api.test_storefront import served, shop
from tests.shop.shop import CHROMIUM, chromium
from tests.shop.test_pages import AXE

pytestmark = [
    pytest.mark.slow,
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(
        not CHROMIUM.exists() and os.environ.get("CI") != "true",
        reason="chromium is missing: apt-get install chromium",
    ),
]
LOSSES = [{"epoch": epoch, "generator": 4 / epoch, "discriminator": 1 + epoch / 9} for epoch in range(1, 9)]


def is_of_page(message: ConsoleMessage) -> bool:
    """Whether the page complains, and not axe, which sets styles and was evaluated without an address."""
    return message.type == "error" and bool(message.location["url"])


@contextmanager
def page_of(path: str, client, **context) -> Iterator[Page]:
    """An admin's page, whose complaints fail the test."""
    with served(shop()) as origin, chromium() as browser:
        opened = browser.new_context(base_url=origin, **context)
        opened.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": origin}])
        page = opened.new_page()
        complaints: list[str] = []
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda message: complaints.append(message.text) if is_of_page(message) else None)
        page.goto(path)
        expect(page.locator(".chart")).to_have_count(1)
        yield page
        assert complaints == []


@pytest.fixture(autouse=True)
def static_files(settings):
    settings.WHITENOISE_USE_FINDERS = settings.WHITENOISE_AUTOREFRESH = True


@pytest.fixture
def path(db) -> str:
    version = VersionFactory(method="infogan", metrics={"losses": LOSSES})
    return f"/admin/recommender/modelversion/{version.pk}/change/"


def test_curves_are_drawn_with_a_legend_and_told_by_the_arrow_keys(admin_client, path):
    with page_of(path, admin_client) as page:
        chart = page.get_by_role("img", name=re.compile("Loss of discriminator, generator, nats, by epoch"))
        expect(chart.locator("canvas")).to_be_visible()
        legend = page.locator(".chart .legend")
        expect(legend).to_have_text("discriminatorgenerator")

        chart.focus()
        page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowRight")

        expect(legend).to_have_text("2: discriminator 1.222generator 2")
        page.evaluate(AXE.read_text())
        found = page.evaluate("axe.run('.chart')")
        assert [problem["id"] for problem in found["violations"]] == []


def test_on_a_phone_a_chart_is_as_wide_as_the_screen_and_its_table_unfolds(admin_client, path):
    with page_of(path, admin_client, viewport={"width": 390, "height": 800}) as page:
        assert page.locator(".chart canvas").bounding_box()["width"] <= 390
        table = page.locator(".chart table")
        expect(table).not_to_be_visible()

        page.locator(".chart summary").press("Enter")

        expect(table).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_without_javascript_the_table_is_unfolded(admin_client, path):
    with page_of(path, admin_client, java_script_enabled=False) as page:
        expect(page.locator(".chart table")).to_be_visible()
