import logging

import pytest

from recommender.versions import training_log
from tests.factories import VersionFactory

pytestmark = pytest.mark.django_db
log = logging.getLogger("ml.test")


def test_what_is_logged_meanwhile_is_in_the_log_and_nothing_else(caplog):
    caplog.set_level(logging.INFO)
    version = VersionFactory()
    log.info("before")
    with training_log.recording(version):
        log.info("epoch 1")
    log.info("after")

    first, second = training_log.last_lines(version)

    assert training_log.worker_name() in first and "pixels 1 is trained by process" in first
    assert second.endswith("INFO ml.test epoch 1")


def test_the_error_that_ended_it_is_the_last_line_and_a_later_try_is_appended(caplog):
    caplog.set_level(logging.INFO)
    version = VersionFactory()
    with pytest.raises(OSError, match="full"), training_log.recording(version):
        raise OSError("the disk is full")
    assert training_log.last_lines(version)[-1].endswith("pixels 1 ended early: OSError: the disk is full")

    with training_log.recording(version):
        log.info("again")

    assert len(training_log.last_lines(version)) == 4


def test_of_a_long_log_the_last_lines_are_shown(monkeypatch):
    monkeypatch.setattr(training_log, "MOST_LINES", 2)
    version = VersionFactory()
    assert training_log.last_lines(version) == []
    version.folder.mkdir(parents=True)
    training_log.file_of(version).write_bytes(b"one\ntwo\n\xff three\n")

    assert training_log.last_lines(version) == ["two", "\ufffd three"]
