from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from catalog.models import Interaction, ProductImage
from recommender.models import ShopperVector
from recommender.throttling import PhotoThrottle
from recommender.versions import lifecycle
from recommender.workers import training
from tests.factories import (
    AccountFactory,
    InteractionFactory,
    ProductFactory,
    ShopperFactory,
    embed,
    image_bytes,
    turned,
)

pytestmark = pytest.mark.django_db


def photo(data: bytes, name: str = "photo.png") -> dict:
    return {"image": SimpleUploadedFile(name, data)}


def test_for_you_is_what_is_popular_until_somebody_is_known(client):
    product = ProductFactory()
    ShopperFactory(is_simulated=True)

    page = client.get("/for-you/").content.decode()

    assert product.title in page
    assert "Popular in this shop — like a few products, and this page will follow your taste." in page
    assert "The shoppers of this shop are simulated." in page


def test_for_you_says_what_carried_each_pick(client, active_personal):
    client.force_login(AccountFactory(username="ada"))
    shopper = ShopperFactory(key="ada")
    for degrees, title in ((0, "Red boots"), (80, "Blue bag"), (100, "Green hat")):
        liked = ProductFactory(title=title)
        embed(liked, active_personal, turned(degrees))
        InteractionFactory(shopper=shopper, product=liked)
    pick = ProductFactory()
    embed(pick, active_personal, turned(2))

    page = client.get("/for-you/").content.decode()

    assert f"{pick.get_absolute_url()}?rec=" in page
    assert "because you liked Red boots" in page
    assert "From what you liked and looked at lately." in page


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("purchase", "because you bought Red boots<"),
        ("like", "because you liked Red boots<"),
        ("cart", "because you put Red boots in the cart<"),
        ("click", "because you looked at Red boots<"),
        ("view", "because you looked at Red boots<"),
    ],
)
def test_for_you_says_what_the_visitor_did(client, active_personal, kind, told):
    client.force_login(AccountFactory(username="ada"))
    boots = ProductFactory(title="Red boots")
    shopper = InteractionFactory(shopper__key="ada", product=boots, kind=kind).shopper
    ShopperVector.objects.create(version=active_personal, shopper=shopper, vector=turned(0))
    for product, degrees in ((boots, 0), (ProductFactory(), 2)):
        embed(product, active_personal, turned(degrees))

    page = client.get("/for-you/").content.decode()
    assert told in page
    assert f'title="You {told[12:-1]}"' in page  # at its picture


@pytest.mark.slow
def test_a_photo_finds_the_product_it_shows_and_is_not_kept(client, worker_at_hand):
    products = [ProductFactory(image=seed) for seed in range(12)]
    training.run(lifecycle.register("pixels", activate=True, here=True))

    answer = client.post("/search/photo/", photo(image_bytes(5)))

    assert answer.status_code == 200
    assert answer.context["recommendation"].results[0].product == products[5]
    page = answer.content.decode()
    assert "Looks like your photo" in page
    assert 'src="data:image/jpeg;base64,' in page
    assert ProductImage.objects.count() == 12


@pytest.mark.slow
def test_a_photo_of_nothing_in_the_shop_has_no_good_match(client, worker_at_hand):
    for seed in range(12):
        ProductFactory(image=seed)
    version = training.run(lifecycle.register("pixels", activate=True, here=True))
    type(version).objects.update(good_match=0.999)

    answer = client.post("/search/photo/", photo(image_bytes(99)))

    assert answer.status_code == 200
    page = answer.content.decode()
    assert "No good match" in page
    assert "Nothing is close; these come nearest" in page and page.count("/products/") > 12


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({}, "Choose a photo first."),
        (photo(b""), "The file is empty."),
        (photo(b"no picture", "text.jpg"), "text.jpg: not a picture"),
        (photo(image_bytes(1)[:60], "half.png"), "half.png: "),
        (photo(bytes(2_000), "huge.png"), "at most 0.001 MB"),
    ],
)
def test_what_is_no_photo_is_told(client, active, settings, files, told):
    settings.MAX_IMAGE_BYTES = 1_000

    answer = client.post("/search/photo/", files)

    assert answer.status_code == 400
    assert told in answer.content.decode()


def test_photos_are_counted_as_those_of_the_api_are(client, active, monkeypatch):
    monkeypatch.setattr(PhotoThrottle, "rate", "2/min", raising=False)
    client.post("/api/v1/search/image/")
    client.post("/search/photo/")

    refused = client.post("/search/photo/")

    assert refused.status_code == 429
    assert 0 < int(refused["Retry-After"]) <= 60
    assert "too many photos" in refused.content.decode()
    assert client.get("/search/photo/").status_code == 200


def test_workers_away_is_said_and_when_to_come_back(client, active, settings):
    settings.PHOTO_SEARCH_SECONDS = 0.2

    answer = client.post("/search/photo/", photo(image_bytes(1)))

    assert answer.status_code == 503
    assert answer["Retry-After"] == "10"
    assert "The search by photo is not available right now: no worker answered in time" in answer.content.decode()


def test_a_shop_without_a_model_says_so_at_once(client):
    answer = client.post("/search/photo/", photo(image_bytes(1)))

    assert answer.status_code == 503
    assert "no model version is active" in answer.content.decode()


def test_pages_that_only_show_refuse_to_be_written_to(client):
    assert client.post("/for-you/").status_code == 405
    assert client.put("/search/photo/").status_code == 405


def test_a_product_bought_long_ago_and_looked_at_since_was_bought(client, active_personal):
    client.force_login(AccountFactory(username="ada"))
    boots, pick = ProductFactory(title="Red boots"), ProductFactory()
    shopper = InteractionFactory(
        shopper__key="ada", product=boots, kind="purchase", occurred_at=timezone.now() - timedelta(days=300)
    ).shopper
    Interaction.objects.bulk_create(
        Interaction(shopper=shopper, product=boots, kind="view", occurred_at=timezone.now()) for _ in range(300)
    )
    ShopperVector.objects.create(version=active_personal, shopper=shopper, vector=turned(0))
    for product, degrees in ((boots, 0), (pick, 2)):
        embed(product, active_personal, turned(degrees))

    assert "because you bought Red boots<" in client.get("/for-you/").content.decode()
