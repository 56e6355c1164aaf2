"""Queueing through a real broker; the tasks themselves are called as functions."""

from contextlib import suppress
from datetime import timedelta

import pytest
from django.utils import timezone

from catalog import images, products
from catalog.models import Interaction, ProductImage
from recommender import broker, maintenance, tasks
from recommender.designs import lifecycle
from recommender.errors import WorkersUnavailable
from recommender.models import Design, ModelVersion, Popularity
from recommender.serving import popularity
from recommender.versions import lifecycle as versions
from tests.factories import (
    CategoryFactory,
    InteractionFactory,
    ProductFactory,
    ShopperFactory,
    embed,
    image_bytes,
    turned,
)
from tests.services import services
from visrec_site.celery import app


@pytest.fixture
def waiting():
    """What waits in a queue of the broker: [(task name, arguments)]."""
    with app.connection_for_write() as connection:

        def look(name: str) -> list[tuple[str, list]]:
            found = []
            with connection.SimpleQueue(app.amqp.queues[name]) as messages, suppress(messages.Empty):
                while message := messages.get_nowait():
                    found.append((message.headers["task"].rsplit(".", 1)[-1], message.payload[0]))
                    message.ack()
            return found

        for name in ("embed", "design", "train"):
            look(name)
        yield look


@pytest.fixture
def no_broker():
    """The broker is killed, and back when the test is over."""
    services.processes["Valkey"].kill()
    services.processes["Valkey"].wait()
    yield
    assert services.restart_ended() == ["Valkey"]


@pytest.mark.django_db(transaction=True)
def test_an_upload_is_queued_for_embedding_once_it_is_committed(waiting):
    product = ProductFactory()

    assert waiting("embed") == [("embed_images", [[product.images.get().pk]])]


@pytest.mark.django_db
def test_an_upload_that_is_rolled_back_queues_nothing(waiting):
    ProductFactory()  # inside the test's transaction, which is never committed

    assert waiting("embed") == []


@pytest.mark.django_db(transaction=True)
def test_without_a_broker_an_upload_is_kept_and_the_sweep_finds_it(no_broker, active, caplog):
    product = products.create(
        sku="lost", title="Lost", category="Shoes", price="1", image=images.read_image(image_bytes())
    )

    assert product.images.count() == 1
    assert "waits for the sweep" in caplog.text


@pytest.mark.django_db(transaction=True)
def test_the_sweep_queues_what_was_missed(waiting, active):
    missed, done = ProductFactory(), ProductFactory()
    embed(done, active, turned(0))
    waiting("embed")

    maintenance.sweep()

    assert waiting("embed") == [("embed_images", [[missed.images.get().pk]])]


@pytest.mark.django_db(transaction=True)
def test_the_sweep_queues_trainings_that_nobody_answers_for(waiting):
    lost, held, done = (versions.register("pixels") for _ in range(3))
    versions.claim(held.pk)
    versions.claim(lost.pk)
    ModelVersion.objects.filter(pk=lost.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    versions.cancel(done)

    maintenance.resume_trainings()

    assert waiting("train") == [("train_version", [lost.pk])]


@pytest.mark.django_db(transaction=True)
def test_what_was_started_by_hand_stays_away_from_the_workers(waiting, caplog):
    running, killed = (versions.register("pixels", here=True) for _ in range(2))
    ModelVersion.objects.filter(pk=killed.pk).update(lease_until=timezone.now() - timedelta(seconds=1))

    maintenance.resume_trainings()

    assert waiting("train") == []
    states = dict(ModelVersion.objects.values_list("pk", "state"))
    assert states == {running.pk: "training", killed.pk: "interrupted"}
    tasks.train_version(killed.pk)
    assert "started by hand" in caplog.text

    versions.queue_training(killed)  # as the admin's Resume does

    assert waiting("train") == [("train_version", [killed.pk])]
    assert versions.claim(killed.pk).state == "training"


@pytest.mark.django_db(transaction=True)
def test_a_design_has_a_queue_of_its_own_and_is_sent_again_once_nobody_answers_for_it(waiting, ada, generator):
    design = lifecycle.request(ada, CategoryFactory(name="Shoes"))
    message = [("make_design", [str(design.pk)])]
    assert waiting("design") == message

    maintenance.sweep()
    assert waiting("design") == []
    Design.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    maintenance.sweep()

    assert waiting("design") == message


@pytest.mark.django_db(transaction=True)
def test_without_a_broker_a_design_is_kept_for_the_sweep(no_broker, ada, generator, caplog):
    lifecycle.request(ada, CategoryFactory(name="Shoes"))

    assert Design.objects.get().status == "queued"
    assert "waits for the sweep" in caplog.text


def test_only_trainings_may_take_as_long_as_they_take():
    own = {name.rsplit(".", 1)[-1]: task for name, task in app.tasks.items() if name.startswith("recommender.")}

    unlimited = {name for name, task in own.items() if task.soft_time_limit is None}

    assert app.conf.task_soft_time_limit is None  # it would be theirs, too
    assert unlimited == {"train_version", "find_gaps"}


@pytest.mark.django_db
def test_a_training_queued_twice_is_trained_once(caplog):
    version = versions.register("pixels")
    versions.claim(version.pk)

    tasks.train_version(version.pk)

    assert ModelVersion.objects.get(pk=version.pk).state == "training"
    assert "another process" in caplog.text


@pytest.mark.django_db
def test_without_workers_a_photo_search_gives_up_in_time(settings, waiting):
    settings.PHOTO_SEARCH_SECONDS = 1

    with pytest.raises(WorkersUnavailable, match="no worker"):
        broker.embed_photo(image_bytes())


@pytest.mark.django_db
def test_popularity_counts_shoppers_and_guests_once_and_no_dislikes():
    liked, disliked = ProductFactory(), ProductFactory()
    shopper = ShopperFactory()
    for kind in ("view", "like"):
        InteractionFactory(shopper=shopper, product=liked, kind=kind)
    InteractionFactory(shopper=None, session="guest", product=liked)
    InteractionFactory(product=disliked, kind="dislike")

    assert popularity.count() == 1
    assert Popularity.objects.get().shoppers == 2

    Interaction.objects.all().delete()
    assert popularity.count() == 0
    assert not Popularity.objects.exists()


@pytest.mark.django_db
def test_forgetting_a_shopper_forgets_the_taste(active_personal):
    from catalog import interactions
    from recommender.models import ShopperVector

    shopper = InteractionFactory().shopper
    ShopperVector.objects.create(version=active_personal, shopper=shopper, vector=[1, 0])

    assert interactions.delete_history(shopper) == 1
    assert not ShopperVector.objects.exists()


@pytest.mark.django_db
def test_the_sweep_looks_at_pictures_that_have_no_fingerprint():
    image = ProductFactory().images.get()
    ProductImage.objects.update(fingerprint=None)

    maintenance.sweep()

    assert ProductImage.objects.get().fingerprint == image.fingerprint
