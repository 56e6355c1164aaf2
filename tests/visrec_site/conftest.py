import pytest
from django.db import connection

from recommender import heartbeats
from visrec_site.celery import app


@pytest.fixture
def workers() -> None:
    """A worker for each queue, and sweeps, as far as their heartbeats show it."""
    for name in ("embed", "design", "train", "import", "maintenance", "sweep"):
        heartbeats.record(name)


@pytest.fixture
def go_to_empty_shop(transactional_db, settings, tmp_path):
    """Called, it leaves the shop for another: an empty database and empty folders."""
    settings.VAR = tmp_path / "var"
    database = connection.settings_dict["NAME"]
    other = f"{database}_empty"

    def go() -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {other}")
        connection.close()
        connection.settings_dict["NAME"] = other
        settings.VAR = tmp_path / "other"
        settings.MEDIA_ROOT, settings.MODELS_ROOT = tmp_path / "other" / "media", tmp_path / "other" / "models"

    yield go
    connection.close()
    connection.settings_dict["NAME"] = database
    with connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {other}")


@pytest.fixture
def no_messages():
    def purge() -> None:
        with app.connection_for_write() as connection:
            for queue in ("embed", "maintenance"):
                app.amqp.queues[queue](connection.default_channel).purge()

    purge()
    yield
    purge()
