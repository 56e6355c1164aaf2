from datetime import UTC, datetime

import pytest

from catalog.models import ImageDownload, Product
from tests.factories import ProductFactory
from tests.problems import assert_problem

PRODUCTS, URL = "/api/v1/products/", "/api/v1/downloads/"
PICTURE = "https://img.example/a.png"
BOOT = {"title": "Boot", "category": "Boots", "price": "59.90"}


@pytest.fixture(autouse=True)
def hosts(settings):
    settings.IMAGE_HOSTS = ["img.example"]


def noted() -> list[tuple[str, str, bool]]:
    return list(ImageDownload.objects.values_list("product__sku", "url", "is_primary"))


def test_a_new_product_may_have_the_url_of_its_image(staff):
    assert staff.post(PRODUCTS, {"sku": "A-1", "image_url": PICTURE, **BOOT}).status_code == 201
    assert noted() == [("A-1", PICTURE, True)]


def test_a_product_is_given_another_image_by_its_url(staff):
    ProductFactory(sku="A-1")

    assert staff.patch(f"{PRODUCTS}A-1/", {"image_url": PICTURE}).status_code == 200
    assert staff.put(f"{PRODUCTS}A-2/", {"image_url": f"{PICTURE}?2", **BOOT}).status_code == 201
    assert staff.post(f"{PRODUCTS}A-1/images/", {"image_url": f"{PICTURE}?3"}).status_code == 202

    assert noted() == [("A-1", PICTURE, True), ("A-2", f"{PICTURE}?2", True), ("A-1", f"{PICTURE}?3", False)]


def test_a_batch_has_a_url_for_each_product(staff):
    rows = [{"sku": f"A-{number}", "image_url": f"{PICTURE}?{number}", **BOOT} for number in range(2)]
    rows.append({"sku": "A-2", "image_url": "https://elsewhere.example/a.png", **BOOT})

    written = staff.post(f"{PRODUCTS}batch/", {"upsert": rows}).json()

    assert (written["created"], written["failed"][0]["index"]) == (2, 2)
    reason = "The host elsewhere.example is not among those in VISREC_IMAGE_HOSTS."
    assert written["failed"][0]["errors"] == {"image_url": [reason]}
    assert noted() == [("A-0", f"{PICTURE}?0", True), ("A-1", f"{PICTURE}?1", True)]


def test_an_image_and_a_url_at_once_are_refused(staff):
    refused = staff.post(PRODUCTS, {"sku": "A-1", "image_url": "http://127.0.0.1/", **BOOT})
    assert_problem(refused, 400, "The host 127.0.0.1 is not among those in VISREC_IMAGE_HOSTS.")

    neither = staff.post(f"{PRODUCTS}A-1/images/", {})
    assert neither.status_code == 404
    ProductFactory(sku="A-1")
    assert_problem(staff.post(f"{PRODUCTS}A-1/images/", {}), 400, "Send either image or image_url.")
    assert Product.objects.count() == 1 and noted() == []


def test_what_was_not_fetched_is_listed_with_the_reason(staff):
    failed, waiting = ProductFactory(sku="A-1"), ProductFactory(sku="A-2")
    at = datetime(2026, 1, 1, tzinfo=UTC)
    ImageDownload.objects.create(
        product=failed, url=PICTURE, is_primary=True, tries=1, retry_at=None, problem="img.example answers 404"
    )
    ImageDownload.objects.create(product=waiting, url=PICTURE, is_primary=False, retry_at=at)

    [shown] = staff.get(f"{URL}?has_failed=true").json()["results"]

    assert shown | {"created_at": ""} == {
        "sku": "A-1",
        "url": PICTURE,
        "is_primary": True,
        "tries": 1,
        "retry_at": None,
        "problem": "img.example answers 404",
        "created_at": "",
    }
    assert [each["sku"] for each in staff.get(f"{URL}?has_failed=false").json()["results"]] == ["A-2"]
    assert [each["sku"] for each in staff.get(f"{URL}?sku=A-2").json()["results"]] == ["A-2"]
    assert staff.get(URL).json()["count"] == 2
