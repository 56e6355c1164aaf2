import http.client
import json
import os
import signal
import socket
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest
import requests

from tests.visrec_site.web import free_port, start, wait_for

pytestmark = pytest.mark.slow

SLOW_HEAD = b"GET / HTTP/1.1\r\nHost: shop\r\nX-Slow: "
SLOW_BODY = b"POST / HTTP/1.1\r\nHost: shop\r\nContent-Length: 50000\r\n\r\n["
LARGE = b"x" * 2_000_000


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    return tmp_path_factory.mktemp("server") / "log"


@pytest.fixture(scope="module")
def url(log):
    port = free_port()
    process = start(log.parent, port)
    yield f"http://127.0.0.1:{port}"
    process.terminate()
    assert process.wait(20) == 0
    assert not [line for line in log.read_text().splitlines() if "WARN" in line or "ERROR" in line]


@pytest.mark.parametrize("beginning", [SLOW_HEAD, SLOW_BODY, SLOW_BODY.replace(b"50000", b"50000000")])
def test_requests_are_answered_beside_thirty_slow_clients(url, beginning):
    with ExitStack() as stack:
        for _ in range(30):
            client = stack.enter_context(socket.create_connection(address(url)))
            client.sendall(beginning)
        time.sleep(0.2)

        began = time.monotonic()
        assert [requests.get(url, timeout=5).status_code for _ in range(8)] == [200] * 8
        assert time.monotonic() - began < 2


def test_a_head_that_comes_byte_by_byte_is_cut_off_in_the_end(url):
    with socket.create_connection(address(url), timeout=0.2) as client:
        client.sendall(SLOW_HEAD)
        began = time.monotonic()
        while is_open(client):
            client.sendall(b"x")
            assert time.monotonic() - began < 10
    assert time.monotonic() - began > 2


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"Content-Length: -5", 400),
        (b"Content-Length: 1\r\nContent-Length: 2", 400),
        (b"X-Long: " + b"x" * 40_000, 431),
        (b"Content-Length: " + b"9" * 30, 413),
        (b"Content-Length: " + b"9" * 5000, 400),
        (b"Transfer-Encoding: gzip, chunked", 400),
    ],
)
def test_what_is_refused_before_the_application_is_a_problem_document_too(url, head, status):
    with socket.create_connection(address(url), timeout=5) as client:
        client.sendall(b"POST /api/v1/interactions/ HTTP/1.1\r\nHost: shop\r\n" + head + b"\r\n\r\n")
        response = http.client.HTTPResponse(client)
        response.begin()
        problem = json.loads(response.read())

    assert (response.status, problem["status"], problem["errors"]) == (status, status, {})
    assert response.headers["Content-Type"] == "application/problem+json"
    assert len(response.headers["X-Request-ID"]) == 32


def test_an_address_that_is_no_url_is_refused(url):
    with socket.create_connection(address(url), timeout=5) as client:
        client.sendall(b"GET http://[::1/ HTTP/1.1\r\nHost: shop\r\n\r\n")

        assert client.recv(1000).startswith(b"HTTP/1.1 400 ")


def is_open(client: socket.socket) -> bool:
    try:
        return bool(client.recv(1))
    except TimeoutError:
        return True
    except ConnectionResetError:
        return False


@pytest.mark.parametrize("headers", [{}, {"Connection": "close"}])
def test_a_large_body_is_read_only_if_the_application_wants_it(url, headers):
    with requests.Session() as client:
        for _ in range(2):  # what was refused does not disturb the next request on the connection
            assert client.post(f"{url}/large", LARGE, headers=headers).text == "2000000 None"
            assert client.post(f"{url}/other", LARGE, headers=headers).status_code == 413


def test_a_large_body_after_a_small_one_is_not_taken_for_a_request(url):
    """The thread that served the small one may still be at it while another is asked for the large one."""

    def alternate(number: int) -> set[str]:
        with requests.Session() as client:
            bodies = [b"small", LARGE[:200_000]] * 20
            return {client.post(f"{url}/large", body).text for body in bodies}

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(alternate, range(2))) == [{"5 None", "200000 None"}] * 2


def test_the_refusal_comes_before_the_body(url):
    with socket.create_connection(address(url)) as client:
        client.sendall(b"POST / HTTP/1.1\r\nHost: shop\r\nContent-Length: 9000000000\r\n\r\n")
        assert client.recv(1000).startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize("path, first", [("/large", b"100"), ("/other", b"413")])
def test_a_client_that_expects_100_is_told_whether_to_send(url, path, first):
    head = f"POST {path} HTTP/1.1\r\nHost: shop\r\nExpect: 100-continue\r\nContent-Length: {len(LARGE)}\r\n\r\n"
    for _ in range(20):  # threads that meet seldom
        with socket.create_connection(address(url), timeout=10) as client:
            client.sendall(head.encode())
            assert client.recv(1000).startswith(b"HTTP/1.1 " + first)
            client.sendall(LARGE)
            if first == b"100":
                assert client.makefile("rb").readline() == b"HTTP/1.1 200 OK\r\n"


def test_the_head_of_a_response_comes_with_its_body(url):
    with socket.create_connection(address(url), timeout=10) as client:
        for _ in range(50):  # in two packets the second would be late now and then
            client.sendall(b"GET / HTTP/1.1\r\nHost: shop\r\n\r\n")
            assert client.recv(1000).endswith(b"\r\n\r\n0 None")


def test_a_chunked_body_is_refused_by_the_application_and_dropped(url):
    with requests.Session() as client:
        assert client.post(f"{url}/large", iter([LARGE, LARGE])).status_code == 413
        assert client.post(f"{url}/", b"12345").text == "5 None"


@pytest.mark.parametrize(
    ("beginning", "block"),
    [(b"0\r\n", b"X: " + b"x" * 60_000 + b"\r\n"), (b"2;", b"x" * 60_000), (b"", b"1\r\nx\r\n" * 10_000)],
    ids=["trailer", "extension", "tiny chunks"],
)
def test_a_chunked_body_costs_no_time_however_it_is_cut(url, beginning, block):
    head = b"POST /large HTTP/1.1\r\nHost: shop\r\nTransfer-Encoding: chunked\r\n\r\n"
    with socket.create_connection(address(url), timeout=20) as client:
        began = time.monotonic()
        client.sendall(head + beginning)
        for _ in range(200):  # 12 MB
            client.sendall(block)
        response = b"".join(iter(lambda: client.recv(1000), b""))  # until the server closes

        assert response.startswith(b"HTTP/1.1 413 ")
        assert b"\r\nConnection: close\r\n" in response
        assert time.monotonic() - began < 10


def test_a_connection_that_is_the_client_s_last_is_closed_after_a_refusal(url):
    with socket.create_connection(address(url), timeout=20) as client:
        client.sendall(b"POST /other HTTP/1.0\r\nContent-Length: 100000\r\n\r\n" + b"x" * 100_000)

        assert b"".join(iter(lambda: client.recv(1000), b"")).startswith(b"HTTP/1.0 413 ")


def test_headers_of_a_proxy_reach_the_application(url):
    assert requests.get(url, headers={"X-Forwarded-Proto": "https"}).text == "0 https"


def test_a_head_that_is_too_long_is_refused(url):
    assert requests.get(url, headers={"X-Long": "x" * 33_000}).status_code == 431


def test_each_request_has_one_line_in_the_access_log(url, log):
    requests.post(f"{url}/large?0.0", LARGE, headers={"User-Agent": "test"})

    wait_for(lambda: "?0.0" in log.read_text())  # the line is written after the response
    lines = [line for line in log.read_text().splitlines() if "?0.0" in line]
    assert len(lines) == 1
    assert lines[0].startswith("127.0.0.1 - - [")
    assert lines[0].endswith('] "POST /large?0.0 HTTP/1.1" 200 12 "-" "test" abc-1')


def test_connections_that_stay_open_are_shared_by_the_workers(url):
    with ExitStack() as stack:
        workers = []
        for _ in range(40):
            client = stack.enter_context(requests.Session())
            workers.append(client.get(f"{url}/count", timeout=5).text.split()[0])

    first, second = Counter(workers).values()
    assert abs(first - second) <= 4


def test_a_worker_that_stands_still_is_left_no_connection(tmp_path):
    process = start(tmp_path, port := free_port())
    url = f"http://127.0.0.1:{port}/count"
    with ExitStack() as stack:
        stopped = int(requests.get(url, timeout=5).text.split()[0])
        os.kill(stopped, signal.SIGSTOP)
        others = set()
        for _ in range(8):
            client = stack.enter_context(requests.Session())
            others.add(client.get(url, timeout=5).text.split()[0])
    os.kill(stopped, signal.SIGCONT)
    process.terminate()
    assert process.wait(20) == 0
    assert len(others - {str(stopped)}) == 1


def test_a_stop_resets_no_request(tmp_path):
    port = free_port()
    process = start(tmp_path, port)
    url = f"http://127.0.0.1:{port}"
    idle = http.client.HTTPConnection("127.0.0.1", port)
    idle.request("GET", "/")
    idle.getresponse().read()
    with ThreadPoolExecutor(12) as pool:  # more than the threads of the server
        running = [pool.submit(requests.get, f"{url}/?0.7") for _ in range(12)]
        time.sleep(0.4)

        process.terminate()
        time.sleep(0.3)
        idle.request("GET", "/")
        response = idle.getresponse()

        assert (response.status, response.headers["Connection"]) == (200, "close")
        assert [request.result().status_code for request in running] == [200] * 12
    assert process.wait(20) == 0
    assert "WARN" not in (tmp_path / "log").read_text()


def test_no_terminal_is_told_anything_by_the_access_log(url, log):
    with socket.create_connection(address(url), timeout=5) as client:
        client.sendall(b"GET /\x1b[31mred HTTP/1.1\r\nHost: shop\r\n\r\n")
        client.recv(1)

    wait_for(lambda: "31mred" in log.read_text())
    assert '"GET /%1B[31mred HTTP/1.1"' in log.read_text()


def address(url: str) -> tuple[str, int]:
    return "127.0.0.1", int(url.rpartition(":")[2])
