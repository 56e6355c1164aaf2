import os
import uuid
from datetime import timedelta

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db.models import F
from django.utils import timezone

from catalog import downloads, files, image_urls, readings
from catalog.images import read_image
from catalog.models import ImageReading, ProductImage
from recommender import broker, leases, maintenance, memory, tasks
from recommender.designs import lifecycle
from recommender.experiments.models import Experiment
from recommender.imports import runs, storage
from recommender.imports.models import Feed, ImportRun
from recommender.models import Design, ModelVersion
from recommender.serving import samples
from recommender.versions import lifecycle as versions
from recommender.webhooks import delivery
from recommender.webhooks.models import Delivery, Event, Webhook
from recommender.webhooks.outbox import emit
from tests.factories import (
    CategoryFactory,
    ProductFactory,
    VersionFactory,
    embed,
    image_bytes,
    turned,
)
from tests.internet import response_of
from tests.recommender.experiments.conftest import begin
from visrec_site.celery import app


@pytest.mark.django_db(transaction=True)
def test_the_sweep_queues_what_was_missed(waiting, active):
    missed, done = ProductFactory(), ProductFactory()
    embed(done, active, turned(0))
    waiting("embed")

    maintenance.sweep()

    assert waiting("embed") == [("embed_images", [[missed.images.get().pk]])]


@pytest.mark.django_db(transaction=True)
def test_a_lost_upload_is_sent_again_before_all_that_wait(waiting, active, monkeypatch):
    monkeypatch.setattr(broker, "EMBED_BATCH", 2)
    old, lost, embedded, suspect = (ProductFactory() for _ in range(4))
    embed(embedded, active, turned(0))
    readings.begin([suspect.images.get().pk])  # its reader died with the message
    waiting("embed")
    for _ in range(30):
        broker.queue_embedding([old.images.get().pk])

    maintenance.resume()

    messages = waiting("embed")
    assert len(messages) == 31
    assert messages[0] == ("embed_images", [[lost.images.get().pk, suspect.images.get().pk]])


@pytest.mark.django_db(transaction=True)
def test_nothing_is_sent_again_while_every_image_is_embedded(waiting, active):
    embed(ProductFactory(), active, turned(0))
    waiting("embed")

    maintenance.resume()

    assert waiting("embed") == []


@pytest.mark.django_db(transaction=True)
def test_the_sweep_queues_trainings_that_nobody_answers_for(waiting):
    lost, held, done, later = (versions.register("pixels") for _ in range(4))
    versions.claim(held.pk)
    versions.claim(lost.pk)
    ModelVersion.objects.filter(pk=lost.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    versions.cancel(done)

    maintenance.resume_trainings()

    assert waiting("train") == [("train_version", [lost.pk]), ("train_version", [later.pk])]  # first come, first served


@pytest.mark.django_db
def test_what_a_lost_process_held_before_the_clock_was_set_back_is_free_in_time(generator, ada):
    version = versions.claim(versions.register("pixels").pk)
    running, queued = (lifecycle.request(ada, CategoryFactory(name="Shoes")) for _ in range(2))
    lifecycle.claim(running.pk)
    for rows in (ModelVersion.objects.filter(pk=version.pk), Design.objects.all()):
        rows.update(lease_until=F("lease_until") + timedelta(hours=1))

    maintenance.resume()

    left = [
        row.lease_until - timezone.now()
        for row in (ModelVersion.objects.get(pk=version.pk), *Design.objects.order_by("created_at"))
    ]
    longest = (versions.lease(), lifecycle.LEASE, lifecycle.MESSAGE)
    assert [length < most for length, most in zip(left, longest, strict=True)] == [True] * 3


@pytest.mark.django_db(transaction=True)
def test_trainings_are_not_sent_again_behind_messages_that_wait(waiting):
    queued = versions.register("pixels")
    versions.queue_training(queued)
    versions.register("hog")

    for _ in range(3):
        maintenance.resume()

    assert waiting("train") == [("train_version", [queued.pk])]


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


@pytest.mark.django_db
def test_a_training_that_is_resumed_by_hand_during_the_sweep_goes_on(monkeypatch):
    killed = versions.register("pixels", here=True)
    ModelVersion.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    release, resumed = leases.release, []

    def resume_then_release(rows, **changes):
        resumed.append(versions.claim(killed.pk, here=True))
        return release(rows, **changes)

    monkeypatch.setattr(leases, "release", resume_then_release)
    maintenance.resume_trainings()

    assert ModelVersion.objects.get().state == "training"
    assert versions.renew(resumed[0])


@pytest.mark.django_db(transaction=True)
def test_a_design_has_a_queue_of_its_own_and_is_sent_again_once_nobody_answers_for_it(waiting, ada, generator):
    design = lifecycle.request(ada, CategoryFactory(name="Shoes"))
    message = [("make_design", [str(design.pk)])]
    assert waiting("design") == message

    maintenance.resume()
    assert waiting("design") == []
    Design.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    maintenance.resume()

    assert waiting("design") == message


@pytest.mark.django_db
def test_the_sweep_looks_at_pictures_that_have_no_fingerprint():
    image = ProductFactory().images.get()
    ProductImage.objects.update(fingerprint=None)

    maintenance.sweep()

    assert ProductImage.objects.get().fingerprint == image.fingerprint


@pytest.mark.django_db(transaction=True)
def test_the_newest_pictures_are_looked_at_each_time_and_the_others_in_turn(waiting, active, monkeypatch):
    monkeypatch.setattr(maintenance, "WINDOW", 2)
    images = [ProductFactory().images.get().pk for _ in range(6)]
    waiting("embed")
    queued = []

    for _ in range(5):
        maintenance.sweep()
        queued.append([message[1][0] for message in waiting("embed")])

    newest = images[4:]
    assert queued == [[images[:2] + newest], [images[2:4] + newest], [newest], [newest], [images[:2] + newest]]


@pytest.mark.django_db(transaction=True)
def test_pictures_that_could_not_be_read_are_tried_again(waiting, active):
    aside, lost, new = (ProductFactory().images.get().pk for _ in range(3))
    readings.set_aside({aside: "cannot be read: no such file", new: "cannot be read: no such file"})
    ProductImage.objects.filter(pk=aside).update(retry_at=timezone.now())
    readings.begin([lost])
    ImageReading.objects.update(began_at=timezone.now() - readings.ABANDONED)
    waiting("embed")

    maintenance.sweep()

    assert waiting("embed") == [("embed_images", [[lost]]), ("embed_images", [[aside, lost]])]
    assert set(ProductImage.objects.readable().values_list("pk", flat=True)) == {aside, lost}


@pytest.mark.django_db(transaction=True)
def test_an_activation_whose_message_was_lost_is_sent_again(waiting, active):
    ProductFactory()
    newer = VersionFactory()
    versions.request_activation(newer)
    waiting("embed")

    maintenance.sweep()

    assert ("complete_version", [newer.pk]) in waiting("embed")


@pytest.mark.django_db(transaction=True)
def test_versions_that_do_not_serve_embed_when_nothing_waits_and_a_few_at_a_time(waiting, active, monkeypatch):
    monkeypatch.setattr(maintenance, "MOST_LATER", 2)
    monkeypatch.setattr(broker, "EMBED_BATCH", 2)
    versions_ready = [VersionFactory() for _ in range(2)]
    images = [ProductFactory() for _ in range(3)]
    for product in images:
        embed(product, active, turned(0))
    ids = [product.images.get().pk for product in images]

    maintenance.sweep()
    assert {task for task, _ in waiting("embed")} == {"embed_images"}  # the uploads; nothing else
    maintenance.sweep()

    newest = versions_ready[1].pk
    assert waiting("embed") == [("embed_later", [newest, ids[:2]]), ("embed_later", [newest, ids[2:]])]


@pytest.mark.django_db(transaction=True)
def test_nothing_is_queued_again_behind_many_messages(waiting, active, monkeypatch):
    monkeypatch.setattr(maintenance, "MOST_MESSAGES", 1)
    images = [ProductFactory().images.get().pk for _ in range(2)]

    maintenance.sweep()

    assert waiting("embed") == [("embed_images", [[pk]]) for pk in images]
    maintenance.sweep()
    assert waiting("embed") == [("embed_images", [images])]


@pytest.mark.django_db
def test_the_sweep_removes_files_that_no_row_names(settings):
    names = [f"{kind}/{shard}/{'0' * 24}.png" for kind in ("products", "designs") for shard in files.SHARDS]
    for name in names:
        default_storage.save(name if "products" in name else f"{name[:-4]}/00.png", ContentFile(b""))
    for folder in settings.MEDIA_ROOT.rglob("*"):
        os.utime(folder, (0, 0))

    maintenance.sweep()

    left = [file for file in settings.MEDIA_ROOT.rglob("*") if file.is_file()]
    assert len(left) == len(names) - 2


def test_the_sweep_delays_no_upload():
    for task in (tasks.sweep, tasks.resume):
        assert app.amqp.router.route({}, task.name)["queue"].name == "maintenance"


@pytest.mark.django_db
def test_the_sweep_deletes_sessions_that_have_expired():
    expired = SessionStore()
    expired.set_expiry(-60)
    expired.create()

    maintenance.sweep()

    assert not Session.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_images_that_are_to_be_fetched_are_queued_at_once_and_by_the_sweep(waiting):
    image_urls.note_primary({ProductFactory().pk: "http://img.example/a.png"})
    assert ("download_images", []) in waiting("maintenance")

    maintenance.sweep()
    assert waiting("maintenance") == [("download_images", [])]


@pytest.mark.django_db(transaction=True)
def test_a_worker_fetches_images_and_lets_others_come_before_the_rest(waiting, internet, monkeypatch):
    internet.responses = [response_of(image_bytes(1))]
    product = ProductFactory(image=0)
    image_urls.note_primary({product.pk: "http://img.example/a.png"})
    waiting("maintenance")

    monkeypatch.setattr(downloads, "SECONDS", 0)
    tasks.download_images()
    assert waiting("maintenance") == [("download_images", [])]

    monkeypatch.setattr(downloads, "SECONDS", 8)
    tasks.download_images()
    assert waiting("maintenance") == []
    assert product.images.get().content_hash == read_image(image_bytes(1)).content_hash


@pytest.mark.django_db(transaction=True)
def test_messages_of_webhooks_are_sent_at_once_and_by_the_sweep(waiting, monkeypatch):
    Webhook.objects.create(url="http://127.0.0.1/", events=[Event.TRAINED], secret="whsec_AAAA")
    emit(Event.TRAINED, dict)
    assert waiting("maintenance") == [("deliver_webhooks", [])]

    maintenance.sweep()  # the broker lost it
    assert waiting("maintenance") == [("deliver_webhooks", [])]

    monkeypatch.setattr(delivery, "SECONDS", 0)
    tasks.deliver_webhooks()
    assert waiting("maintenance") == [("deliver_webhooks", [])]

    monkeypatch.setattr(delivery, "SECONDS", 8)
    tasks.deliver_webhooks()
    maintenance.sweep()
    assert waiting("maintenance") == []
    assert "is not among those in VISREC_WEBHOOK_HOSTS" in Delivery.objects.get().problem


@pytest.mark.django_db(transaction=True)
def test_imports_whose_message_was_lost_and_feeds_whose_time_has_come_are_sent(waiting):
    uploaded = runs.upload("shop.zip", [b"no zip"], by=None, columns={})
    runs.start(uploaded)
    waiting("import")

    maintenance.resume()  # the broker lost it
    assert waiting("import") == [("run_import", [uploaded.pk])]

    tasks.run_import(uploaded.pk)
    Feed.objects.create(name="supplier", url="http://img.example/", next_at=timezone.now())
    maintenance.sweep()
    assert waiting("import") == [("run_import", [ImportRun.objects.get(status="queued").pk])]
    assert storage.source_of(uploaded) is None  # as it has failed


@pytest.mark.django_db
def test_an_experiment_that_has_run_its_days_is_stopped():
    experiment = begin(days=7)
    Experiment.objects.update(started_at=timezone.now() - timedelta(days=7))

    maintenance.sweep()

    experiment.refresh_from_db()
    assert experiment.state == "stopped"


@pytest.mark.django_db
def test_requests_that_were_sampled_are_audited_by_a_task_of_its_own(waiting, active):
    memory.client().delete(samples.KEY)
    maintenance.sweep()
    assert waiting("maintenance") == []

    samples.add(uuid.uuid4())
    maintenance.sweep()

    assert waiting("maintenance") == [("audit_indexes", [])]
    tasks.audit_indexes()
    assert not samples.are_waiting()
