"""Imports in a real browser: from the file to the report, without JavaScript, and readable by everybody."""

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.recommender.imports.conftest import row, zipped
from tests.shop.shop import CHROMIUM, chromium, sign_in
from tests.shop.test_pages import AXE, PATIENCE

pytestmark = [
    pytest.mark.slow,
    pytest.mark.browser,
    pytest.mark.skipif(
        not CHROMIUM.exists() and os.environ.get("CI") != "true",
        reason="chromium is missing: apt-get install chromium",
    ),
]
HEADER = "Nr,title,category,price,Ansicht"


@pytest.fixture(params=[True, False], ids=["javascript", "no javascript"])
def page(shop, request) -> Iterator[Page]:
    with chromium() as browser:
        context = browser.new_context(base_url=shop.url, java_script_enabled=request.param)
        context.set_default_timeout(PATIENCE)
        yield context.new_page()


def test_columns_are_chosen_and_a_worker_imports_the_file(page, request):
    sku = f"COAT-{request.node.callspec.id.replace(' ', '-')}"
    file = {
        "name": "shop.zip",
        "mimeType": "application/zip",
        "buffer": zipped(row(sku), row("W-2", price="cheap"), header=HEADER),
    }
    sign_in(page, "admin")
    page.goto("/admin/catalog/product/import/")
    page.locator("[type=file]").set_input_files(file)
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_role("alert")).to_contain_text("lacks: sku, image")

    page.get_by_label("Nr", exact=True).select_option("SKU")
    page.get_by_label("Ansicht", exact=True).select_option("first picture")
    page.get_by_role("button", name="Preview again").click()
    expect(page.get_by_text(f"{sku} | Boots | Shoes | 9.50")).to_be_visible()
    page.get_by_role("button", name="Import", exact=True).click()

    expect(page.locator(".state")).to_have_text("done")
    expect(page.locator(".counts div", has_text="created").locator("dd")).to_have_text("1")
    expect(page.get_by_role("cell", name="cheap", exact=True)).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the report as CSV").click()
    assert "products.csv,3,price,W-2,cheap" in download.value.path().read_text("utf-8-sig")


@pytest.mark.parametrize("page", [True], indirect=True)
@pytest.mark.parametrize(
    "path", ["catalog/product/import/", "imports/importrun/", "imports/feed/", "imports/feed/add/"]
)
def test_pages_of_imports_are_accessible_and_fit_a_phone(page, path):
    sign_in(page, "admin")
    page.goto(f"/admin/{path}")

    page.evaluate(AXE.read_text())
    found = page.evaluate("axe.run()")
    assert [(problem["id"], [node["html"] for node in problem["nodes"]][:3]) for problem in found["violations"]] == []
    page.set_viewport_size({"width": 390, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
