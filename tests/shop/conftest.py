"""One running shop for all tests in this folder, started from nothing and stopped after the last of them."""

import io
import itertools
import time

import pytest
import requests

from catalog.demo import draw, plan_catalog
from tests.shop.shop import MINUTES, Shop, Staff

PATHS = ["/", "/products/", "/products/{}/", "/for-you/", "/designs/", "/api/v1/products/{}/similar/"]


def visit_until_trained(shop: Shop) -> list[tuple[int, str]]:
    """Browse as a visitor does while models are trained: (status, method that serves similar styles or "") each."""
    visits, began = [], time.monotonic()
    skus = [product["sku"] for product in shop.get("/api/v1/products/").json()["results"]]
    with requests.Session() as session:
        ways = itertools.cycle(itertools.product(skus, PATHS))
        while not shop.is_trained:
            sku, path = next(ways)
            answer = session.get(shop.url + path.format(sku), timeout=30)
            method = answer.json()["model"]["method"] if path.startswith("/api") and answer.ok else ""
            visits.append((answer.status_code, method))
            assert time.monotonic() - began < 60 * MINUTES, shop.printed()[-3000:]
            time.sleep(0.5)
    return visits


@pytest.fixture(scope="package")
def shop(tmp_path_factory):
    shop = Shop(tmp_path_factory.mktemp("shop") / "var")
    shop.first_start = shop.start()
    shop.visits = visit_until_trained(shop)
    yield shop
    if shop.process.poll() is None:
        assert shop.stop() == 0


@pytest.fixture(scope="package")
def staff(shop):
    with Staff(shop) as staff:
        yield staff


@pytest.fixture(scope="package")
def fresh_pictures():
    """(category, JPEG bytes) of 32 drawn products that the shop does not have."""

    def jpeg(product) -> bytes:
        buffer = io.BytesIO()
        draw(product, seed=77).save(buffer, "JPEG", quality=90)
        return buffer.getvalue()

    return [(product.category, jpeg(product)) for product in plan_catalog(products=70, seed=77)[:32]]
