import os
import signal
import time
from pathlib import Path

import numpy as np
import pytest
from django.db import connection

from catalog import products
from catalog.models import ImageReading, ProductImage
from ml.data.decoding import Part, read_image
from recommender.workers import reading
from tests.factories import ProductFactory, image_bytes
from tests.ml.pipes import opened, reader_killed

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


@pytest.mark.django_db(transaction=True)
def test_a_picture_that_kills_its_reader_is_set_aside_alone():
    images = [ProductFactory().images.get() for _ in range(3)]
    deadly, others = images[1], [images[0], images[2]]
    pipe = Path(deadly.file.path)
    pipe.unlink()
    os.mkfifo(pipe)

    read_and_be_killed(lambda: reading.read_batches([images], SIZE), pipe)

    assert list(reading.read_batches([images], SIZE))[0][0] == []  # they died together
    with reader_killed(pipe):
        found = [found for found, _ in reading.read_suspects([others[0], deadly, others[1]], SIZE)]
    assert found == [[others[0]], [], [others[1]]]
    problem = f"cannot be read: {pipe.name}: the process that read it ended with -9"
    assert list(ProductImage.objects.unreadable().values_list("pk", "problem")) == [(deadly.pk, problem)]
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


@pytest.mark.django_db
def test_of_a_picture_with_a_chosen_part_no_more_is_read():
    whole = ProductFactory().images.get()
    chosen = products.choose_part(ProductFactory().images.get(), (0.0, 0.5, 0.5, 1.0))
    part = Part(Path(chosen.file.path), (0.0, 0.5, 0.5, 1.0))

    [(images, pixels)] = reading.read_batches([[whole, chosen]], SIZE)
    [(_, apart)] = reading.read_suspects([chosen], SIZE)

    assert images == [whole, chosen]
    assert np.array_equal(pixels[0], read_image(Path(whole.file.path), SIZE))
    assert np.array_equal(pixels[1], read_image(part, SIZE)) and np.array_equal(apart[0], pixels[1])
    assert not np.array_equal(pixels[1], read_image(part.file, SIZE))
