"""One running shop for all tests in this folder, started from nothing and stopped after the last of them."""

import io

import pytest

from catalog.demo import draw, plan_catalog
from tests.shop.shop import Shop, Staff


@pytest.fixture(scope="package")
def shop(tmp_path_factory):
    shop = Shop(tmp_path_factory.mktemp("shop") / "var")
    shop.first_start = shop.start()
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
