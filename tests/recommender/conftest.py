from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone
from redis import Redis

from catalog import interactions
from catalog.interactions import Event
from catalog.models import Product, Shopper
from recommender.models import ModelVersion, ShopperVector
from recommender.versions import lifecycle
from recommender.workers import embedding, generation, photo_calibration, training
from recommender.workers.photo_calibration import TRIALS
from tests.factories import (
    CategoryFactory,
    InteractionFactory,
    ProductFactory,
    ShopperFactory,
    VersionFactory,
    embed,
    turned,
)
from tests.services import services, without
from visrec_site.celery import app


@pytest.fixture(autouse=True)
def few_trials(monkeypatch):
    """Versions are calibrated by two images: by all of them takes longer than the rest of a small shop's training."""
    monkeypatch.setattr(photo_calibration, "TRIALS", 2)


@pytest.fixture
def all_trials(monkeypatch, few_trials):
    """Versions are calibrated as in any shop, for tests of what comes of it."""
    monkeypatch.setattr(photo_calibration, "TRIALS", TRIALS)


@pytest.fixture
def worker_at_hand():
    """Tasks run at once, in this process."""
    app.loader.import_default_modules()  # else a task is unknown here, and the broker would get it
    embedding.load_model.cache_clear()
    app.conf.task_always_eager = app.conf.task_eager_propagates = True
    yield
    app.conf.task_always_eager = app.conf.task_eager_propagates = False


@pytest.fixture
def shop():
    """Twenty products and six shoppers, each of whom took to eight of them."""
    embedding.load_model.cache_clear()
    products = [ProductFactory(image=seed) for seed in range(20)]
    start = datetime(2026, 1, 1, tzinfo=UTC)
    events = [
        Event(sku=products[(shopper * 3 + n) % 20].sku, user=f"s{shopper}", kind="like", timestamp=start + timedelta(n))
        for shopper in range(6)
        for n in range(8)
    ]
    interactions.record(events)
    return products


@pytest.fixture
def trained_shop(db, monkeypatch):
    """Hardly trained versions of all three roles."""
    embedding.load_model.cache_clear()
    for name in ("RANDOM", "SEARCHED", "SEARCH_STEPS"):
        monkeypatch.setattr(generation, name, 4)
    shoes = [ProductFactory(image=seed) for seed in range(20)]
    for number in range(3):
        shopper = ShopperFactory(key=f"s{number}")
        for product in shoes[number * 5 : number * 5 + 8]:
            InteractionFactory(shopper=shopper, product=product)
    for method, settings in {"pixels": {}, "dvbpr": {}, "lsgan": {"width": 4}}.items():
        version = lifecycle.register(method, method_settings=settings, epochs=1, activate=True, here=True)
        training.run(version)
    return version


@pytest.fixture
def generator(db) -> ModelVersion:
    """An active design version that has learnt shoes, and whose checkpoint nobody has."""
    shoes = CategoryFactory(name="Shoes")
    return VersionFactory(
        role="design", method="lsgan", metric="", dimensions=256, state="active", categories=[shoes.pk]
    )


@pytest.fixture
def ada(active_personal) -> Shopper:
    """A shopper whose taste is known well enough: five shoes liked."""
    shopper = ShopperFactory(key="ada")
    for number in range(5):
        product = ProductFactory()
        embed(product, active_personal, turned(10 * number))
        InteractionFactory(shopper=shopper, product=product)
    return shopper


def placed(version, *degrees, **fields) -> list[Product]:
    """A product for each angle, seen by the version in that direction."""
    products = []
    for angle in degrees:
        product = ProductFactory(**fields)
        embed(product, version, turned(angle))
        products.append(product)
    return products


def train(version, shopper, vector) -> None:
    """As if the version had just learnt this taste from all that was recorded so far."""
    ShopperVector.objects.create(version=version, shopper=shopper, vector=vector)
    version.started_at = timezone.now()
    version.save()


def shown(recommendation) -> list[Product]:
    return [result.product for result in recommendation.results]


@pytest.fixture
def no_broker():
    """The broker is killed, and back when the test is over."""
    with without("Valkey"):
        yield


@pytest.fixture
def full_broker():
    """The broker has no room for anything more, until this is called or the test is over."""
    with closing(Redis(unix_socket_path=str(services.run / "redis.sock"))) as server:
        limit = server.config_get("maxmemory")["maxmemory"]
        server.config_set("maxmemory", 1)

        def make_room() -> None:
            server.config_set("maxmemory", limit)

        yield make_room
        make_room()


@pytest.fixture
def no_cache():
    """The cache is killed, and back when the test is over."""
    with without("Valkey cache"):
        yield
