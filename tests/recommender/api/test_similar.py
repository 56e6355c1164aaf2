import io
import time

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from catalog.models import Product
from recommender.models import ModelVersion, Role
from tests.factories import CategoryFactory, ProductFactory, embed, image_bytes, turned

PHOTO = "/api/v1/search/image/"


def similar(sku: str) -> str:
    return f"/api/v1/products/{sku}/similar/"


def placed(version, **degrees) -> dict[str, Product]:
    """A product for each name, seen by the version in that direction."""
    products = {name: ProductFactory(sku=name) for name in degrees}
    for name, angle in degrees.items():
        embed(products[name], version, turned(angle))
    return products


def skus(response) -> list[str]:
    return [result["product"]["sku"] for result in response.json()["results"]]


def photo(data: bytes, name: str = "photo.png") -> dict:
    return {"image": SimpleUploadedFile(name, data)}


def test_an_answer_has_the_fields_of_the_contract(guest, active):
    placed(active, query=0, near=10)

    told = guest.get(similar("query")).json()

    assert set(told) == {"recommendation_id", "strategy", "model", "results", "next"}
    assert told["strategy"] == "similar"
    assert told["model"] == {"id": active.pk, "method": "pixels", "version": active.number}
    (result,) = told["results"]
    assert set(result) == {"rank", "score", "product"}
    assert (result["rank"], result["score"]) == (1, pytest.approx(0.992404, abs=1e-5))  # (1 + cos 10 degrees) / 2
    assert result["product"] == guest.get("/api/v1/products/near/").json()


def test_nearest_first_and_never_itself(guest, active):
    placed(active, query=0, far=80, near=10)

    assert skus(guest.get(similar("query"))) == ["near", "far"]


def test_each_answer_has_an_id_of_its_own(guest, active):
    placed(active, query=0, near=10)

    first, second = (guest.get(similar("query")).json() for _ in range(2))

    assert first["recommendation_id"] != second["recommendation_id"]


def test_a_product_that_waits_for_its_embedding_says_so(guest, active):
    ProductFactory(sku="new")

    told = guest.get(similar("new")).json()

    assert (told["results"], told["reason"]) == ([], "not_yet_findable")


def test_unknown_and_hidden_products_are_not_found(guest, active):
    ProductFactory(sku="hidden", is_hidden=True)

    assert guest.get(similar("hidden")).status_code == 404
    assert guest.get(similar("nope")).json()["detail"] == "There is no product 'nope'."


def test_without_an_active_version_it_is_worth_another_try(guest):
    ProductFactory(sku="query")

    response = guest.get(similar("query"))

    assert response.status_code == 503
    assert response.headers["Retry-After"] == "30"
    assert response.json()["detail"] == "No model version is active for similar styles."


def test_filters_never_shorten_the_list(guest, active):
    placed(active, query=0, **{f"shoe-{n}": 9 * n for n in range(1, 8)})
    bags = CategoryFactory(name="Bags")
    placed(active, **{f"bag-{n}": 80 + 10 * n for n in range(5)})
    Product.objects.filter(sku__startswith="bag").update(category=bags)

    found = guest.get(similar("query"), {"category": "bags", "limit": 4})

    assert skus(found) == ["bag-0", "bag-1", "bag-2", "bag-3"]


@pytest.mark.parametrize("query", [{}, {"in_stock": ""}, {"in_stock": "true"}])
def test_sold_out_products_are_never_recommended_whatever_is_asked(guest, active, query):
    placed(active, query=0, near=10, far=80)
    Product.objects.filter(sku="near").update(in_stock=False)

    assert skus(guest.get(similar("query"), query)) == ["far"]


def test_whoever_asks_for_what_is_sold_out_is_told(guest, active):
    placed(active, query=0)
    asked = {"in_stock": "false"}

    answers = [
        guest.get(similar("query"), asked),
        guest.get("/api/v1/me/recommendations/", asked),
        guest.post(PHOTO, photo(image_bytes()) | asked, format="multipart"),
    ]

    for answer in answers:
        assert answer.status_code == 400
        assert answer.json()["errors"] == {
            "in_stock": ["Products that are sold out are never recommended: use true, or leave it out."]
        }


def test_as_many_queries_for_twenty_results_as_for_ten(guest, active, django_assert_num_queries):
    placed(active, query=0, **{f"p-{n}": 9 * n for n in range(1, 39)})

    guest.get(similar("query"))  # the version is read, once a process
    for limit in (10, 20):
        with django_assert_num_queries(1):
            assert len(skus(guest.get(similar("query"), {"limit": limit}))) == limit


def test_a_photo_of_a_product_finds_it_first(guest, all_trials, trained, worker):
    response = guest.post(PHOTO, photo(image_bytes(7)) | {"limit": 3}, format="multipart")

    told = response.json()
    assert response.status_code == 200
    assert (told["strategy"], told["model"]["id"]) == ("photo", trained.pk)
    assert skus(response)[0] == "A-7"
    assert told["results"][0]["score"] > 0.99
    assert "reason" not in told
    assert told["box"] == told["objects"][0]["box"]
    assert all(0 <= edge <= 1 for found in told["objects"] for edge in found["box"])
    assert told["objects"][0]["label"] == told["results"][0]["product"]["category"]
    assert 0.5 < told["match"]["same_product"] <= told["match"]["same_style"] + 0.2 <= 1.2


def test_the_parameters_of_a_photo_search_come_in_the_form_or_the_query(guest, trained, worker):
    in_form = guest.post(PHOTO, photo(image_bytes(7)) | {"exclude": "A-7", "limit": 1}, format="multipart")
    in_query = guest.post(f"{PHOTO}?exclude=A-7&limit=1", photo(image_bytes(7)), format="multipart")
    in_both = guest.post(f"{PHOTO}?exclude=A-7&limit=5", photo(image_bytes(7)) | {"limit": 1}, format="multipart")

    assert skus(in_form) == skus(in_query) == skus(in_both) != ["A-7"]


def test_a_photo_that_is_like_nothing_finds_nothing(guest, trained, worker):
    response = guest.post(PHOTO, photo(image_bytes(500)) | {"min_score": 1}, format="multipart")

    assert response.status_code == 200
    assert (response.json()["results"], response.json()["reason"]) == ([], "no_good_match")
    assert "nearest" not in response.json()  # nothing scores 1


def test_what_comes_nearest_is_named_where_nothing_is_a_good_match(guest, trained, worker):
    ModelVersion.objects.filter(pk=trained.pk).update(good_match=0.9999)
    response = guest.post(PHOTO, photo(image_bytes(500)) | {"limit": 3}, format="multipart").json()

    assert (response["results"], response["reason"]) == ([], "no_good_match")
    assert [result["rank"] for result in response["nearest"]] == [1, 2, 3]
    assert all(result["product"]["findable"] for result in response["nearest"])


@pytest.mark.parametrize("box", ["0.5,0,1,1", ["0.5", "0", "1", "1"], "[0.5, 0.0, 1.0, 1.0]"])
def test_a_box_is_the_part_of_the_photo_that_is_searched_by(guest, trained, worker, box):
    both = Image.new("RGB", (480, 240))
    for left, seed in ((0, 3), (240, 7)):
        both.paste(Image.open(io.BytesIO(image_bytes(seed))).resize((240, 240), Image.Resampling.NEAREST), (left, 0))
    file = io.BytesIO()
    both.save(file, "PNG")

    response = guest.post(PHOTO, photo(file.getvalue()) | {"box": box, "min_score": 0}, format="multipart")

    assert skus(response)[0] == "A-7"
    assert response.json()["box"] == [0.5, 0, 1, 1]
    assert response.json()["objects"]


@pytest.mark.parametrize(
    ("box", "reason"),
    [
        ("0,0,1", "Four numbers are expected"),
        ("0,0,1,1,1", "Four numbers are expected"),
        ("0.6,0,0.5,1", "Left is less than right"),
        ("0,0,1,1.5", "all from 0 to 1"),
        ("0,0,0.001,1", "at least 0.02"),
        ("0,0,1,x", "A valid number is required"),
        ("", "A valid number is required"),
    ],
)
def test_what_is_no_box_is_refused(guest, trained, box, reason):
    response = guest.post(PHOTO, photo(image_bytes(7)) | {"box": box}, format="multipart")

    assert response.status_code == 400
    assert reason in response.json()["errors"]["box"][0]


def test_without_workers_it_is_worth_another_try(guest, active, settings):
    settings.PHOTO_SEARCH_SECONDS = 0.1  # nobody listens to the queue here

    response = guest.post(PHOTO, photo(image_bytes()), format="multipart")

    assert response.status_code == 503
    assert response.headers["Retry-After"] == "5"


def test_without_a_broker_nobody_waits(guest, active, no_broker):
    before = time.monotonic()

    response = guest.post(PHOTO, photo(image_bytes()), format="multipart")

    assert response.status_code == 503
    assert response.json()["detail"] == "The broker is away; try again in a moment."
    assert time.monotonic() - before < 15  # Celery's own patience with its result store is 19 seconds


def test_without_an_active_version_no_worker_is_asked(guest):
    response = guest.post(PHOTO, photo(image_bytes()), format="multipart")

    assert response.json()["detail"] == f"No model version is active for {Role.SIMILAR.label}."


@pytest.mark.parametrize("data", [b"", b"This is not a picture."])
def test_a_photo_that_is_none_is_refused(guest, active, data):
    response = guest.post(PHOTO, photo(data, "photo.jpg"), format="multipart")

    assert response.status_code == 400
    assert list(response.json()["errors"]) == ["image"]


def test_a_search_without_a_body_lacks_the_photo(guest, active):
    response = guest.post(PHOTO, b"", content_type="application/json")

    assert response.status_code == 400
    assert list(response.json()["errors"]) == ["image"]


def test_a_photo_search_is_a_form_posted(guest, active):
    assert guest.post(PHOTO, {}, format="multipart").json()["errors"] == {"image": ["This field is required."]}
    assert guest.post(PHOTO, {"image": "x"}, format="json").status_code == 415
    assert guest.get(PHOTO).status_code == 405
