import os
import signal
import time
from pathlib import Path

import numpy as np
import pytest
from django.db import connection

from catalog import readings
from catalog.models import ImageReading, ProductImage
from ml.data.decoding import read_image
from recommender.workers import reading
from tests.factories import ProductFactory, image_bytes

SIZE = (8, 8)


def read_and_be_killed(read, pipe: Path) -> None:
    """Have a process read images; it is killed while it reads the pipe."""
    connection.close()  # a connection is one process's
    if not (child := os.fork()):
        try:
            list(read())
        finally:
            os._exit(0)
    while (writer := opened(pipe)) is None:
        assert os.waitpid(child, os.WNOHANG) == (0, 0)
        time.sleep(0.01)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    os.close(writer)
    while advisory_locks():  # the database notices only by and by that the process is gone
        time.sleep(0.01)


def advisory_locks() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        )
        return cursor.fetchone()[0]


def opened(pipe: Path) -> int | None:
    try:
        return os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
    except OSError:
        return None  # nobody reads it


@pytest.mark.django_db(transaction=True)
def test_a_picture_that_kills_its_readers_is_set_aside_alone():
    images = [ProductFactory().images.get() for _ in range(3)]
    deadly, others = images[1], [images[0], images[2]]
    pipe = Path(deadly.file.path)
    pipe.unlink()
    os.mkfifo(pipe)

    read_and_be_killed(lambda: reading.read_batches([images], SIZE), pipe)

    assert list(reading.read_batches([images], SIZE))[0][0] == []  # they died together
    read_and_be_killed(lambda: reading.read_alone([others[0], deadly, others[1]], SIZE), pipe)
    assert readings.unfinished([image.pk for image in images]) == {deadly.pk, others[1].pk}
    read_and_be_killed(lambda: reading.read_alone([deadly], SIZE), pipe)
    assert [found for found, _ in reading.read_alone([deadly, others[1]], SIZE)] == [[others[1]]]
    found = ProductImage.objects.values_list("problem", "retry_at").get(pk=deadly.pk)
    assert found == ("cannot be read: 3 processes that read it died", None)
    assert not ImageReading.objects.exists()


@pytest.mark.django_db
def test_what_can_be_read_comes_with_its_pixels_and_what_cannot_is_set_aside():
    images = [ProductFactory(image=seed).images.get() for seed in range(3)]
    Path(images[0].file.path).write_bytes(b"no picture")
    Path(images[1].file.path).unlink()

    [(found, pixels)] = reading.read_batches([images], (24, 24))

    assert found == images[2:]
    assert np.array_equal(pixels[0], read_image(image_bytes(2), (24, 24)))
    problems = [image.problem for image in ProductImage.objects.order_by("pk")]
    names = [Path(image.file.name).name for image in images]
    assert problems == [
        f"cannot be read: {names[0]}: not a picture in a known format",
        f"cannot be read: {names[1]}: No such file or directory",
        "",
    ]
