"""`make pictures`: the README's pictures, of the demo at the address given, or of one of its own."""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page

from tests.shop.shop import MINUTES, ROOT, Shop, chromium, sign_in, wait_for

DOCS = ROOT / "docs"
CATEGORY = "heels"
TRAINED, MADE = 3_600_000, 300_000  # milliseconds to wait


@contextmanager
def running_shop() -> Iterator[str]:
    if len(sys.argv) > 1:
        yield sys.argv[1]
        return
    with tempfile.TemporaryDirectory(prefix="visrec-pictures-") as folder:
        shop = Shop(Path(folder) / "var", designs=True)
        shop.start()
        wait_for(lambda: shop.is_trained, 60 * MINUTES)
        try:
            yield shop.url
        finally:
            shop.stop()


def take(page: Page, path: str, name: str, height: int) -> None:
    page.set_viewport_size({"width": 1200, "height": height})
    page.goto(path)
    page.wait_for_load_state("networkidle")
    page.screenshot(path=DOCS / f"{name}.png")


def take_designs(page: Page) -> None:
    """Waits for the generator, if it is still in training."""
    page.goto("/designs/")
    page.get_by_label("Category").select_option(CATEGORY, timeout=TRAINED)
    page.get_by_role("button", name="Make 12 pictures").click()
    page.locator(".designs img").first.wait_for(timeout=MADE)
    take(page, page.url, "designs", 1250)


def main() -> None:
    DOCS.mkdir(exist_ok=True)
    with running_shop() as url, chromium() as browser:
        page = browser.new_context(base_url=url).new_page()
        sign_in(page, "shopper")
        take(page, "/", "home", 1250)
        take(page, "/for-you/", "for-you", 1000)
        page.goto("/products/?search=leopard+boots")
        take(page, page.locator("main ul li a").first.get_attribute("href"), "product", 1250)
        take_designs(page)
        page.context.clear_cookies()
        sign_in(page, "admin")
        take(page, "/admin/catalog/product/", "admin", 900)


if __name__ == "__main__":
    main()
