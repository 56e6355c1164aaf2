"""A Celery app with one long task, for test_stopping.py. It writes into the folder what becomes of the task."""

import os
import time
from pathlib import Path

from celery import Celery
from kombu import Queue

from recommender.stopping import handed_over

app = Celery("stopping", broker=os.environ["BROKER"])
app.conf.update(
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=1,
    task_ignore_result=True,
    task_queues=[Queue("train")],
    task_default_queue="train",
)


@app.task(name="work")
def work(folder: str) -> None:
    with handed_over():
        Path(folder, "begins").write_text(str(os.getpid()))
        Path(folder, "begins").rename(Path(folder, "begun"))  # never seen empty
        try:
            while True:
                time.sleep(0.05)
        finally:
            time.sleep(0.5)  # a second signal arrives meanwhile
            Path(folder, "released").touch()
