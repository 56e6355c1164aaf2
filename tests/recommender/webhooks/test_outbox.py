import json

import pytest
from django.db import transaction

from catalog import products
from catalog.images import read_image
from catalog.importers import import_products
from recommender.designs import lifecycle as designs
from recommender.models import Design, Status
from recommender.versions import lifecycle
from recommender.webhooks.models import Delivery, Event, Webhook
from recommender.webhooks.outbox import emit
from recommender.workers import embedding, training
from tests.catalog.importers.builders import HEADER, jpegs, write_csv, write_folder
from tests.factories import CategoryFactory, ProductFactory, ShopperFactory, image_bytes

pytestmark = pytest.mark.django_db


@pytest.fixture
def everything() -> Webhook:
    """A webhook that is told of all events."""
    return Webhook.objects.create(url="https://shop.example/", events=Event.values, secret="whsec_AAAA")


def told(webhook: Webhook) -> list[tuple[str, dict]]:
    """What happened, with the data, in its order."""
    bodies = [json.loads(body) for body in webhook.deliveries.order_by("created_at").values_list("body", flat=True)]
    return [(body["type"], body["data"]) for body in bodies]


def test_what_happens_in_a_transaction_that_fails_is_not_told(everything):
    with pytest.raises(RuntimeError), transaction.atomic():
        emit(Event.TRAINED, dict)
        raise RuntimeError

    assert not Delivery.objects.exists()


def test_only_webhooks_that_are_active_and_want_it_are_told(everything):
    Webhook.objects.create(url="https://a.example/", events=[Event.IMPORTED], secret="whsec_AAAA")
    Webhook.objects.create(url="https://b.example/", events=[Event.TRAINED], secret="whsec_AAAA", is_active=False)

    emit(Event.TRAINED, lambda: {"id": 7})

    [message] = Delivery.objects.all()
    assert (message.webhook, json.loads(message.body)["data"]) == (everything, {"id": 7})


def test_nothing_is_described_where_nobody_is_told(db):
    emit(Event.TRAINED, lambda: pytest.fail("it was described"))


def test_a_training_an_activation_and_products_that_become_findable(everything):
    for number in range(10):
        ProductFactory(sku=f"A-{number}", image=number)
    version = training.run(lifecycle.register("pixels", activate=True, here=True))
    image = ProductFactory(sku="NEW", image=9).images.get()
    embedding.embed_images([image.pk])
    embedding.embed_images([image.pk])

    of_version = {"id": version.pk, "role": "similar", "method": "pixels", "version": 1}
    assert told(everything) == [
        ("training.finished", of_version),
        ("version.activated", of_version),
        ("products.findable", {"skus": ["NEW"]}),
    ]


@pytest.mark.django_db(transaction=True)  # what was there before is told by its transaction
def test_a_product_is_told_once_however_many_pictures_it_has(everything):
    for number in range(10):
        ProductFactory(image=number)
    version = training.run(lifecycle.register("pixels", activate=True, here=True))
    product = ProductFactory(sku="NEW", image=False)
    for seed in (20, 21, 22):
        [image] = products.add_images(product, [read_image(image_bytes(seed))])
        embedding.embed_images([image.pk])
    for _ in embedding.embed_all(version, anew=True):
        pass

    assert [data["skus"] for event, data in told(everything) if event == "products.findable"] == [["NEW"]]


def test_a_training_that_fails_is_told_once(everything):
    version = lifecycle.register("pixels", here=True)

    lifecycle.fail(version, RuntimeError("no memory"))
    lifecycle.fail(version, RuntimeError("no memory"))

    of_version = {"id": version.pk, "role": "similar", "method": "pixels", "version": 1}
    assert told(everything) == [("training.failed", of_version | {"error": "no memory"})]


def test_designs_that_are_finished_or_failed_are_told(everything):
    shopper = ShopperFactory(key="ada")
    for end in (lambda design: designs.finish(design, []), lambda design: designs.fail(design, "no taste")):
        end(designs.claim(Design.objects.create(shopper=shopper, category=CategoryFactory()).pk))

    done, failed = told(everything)
    assert [done[1]["status"], failed[1]["status"], failed[1]["error"]] == [Status.DONE, Status.FAILED, "no taste"]
    assert {done[1]["user"], failed[1]["user"]} == {"ada"}


def test_an_import_is_told_and_a_dry_run_is_not(everything, tmp_path):
    write_folder(tmp_path, jpegs(["1.jpg"]))
    rows = [[sku, sku, "Shoes", price, "1.jpg"] for sku, price in (("A", "1"), ("B", "x"))]
    write_csv(tmp_path / "products.csv", rows, HEADER)

    import_products(tmp_path, dry_run=True)
    import_products(tmp_path)

    [(event, data)] = told(everything)
    assert (event, data["kind"], data["created"], data["failed"]) == ("import.finished", "products", 1, 1)
