import socket
import subprocess
import sys
import threading
import time
import urllib.request
from contextlib import suppress
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
SLOW = """
import time
def application(environ, start_response):
    time.sleep(60 if environ["PATH_INFO"] == "/slow" else 0)
    start_response("200 OK", [("Content-Length", "0")])
    return []
"""


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def server(tmp_path, port):
    (tmp_path / "slow_app.py").write_text(SLOW)
    command = [sys.executable, "-m", "gunicorn", "slow_app", "--config", "python:visrec_site.web_server"]
    process = subprocess.Popen([*command, "--bind", f"127.0.0.1:{port}", "--pythonpath", str(tmp_path)], cwd=ROOT)
    wait_for(lambda: answers(port))
    yield process
    process.kill()
    process.wait()


def answers(port: int, path: str = "/") -> bool:
    with suppress(OSError):
        return urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=20).status == 200
    return False


def wait_for(condition) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_the_port_of_a_killed_server_is_free_although_a_request_is_under_way(server, port):
    request = threading.Thread(target=answers, args=(port, "/slow"))
    request.start()
    time.sleep(0.5)  # for the request to arrive; if it comes late the test is weaker, and not wrong

    server.kill()
    server.wait()

    wait_for(lambda: is_free(port))
    request.join()


def is_free(port: int) -> bool:
    with socket.socket() as other, suppress(OSError):
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", port))
        return True
    return False
