"""Whether what the running shop recommends is right, against what is known of the drawn products and their shoppers."""

import io
import json
import random
import statistics
from collections import Counter

import pytest
from PIL import Image, ImageOps

from catalog.demo import draw, plan_catalog

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def neighbours(shop, staff):
    """For 200 products drawn by lot: (the product, its five most similar)."""
    first = staff.get(f"{staff.api}/products/", params={"page_size": 100}).json()
    products = list(first["results"])
    for page in range(2, -(-first["count"] // 100) + 1):
        products += staff.get(f"{staff.api}/products/", params={"page_size": 100, "page": page}).json()["results"]
    products = [product for product in products if product["sku"].startswith("VR")]  # not what other tests uploaded
    assert len(products) == 1200
    shop.products = products
    return [(product, staff.similar(product["sku"], limit=5)) for product in random.Random(0).sample(products, 200)]


def agreement(neighbours, value) -> float:
    """The mean share of the five that have the query's value."""
    shares = [sum(value(p) == value(query) for p in found) / 5 for query, found in neighbours if value(query)]
    return sum(shares) / len(shares)


def chance(products, value) -> float:
    counts = Counter(value(product) for product in products if value(product))
    return sum(count * count for count in counts.values()) / sum(counts.values()) ** 2


def attribute(name):
    return lambda product: product["attributes"].get(name)


def test_similar_products_are_of_the_same_category(neighbours):
    assert agreement(neighbours, lambda product: product["category"]) >= 0.95


@pytest.mark.parametrize(("name", "factor"), [("colour", 3), ("pattern", 1.3)])
def test_similar_products_share_what_is_seen(shop, neighbours, name, factor):
    assert agreement(neighbours, attribute(name)) >= factor * chance(shop.products, attribute(name))


def test_personal_lists_beat_popularity_on_all_and_on_cold_products(shop):
    """Leave-one-out over the 300 simulated shoppers, in the active version's own report."""
    metrics = shop.metrics("hybrid")

    assert metrics["shoppers"] == 300
    assert metrics["intervals"]["auc above popularity"][0] > 0
    assert metrics["intervals"]["auc/cold above popularity"][0] > 0
    assert metrics["intervals"]["auc/cold"][0] > 0.5


def test_a_shopper_s_list_is_personal_and_explained(shop, staff):
    answer = staff.get(f"{staff.api}/users/shopper/recommendations/", params={"explain": 1, "limit": 100}).json()

    assert answer["strategy"] == "personal"
    assert answer["model"]["method"] == "hybrid"
    assert len(answer["results"]) == 100
    assert all(abs(sum(b["weight"] for b in r["because"]) - 1) < 0.01 for r in answer["results"] if r["because"])


def test_a_product_uploaded_now_is_before_its_shoppers_at_once(shop, staff):
    """Ten drawn products that nobody has touched: those who would like them, by their true tastes, have them higher up
    in their lists than those who would not."""
    truth = json.loads((shop.var / "demo" / "catalog" / "truth.json").read_text(encoding="utf-8"))
    labels = {value: (label, n) for label, known in truth["values"].items() for n, value in enumerate(known)}
    products = plan_catalog(products=10, seed=4711)
    for product in products:
        buffer = io.BytesIO()
        draw(product, seed=4711).save(buffer, "JPEG", quality=90)
        assert staff.upload(f"new-{product.sku}", buffer.getvalue(), product.category).status_code == 201
    for product in products:
        staff.wait_until_findable(f"new-{product.sku}")
    places = {True: [], False: []}
    for product in products:
        sku = f"new-{product.sku}"
        tells = [labels[value] for value in (product.category, *product.attributes.values()) if value in labels]

        def liking(shopper: str, tells=tells) -> float:
            return sum(truth["shoppers"][shopper]["tastes"][label][n] for label, n in tells)

        ranked = sorted((key for key in truth["shoppers"] if key != "shopper"), key=liking)
        for shopper in (*ranked[:4], *ranked[-4:]):
            params = {"category": product.category, "limit": 100}
            answer = staff.get(f"{staff.api}/users/{shopper}/recommendations/", params=params).json()
            skus = [result["product"]["sku"] for result in answer["results"]]
            place = skus.index(sku) / len(skus) if sku in skus else 1.0
            places[shopper in ranked[-4:]].append(place)

    assert statistics.mean(places[True]) < statistics.mean(places[False]) - 0.15
    assert statistics.median(places[True]) < 0.4


def test_somebody_new_gets_what_is_popular(shop, staff):
    event = {
        "user": "newcomer",
        "sku": shop.products[0]["sku"] if hasattr(shop, "products") else "VR00001",
        "kind": "view",
    }
    assert staff.post(f"{staff.api}/interactions/", json=event).json()["accepted"] == 1

    answer = staff.get(f"{staff.api}/users/newcomer/recommendations/").json()

    assert (answer["strategy"], answer["model"]) == ("popular", None)
    assert len(answer["results"]) == 12


ALTERATIONS = {
    "white margin": lambda image: ImageOps.expand(image, image.width // 4, "white"),
    "black margin": lambda image: ImageOps.expand(image, image.width // 10, "black"),
    "mirror": ImageOps.mirror,
    "turned": lambda image: image.transpose(Image.Transpose.ROTATE_90),
    "phone": lambda image: ImageOps.pad(image, (image.width, 2 * image.width), color="white"),
}


def test_a_photo_finds_its_product_whatever_surrounds_it(staff, neighbours):
    found = []
    for product, _ in neighbours[:6]:
        image = Image.open(io.BytesIO(staff.get(product["image"]).content)).convert("RGB")
        for alter in ALTERATIONS.values():
            photo = io.BytesIO()
            alter(image).save(photo, "JPEG", quality=92)
            answer = staff.post(f"{staff.api}/search/image/", files={"image": ("photo.jpg", photo.getvalue())})
            found.append([result["product"]["sku"] for result in answer.json()["results"][:1]] == [product["sku"]])

    assert statistics.mean(found) >= 0.9
