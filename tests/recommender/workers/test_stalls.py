import os
import subprocess
import sys
import time
from threading import Event, Thread

import pytest

from recommender.workers.stalls import Watch


@pytest.fixture
def ended() -> Event:
    return Event()


def test_an_image_that_never_ends_to_be_read_ends_the_process(ended):
    with Watch(0.2, ended.set) as watch, watch.each:
        assert ended.wait(10)


def test_many_images_may_take_longer_than_one(ended):
    with Watch(0.4, ended.set) as watch:
        for _ in range(8):
            with watch.each:
                time.sleep(0.1)

    assert not ended.is_set()


def test_time_between_images_is_not_counted(ended):
    with Watch(0.2, ended.set) as watch:
        with watch.each:
            pass
        time.sleep(0.6)

    assert not ended.is_set()


def test_others_that_are_read_meanwhile_prove_that_reading_goes_on(ended):
    over = Event()

    def read_others(watch: Watch) -> None:
        while not over.wait(0.05):
            with watch.each:
                pass

    with Watch(0.3, ended.set) as watch, watch.each:
        others = Thread(target=read_others, args=[watch])
        others.start()
        assert not ended.wait(1)
        over.set()
        others.join()
        assert ended.wait(10)


READ = """
import sys, django; django.setup()
from pathlib import Path
from ml.nn.inference import decode_ahead
from recommender.workers.stalls import Watch
with Watch(0.5) as watch:
    list(decode_ahead([[Path(sys.argv[1])]], (8, 8), watch=watch.each))
"""


def test_a_file_that_gives_nothing_ends_its_reader_at_once(tmp_path):
    os.mkfifo(tmp_path / "image.jpg")  # as a network disk that does not answer

    done = subprocess.run(
        [sys.executable, "-c", READ, str(tmp_path / "image.jpg")], capture_output=True, text=True, timeout=60
    )

    assert done.returncode == 1 and "this process ends itself" in done.stderr
