import socket
from collections.abc import Iterator
from contextlib import suppress

import pytest
from django.core.cache import cache

from recommender import throttling
from recommender.serving import eligible
from recommender.versions import queries
from tests import factories
from tests.internet import Internet
from visrec_site.celery import app

# Files and folders whose tests, most of them, train a model, write 50,000 rows, or wait for processes that they start:
# `make test-fast` leaves them out.
SLOW = (
    "tests/catalog/test_listing_plans.py",
    "tests/ml/benchmark/",
    "tests/ml/generation/",
    "tests/ml/models/",
    "tests/ml/test_contract.py",
    "tests/ml/test_main.py",
    "tests/ml/training/",
    "tests/recommender/api/test_schema.py",
    "tests/recommender/management/",
    "tests/recommender/serving/test_candidates_plans.py",
    "tests/recommender/serving/test_vector_search.py",
    "tests/recommender/test_heartbeats.py",
    "tests/recommender/test_stopping.py",
    "tests/recommender/versions/vectors/test_nearest.py",
    "tests/recommender/workers/",
    "tests/shop/",
    "tests/visrec_site/test_celery.py",
    "tests/visrec_site/test_embedded.py",
    "tests/visrec_site/test_stages.py",
)
TRAINED = {"trained", "trained_shop"}  # fixtures that train, for tests elsewhere


def pytest_collection_modifyitems(items: list[pytest.Function]) -> None:
    for item in items:
        if item.nodeid.startswith(SLOW) or TRAINED.intersection(item.fixturenames):
            item.add_marker("slow")


@pytest.fixture(autouse=True)
def own_files(settings, tmp_path_factory):
    """Each test has its own pictures and checkpoints, and plain static files that nobody has collected."""
    folder = tmp_path_factory.mktemp("shop-files")
    settings.MEDIA_ROOT = folder / "media"
    settings.MODELS_ROOT = folder / "models"
    settings.IMPORTS_ROOT = folder / "imports"
    settings.STATIC_ROOT = folder / "static"
    settings.STATIC_ROOT.mkdir()  # whitenoise warns of a folder that is not there
    settings.STORAGES = settings.STORAGES | {
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    }


@pytest.fixture(autouse=True)
def quick_passwords(settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # not a third of a second each


@pytest.fixture(autouse=True)
def fresh_throttles(monkeypatch):
    cache.clear()
    monkeypatch.setattr(throttling, "counter", throttling.Counter())


@pytest.fixture(autouse=True)
def fresh_memory():
    from recommender.admin import overview, trends  # registers models, which needs Django's set-up
    from recommender.experiments import figures, running
    from recommender.operations import uploads

    running.known_by(None)
    eligible.recent_estimate.cache.clear()
    eligible.known_categories.cache.clear()
    overview.groups.cache.clear()
    uploads.uploads.cache.clear()
    for chart in (trends.placement_charts, trends.photo_chart, trends.findable_chart):
        chart.cache.clear()
    figures.recent.cache.clear()


@pytest.fixture
def active(db):
    """An active similarity version of two dimensions."""
    version = factories.VersionFactory(role="similar", method="pixels", dimensions=2, metric="cosine", state="active")
    queries.serving_version("similar")  # as a process that serves has done before
    return version


@pytest.fixture
def active_personal(db):
    """An active personal version of two dimensions, whose shoppers' tastes are spread evenly."""
    taste = {"mean": [0.0, 0.0], "precision": [[1.0, 0.0], [0.0, 1.0]]}
    version = factories.VersionFactory(
        role="personal", method="dvbpr", dimensions=2, metric="inner", state="active", taste=taste
    )
    queries.serving_version("personal")
    return version


@pytest.fixture
def internet(monkeypatch, settings) -> Iterator[Internet]:
    settings.IMAGE_HOSTS = ["img.example", ".cdn.example"]
    internet = Internet()
    monkeypatch.setattr(socket, "getaddrinfo", internet.resolve)
    monkeypatch.setattr(socket, "create_connection", internet.connect)
    yield internet
    internet.listener.shutdown(socket.SHUT_RDWR)
    internet.listener.close()


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

        for name in ("embed", "design", "train", "import", "maintenance"):
            look(name)
        yield look
