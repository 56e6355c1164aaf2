import time

from catalog.importers import preview_images
from catalog.importers.archive import Folder
from catalog.importers.preview_images import thumbnails_of
from tests.catalog.importers.builders import jpegs, write_folder
from tests.factories import image_bytes
from tests.internet import response_of

JPEG = b"\xff\xd8\xff"


def test_files_and_images_of_allowed_hosts_become_small_pictures(tmp_path, internet):
    write_folder(tmp_path, jpegs(["1.jpg"]))
    internet.responses = [response_of(image_bytes(1, size=300))]

    found = thumbnails_of(["1.jpg", "http://img.example/2.png"], Folder(tmp_path))

    assert [thumbnail.jpeg[:3] for thumbnail in found] == [JPEG, JPEG]
    assert [thumbnail.lack for thumbnail in found] == ["", ""]


def test_why_there_is_no_picture_is_said(tmp_path, internet, settings):
    settings.MAX_IMAGE_BYTES = 1000
    internet.responses = [response_of(b"x" * 2000)]
    names = ["1.jpg", "http://img.example/2.png", "http://127.0.0.1/3.png", "http://elsewhere.example/4.png"]

    found = [thumbnail.lack for thumbnail in thumbnails_of(names, Folder(tmp_path))]

    assert found == [
        "there is no such file",
        "not fetched: the file has more than 1,000 bytes",
        "not fetched: the host 127.0.0.1 is not among those in VISREC_IMAGE_HOSTS",
        "not fetched: the host elsewhere.example is not among those in VISREC_IMAGE_HOSTS",
    ]
    assert len(internet.requests) == 1


def test_slow_hosts_delay_a_preview_by_some_seconds_in_all(tmp_path, internet, monkeypatch):
    monkeypatch.setattr(preview_images, "SECONDS", 0.3)
    internet.pause, internet.responses = 0.05, [response_of(b"x" * 100)] * 20
    started = time.monotonic()

    found = thumbnails_of([f"http://img.example/{number}.png" for number in range(20)], Folder(tmp_path))

    assert time.monotonic() - started < 2
    assert {thumbnail.lack for thumbnail in found} == {preview_images.TOO_LATE.lack}
