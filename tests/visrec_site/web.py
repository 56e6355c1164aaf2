"""The web server of the shop, with an application that says how much it read and waits as long as it is asked to."""

import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
APPLICATION = """
import os, time
import prometheus_client
from visrec_site import web_worker
web_worker.HEAD_SECONDS = 2
from waitress.channel import HTTPChannel
serve = HTTPChannel.service
def serve_slowly(channel):  # as a thread that is interrupted just after it has sent a response
    serve(channel)
    time.sleep(0.005)
HTTPChannel.service = serve_slowly
from prometheus_client.multiprocess import MultiProcessCollector
echoed = prometheus_client.Counter("echoed", "Requests.")
def application(environ, start_response):
    if "visrec_site.head_only" in environ:
        is_wanted = environ["PATH_INFO"] == "/large" and "HTTP_TRANSFER_ENCODING" not in environ
        start_response("100 Continue" if is_wanted else "413 Content Too Large", [("Content-Length", "0")])
        return []
    body = environ["wsgi.input"].read()
    time.sleep(float(environ["QUERY_STRING"] or 0))
    echoed.inc()
    text = f"{len(body)} {environ.get('HTTP_X_FORWARDED_PROTO')}".encode()
    if environ["PATH_INFO"] == "/count":
        MultiProcessCollector(registry := prometheus_client.CollectorRegistry())
        text = f"{os.getpid()} {registry.get_sample_value('echoed_total'):.0f}".encode()
    start_response("200 OK", [("Content-Length", str(len(text))), ("X-Request-ID", "abc-1")])
    return [text]
"""


def start(folder: Path, port: int) -> subprocess.Popen[bytes]:
    """Start the server; its output, with the access log, is in folder/log."""
    (folder / "echo.py").write_text(APPLICATION)
    command = [sys.executable, "-m", "gunicorn", "echo", "--config", "python:visrec_site.web_server"]
    command += ["--bind", f"127.0.0.1:{port}", "--pythonpath", str(folder), "--access-logfile", "-"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)
    wait_for(lambda: responds(port))
    return process


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def responds(port: int, path: str = "/") -> bool:
    with suppress(OSError):
        return urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=20).status == 200
    return False


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)
