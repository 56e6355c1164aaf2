import uuid
from datetime import timedelta

import pytest
from django.core.files.storage import default_storage
from django.utils import timezone

from catalog.models import Shopper
from recommender.designs import lifecycle
from recommender.designs.lifecycle import GeneratedImage
from recommender.models import Design, DesignImage, ModelVersion
from tests.factories import (
    AccountFactory,
    CategoryFactory,
    InteractionFactory,
    ProductFactory,
    VersionFactory,
    embed,
    image_bytes,
    turned,
)
from tests.recommender.api.conftest import signed_in

pytestmark = pytest.mark.django_db
URL = "/api/v1/designs/"


@pytest.fixture
def client(ada, generator):
    """Ada's, and whatever she needs for a design."""
    account = AccountFactory(username="ada")
    Shopper.objects.filter(pk=ada.pk).update(account=account)
    return signed_in(account)


def finished(answer, *looks: float, kind: str = "design", embedding_version=None) -> Design:
    """As if a worker had made the design that was asked for, its pictures looking so to a version."""
    design = lifecycle.claim(answer.json()["id"])
    design.embedding_version = embedding_version
    pictures = [
        GeneratedImage(kind, image_bytes(seed), 0.0, 1.3, embedding=turned(degrees) if embedding_version else None)
        for seed, degrees in enumerate(looks)
    ]
    lifecycle.finish(design, pictures)
    return design


def test_a_request_is_taken_and_can_be_followed(client):
    answer = client.post(URL, {"user": "ada", "category": "shoes", "count": 3, "eta": 0.1})

    assert answer.status_code == 202
    assert answer.json() == {"id": answer.json()["id"], "status": "queued", "url": answer["Location"]}
    told = client.get(answer["Location"]).json()
    assert (told["status"], told["progress"], told["images"], told["nearest"]) == ("queued", 0.0, [], [])
    assert (told["user"], told["category"], told["count"], told["eta"]) == ("ada", "Shoes", 3, 0.1)
    assert not {"error", "budget"} & set(told)


def test_a_dozen_and_an_even_hand_are_the_defaults(client):
    client.post(URL, {"category": "Shoes"})
    client.post(URL, {"sku": ProductFactory().sku})

    tailored, made = Design.objects.all()
    assert (made.count, made.eta, made.budget) == (12, 1.0, None)
    assert tailored.budget == 0.05


def test_what_is_made_is_shown_with_what_one_can_buy(client, active):
    shoe, far, sold, hidden = (ProductFactory() for _ in range(4))
    bag = ProductFactory(category=CategoryFactory(name="Bags"))
    for product, degrees in ((shoe, 10), (far, 60), (sold, 0), (hidden, 0), (bag, 0)):
        embed(product, active, turned(degrees))
    type(sold).objects.filter(pk=sold.pk).update(in_stock=False)
    type(sold).objects.filter(pk=hidden.pk).update(is_hidden=True)
    answer = client.post(URL, {"user": "ada", "category": "Shoes", "count": 2})
    design = finished(answer, 0, 70, embedding_version=active)

    told = client.get(answer["Location"]).json()

    assert (told["status"], told["progress"]) == ("done", 1.0)
    assert [product["sku"] for product in told["nearest"]] == [shoe.sku, far.sku]
    first, second = told["images"]
    assert (first["kind"], first["score"], first["realism"]) == ("design", 0.5, 1.0)
    assert [product["sku"] for product in second["nearest"]] == [far.sku, shoe.sku]
    assert first["nearest"][0]["findable"] is True
    assert first["url"] == f"http://testserver/media/{design.folder}/00.png"
    assert "change" not in first


def test_a_tailored_product_comes_with_its_steps_and_not_as_its_own_neighbour(client, active):
    product, other = ProductFactory(), ProductFactory()
    embed(product, active, turned(0))
    embed(other, active, turned(50))
    answer = client.post(URL, {"user": "ada", "sku": product.sku, "budget": 0.2})
    design = lifecycle.claim(answer.json()["id"])
    design.embedding_version = active
    embedding = turned(0)
    lifecycle.finish(
        design,
        [
            GeneratedImage(DesignImage.Kind.ORIGINAL, image_bytes(), 0.0, 1.0, change=0.05, embedding=embedding),
            GeneratedImage(DesignImage.Kind.APPROXIMATION, image_bytes(), 0.1, 0.9, change=0.0, embedding=embedding),
            GeneratedImage(DesignImage.Kind.STEP, image_bytes(), 2.0, 0.8, change=0.1, step=4, embedding=embedding),
        ],
    )

    told = client.get(answer["Location"]).json()

    assert [(image["kind"], image.get("step"), image["change"]) for image in told["images"]] == [
        ("original", None, 0.05),
        ("approximation", None, 0.0),
        ("step", 4, 0.1),
    ]
    assert (told["sku"], told["budget"]) == (product.sku, 0.2)
    assert [found["sku"] for found in told["nearest"]] == [other.sku]


def test_as_many_queries_for_a_dozen_pictures_as_for_two(client, active, django_assert_max_num_queries):
    for number in range(20):
        embed(ProductFactory(), active, turned(9 * number))
    few = finished(client.post(URL, {"category": "Shoes"}), 0, 9, embedding_version=active)
    many = finished(client.post(URL, {"category": "Shoes"}), *range(0, 120, 10), embedding_version=active)
    with django_assert_max_num_queries(50) as queries:
        client.get(f"{URL}{few.pk}/")
    counted = len(queries)

    with django_assert_max_num_queries(counted):
        assert len(client.get(f"{URL}{many.pk}/").json()["images"]) == 12


@pytest.mark.parametrize(
    ("body", "field", "reason"),
    [
        ({"category": "Hats"}, "category", "There is no category 'Hats'."),
        ({"category": "Bags"}, "category", "No Bags can be generated: lsgan 1 has learned Shoes."),
        ({"sku": "nothing"}, "sku", "There is no product 'nothing'."),
        ({"sku": "BAG"}, "sku", "No Bags can be generated: lsgan 1 has learned Shoes."),
        ({"sku": "BARE"}, "sku", "The product 'BARE' has no image."),
        ({}, "non_field_errors", "Either category or sku is required"),
        ({"category": "Shoes", "sku": "BAG"}, "non_field_errors", "Either category or sku is required"),
        ({"category": "Shoes", "count": 25}, "count", "less than or equal to 24"),
        ({"category": "Shoes", "count": 0}, "count", "greater than or equal to 1"),
        ({"category": "Shoes", "eta": -1}, "eta", "greater than or equal to 0"),
        ({"category": "Shoes", "eta": "nan"}, "eta", "A valid number"),
        ({"category": "Shoes", "eta": True}, "eta", "A valid number"),
        ({"category": "Shoes", "budget": 0.1}, "budget", "may only be used with sku"),
        ({"sku": "BAG", "eta": 1}, "eta", "may only be used with category"),
        (
            {"category": "Shoes", "cuont": 3},
            "cuont",
            "There is no such field; the fields are: user, category, count, eta,",
        ),
        ({"sku": "BAG", "budget": 1.1}, "budget", "less than or equal to 1"),
    ],
)
def test_what_makes_no_sense_is_named(client, body, field, reason):
    ProductFactory(sku="BAG", category=CategoryFactory(name="Bags"))
    ProductFactory(sku="BARE", image=False)

    answer = client.post(URL, body)

    assert answer.status_code == 400
    assert reason in answer.json()["errors"][field][0]
    assert not Design.objects.exists()


def test_shoppers_see_their_own_and_staff_anybody_s(client, staff, guest, shopper):
    place = client.post(URL, {"user": "ada", "category": "Shoes"})["Location"]

    assert client.post(URL, {"user": "sam", "category": "Shoes"}).status_code == 403
    assert staff.post(URL, {"user": "nobody", "category": "Shoes"}).json()["errors"]["user"]
    assert staff.post(URL, {"user": "ada", "category": "Shoes"}).status_code == 202
    assert guest.post(URL, {"user": "ada", "category": "Shoes"}).status_code == 401
    for call in (shopper.get, shopper.delete):
        assert call(place).status_code == 404
    assert shopper.post(f"{place}cancel/").status_code == 404
    assert (staff.get(place).status_code, guest.get(place).status_code) == (200, 401)
    assert shopper.get(URL).json()["count"] == 0
    assert shopper.get(f"{URL}?user=ada").status_code == 403
    assert client.get(URL).json()["count"] == staff.get(f"{URL}?user=ada").json()["count"] == 2


def test_a_list_has_pages_and_no_pictures(client):
    first = client.post(URL, {"category": "Shoes"}).json()["id"]
    second = client.post(URL, {"category": "Shoes"}).json()["id"]

    page = client.get(f"{URL}?limit=1").json()

    assert [design["id"] for design in page["results"]] == [second]
    assert "images" not in page["results"][0]
    assert [design["id"] for design in client.get(page["next"]).json()["results"]] == [first]


def test_an_account_that_has_done_nothing_is_told_how_much_is_needed(shopper, generator, active_personal):
    answer = shopper.post(URL, {"category": "Shoes"})

    assert answer.status_code == 409
    assert "5 products that were liked, bought or looked at are needed, and there are 0" in answer.json()["detail"]


def test_where_the_active_tastes_are_blind_nothing_is_queued(client, active):
    ModelVersion.objects.filter(role="personal").update(method="popularity")

    answer = client.post(URL, {"category": "Shoes"})

    assert answer.status_code == 409
    assert "the active personal version, ignores pictures and cannot score designs" in answer.json()["detail"]
    assert not Design.objects.exists()


def test_a_shop_without_a_generator_says_when_to_come_back(client, generator):
    generator.delete()

    answer = client.post(URL, {"category": "Shoes"})

    assert (answer.status_code, answer["Retry-After"]) == (503, "30")
    assert answer.json()["detail"] == "No model version is active for designs."


def test_too_many_are_refused_with_the_seconds_to_wait(client, settings):
    settings.DESIGNS_PENDING, settings.DESIGNS_PER_HOUR = 1, 1
    place = client.post(URL, {"category": "Shoes"})["Location"]
    refused = client.post(URL, {"category": "Shoes"})
    client.post(f"{place}cancel/")
    Design.objects.update(created_at=timezone.now() - timedelta(minutes=40))
    later = client.post(URL, {"category": "Shoes"})

    assert (refused.status_code, refused["Retry-After"]) == (429, "10")
    assert later.status_code == 429
    assert 1190 < int(later["Retry-After"]) <= 1200


@pytest.mark.parametrize("how", ["delete", "cancel"])
def test_what_is_not_finished_is_cancelled(client, how):
    place = client.post(URL, {"category": "Shoes"})["Location"]

    answer = client.delete(place) if how == "delete" else client.post(f"{place}cancel/")

    assert answer.status_code == (204 if how == "delete" else 200)
    assert client.get(place).json()["status"] == "cancelled"
    assert client.post(f"{place}cancel/").status_code == 409


def test_what_is_finished_is_removed_with_its_pictures(client, django_capture_on_commit_callbacks):
    answer = client.post(URL, {"category": "Shoes"})
    design = finished(answer, 0, 1)
    assert client.post(f"{answer['Location']}cancel/").status_code == 409
    assert default_storage.exists(f"{design.folder}/00.png")

    with django_capture_on_commit_callbacks(execute=True):
        assert client.delete(answer["Location"]).status_code == 204

    assert client.get(answer["Location"]).status_code == 404
    assert not default_storage.exists(design.folder)


def test_a_failed_one_says_why(client):
    answer = client.post(URL, {"category": "Shoes"})
    lifecycle.fail(lifecycle.claim(answer.json()["id"]), "the generator has the flu")

    told = client.get(answer["Location"]).json()

    assert (told["status"], told["error"]) == ("failed", "the generator has the flu")


def test_a_design_that_never_was_is_not_found(client):
    assert client.get(f"{URL}{uuid.uuid4()}/").status_code == 404
    assert client.get(f"{URL}7/").status_code == 404


def test_forgetting_a_shopper_removes_their_designs(client):
    finished(client.post(URL, {"category": "Shoes"}), 0)

    assert client.delete("/api/v1/users/ada/interactions/").status_code == 204

    assert not Design.objects.exists()


def test_once_nobody_s_eyes_are_left_there_are_pictures_without_products(client, active):
    looking = VersionFactory(state="retired")
    liked = InteractionFactory(shopper__key="bob").product
    embed(liked, looking, turned(0))
    answer = client.post(URL, {"category": "Shoes"})
    finished(answer, 0, embedding_version=looking)
    assert client.get(answer["Location"]).json()["nearest"][0]["sku"] == liked.sku

    looking.delete()

    told = client.get(answer["Location"]).json()
    assert (len(told["images"]), told["nearest"]) == (1, [])
