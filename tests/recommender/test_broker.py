import time

import pytest

from catalog import images, products
from recommender import broker, maintenance
from recommender.designs import lifecycle
from recommender.errors import WorkersUnavailable
from recommender.models import Design
from tests.factories import (
    CategoryFactory,
    ProductFactory,
    image_bytes,
)


@pytest.mark.django_db(transaction=True)
def test_without_a_broker_an_upload_is_kept_and_the_sweep_finds_it(no_broker, active, caplog):
    product = products.create(
        sku="lost", title="Lost", category="Shoes", price="1", image=images.read_image(image_bytes())
    )

    assert product.images.count() == 1
    assert "waits for the sweep" in caplog.text


@pytest.mark.django_db(transaction=True)
def test_with_a_full_broker_uploads_are_kept_and_the_sweep_finds_them(waiting, active, full_broker, caplog):
    images_of = [ProductFactory().images.get().pk for _ in range(2)]
    assert caplog.text.count("waits for the sweep") == 2
    assert waiting("embed") == []

    full_broker()
    maintenance.sweep()

    assert waiting("embed") == [("embed_images", [images_of])]


@pytest.mark.django_db
def test_with_a_full_broker_a_photo_search_is_refused(full_broker):
    with pytest.raises(WorkersUnavailable):
        broker.request_photo_embedding(image_bytes())


@pytest.mark.django_db(transaction=True)
def test_without_a_broker_a_design_is_kept_for_the_sweep(no_broker, ada, generator, caplog):
    lifecycle.request(ada, CategoryFactory(name="Shoes"))

    assert Design.objects.get().status == "queued"
    assert "waits for the sweep" in caplog.text


@pytest.mark.django_db(transaction=True)
def test_an_activation_waits_for_no_upload_and_what_may_wait_comes_last(waiting):
    broker.send("embed_later", 1, [4], priority=broker.LATER)
    broker.queue_embedding([2])
    time.sleep(0.01)
    broker.send("complete_version", 3)
    assert broker.count_waiting("embed") == 3
    assert 0.01 < broker.oldest_waiting("embed") < 60  # the upload's

    assert waiting("embed") == [("complete_version", [3]), ("embed_images", [[2]]), ("embed_later", [1, [4]])]

    broker.send("embed_later", 1, [4], priority=broker.LATER)
    assert broker.oldest_waiting("embed") is None


@pytest.mark.django_db
def test_without_workers_a_photo_search_gives_up_in_time(settings, waiting):
    settings.PHOTO_SEARCH_SECONDS = 1

    with pytest.raises(WorkersUnavailable, match="no worker"):
        broker.request_photo_embedding(image_bytes())


def test_without_workers_a_text_search_gives_up_after_its_own_time(settings, waiting):
    settings.PHOTO_SEARCH_SECONDS, settings.TEXT_SEARCH_SECONDS = 60, 1
    began = time.monotonic()

    with pytest.raises(WorkersUnavailable, match="no worker"):
        broker.request_text_embedding("red")
    assert time.monotonic() - began < 10
    assert waiting("embed") == [("embed_text", ["red"])]


def test_the_oldest_message_of_a_queue_is_as_old_as_its_sending(waiting):
    assert broker.oldest_waiting("maintenance") is None
    began = time.time()
    broker.send("sweep")
    time.sleep(0.2)
    between = time.time()
    broker.send("sweep")

    age = broker.oldest_waiting("maintenance")

    assert age is not None and time.time() - between <= age <= time.time() - began
