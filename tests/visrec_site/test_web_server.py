import socket
import threading
import time
from contextlib import suppress
from urllib.request import urlopen

import pytest

from tests.visrec_site.web import free_port, responds, start, wait_for


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def server(tmp_path, port):
    process = start(tmp_path, port)
    yield process
    process.kill()
    process.wait()


def test_the_port_of_a_killed_server_is_free_although_a_request_is_under_way(server, port):
    request = threading.Thread(target=responds, args=(port, "/?60"))
    request.start()
    time.sleep(0.5)  # for the request to arrive; if it comes late the test is weaker, and not wrong

    server.kill()
    server.wait()

    wait_for(lambda: is_free(port))
    request.join()


def test_what_several_processes_count_is_summed_by_each(server, port):
    def count() -> list[int]:
        return [int(number) for number in urlopen(f"http://127.0.0.1:{port}/count").read().split()]

    answers = [count()]
    while len({process for process, _ in answers}) < 2 and len(answers) < 200:
        answers.append(count())

    first = answers[0][1]
    assert [number for _, number in answers] == list(range(first, first + len(answers)))
    assert len({process for process, _ in answers}) == 2


def is_free(port: int) -> bool:
    with socket.socket() as other, suppress(OSError):
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", port))
        return True
    return False
