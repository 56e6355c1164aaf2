"""The settings of gunicorn: `gunicorn visrec_site.wsgi --config python:visrec_site.web_server`."""

import os
import shutil
import signal
import tempfile
from typing import Any

from visrec_site.embedded import set_parent_death_signal
from visrec_site.web_worker import forget

workers = 2
worker_class = "visrec_site.web_worker.WaitressWorker"
threads = 4  # of each worker: a request that waits for a worker's answer holds a thread, not the process
timeout = 60  # seconds after which a worker that stands still is replaced
# gunicorn's own, and the id of the request.
access_log_format = '%(h)s %(l)s %(u)s %(t)s "%(r)s" %(s)s %(b)s "%(f)s" "%(a)s" %({x-request-id}o)s'
# Where prometheus_client has each process count in a file, so that whichever answers /metrics sums all of them up.
METRICS = tempfile.mkdtemp(prefix="visrec-metrics-")
raw_env = [f"PROMETHEUS_MULTIPROC_DIR={METRICS}"]


def post_fork(server: Any, worker: Any) -> None:
    """Request that a worker is killed when its master ends: it would hold the port for half a minute."""
    set_parent_death_signal(signal.SIGKILL)
    if os.getppid() != worker.ppid:  # it ended between fork and prctl
        os._exit(1)


def child_exit(server: Any, worker: Any) -> None:
    """Remove a worker that has ended from those that new connections are left to."""
    forget(worker)


def on_exit(server: Any) -> None:
    """Remove what was counted."""
    shutil.rmtree(METRICS, ignore_errors=True)
