"""A Celery worker whose pool process takes longer to come up than the 4 s after which Celery kills it by default."""

import logging
import os
import time
from pathlib import Path

from celery.signals import worker_process_init

from visrec_site.celery import app

QUEUE = "slow"
log = logging.getLogger(__name__)


@worker_process_init.connect(weak=False)
def come_up_slowly(**kwargs) -> None:
    time.sleep(5)


@app.task(ignore_result=False)
def process_id() -> int:
    return os.getpid()


@app.task(ignore_result=False)
def log_something() -> None:
    log.warning("something")


@app.task
def touch(file: str) -> None:
    Path(file).touch()
