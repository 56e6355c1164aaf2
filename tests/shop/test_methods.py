"""Other methods, trained by hand and put into service while the shop is open."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import combinations

import pytest

pytestmark = pytest.mark.slow

METHODS = {"histogram": [], "vae": ["--epochs", "1"]}
ACTIVATE = "from recommender.versions import lifecycle; from recommender.models import ModelVersion as V; "


@pytest.fixture
def back_to_visrec(shop):
    yield
    former = "V.objects.filter(method='visrec', state='retired').latest('pk')"
    shop.manage("shell", "--no-imports", "-c", f"{ACTIVATE}lifecycle.activate({former})")


@contextmanager
def visited(shop, path: str) -> Iterator[list[int]]:
    """The status of each answer to somebody who keeps looking at a page."""
    statuses, over = [], threading.Event()

    def look() -> None:
        while not over.wait(0.2):
            statuses.append(shop.get(path).status_code)

    visitor = threading.Thread(target=look)
    visitor.start()
    try:
        yield statuses
    finally:
        over.set()
        visitor.join()


def test_methods_take_turns_and_the_shop_answers_all_the_while(shop, staff, back_to_visrec):
    sku = staff.get(f"{staff.api}/products/?category=bags").json()["results"][0]["sku"]
    page, seen = f"/products/{sku}/", {}

    with visited(shop, page) as statuses:
        for method, settings in METHODS.items():
            assert "is active" in shop.manage("train", method, *settings, "--activate", "--verbosity", "0")
            answer = staff.get(f"{staff.api}/products/{sku}/similar/").json()
            assert answer["model"]["method"] == method
            seen[method] = [result["product"]["sku"] for result in answer["results"]]
            assert f"/products/{seen[method][0]}/" in shop.get(page).text

    assert all(one != other for one, other in combinations(seen.values(), 2))
    assert set(statuses) == {200}
    assert len(statuses) > 20
