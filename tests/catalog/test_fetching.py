import re
import socket
import time
from threading import Thread

import pytest

from catalog import fetching
from catalog.errors import FetchFailed, FetchRefused
from catalog.fetching import check_target, fetch, is_public, parse_target
from tests.internet import PUBLIC, response_of

PICTURE = response_of(b"picture")


def redirect(to: str) -> bytes:
    return f"HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n".encode()


def test_a_picture_is_fetched_from_a_host_that_is_named(internet):
    internet.responses = [PICTURE]

    assert fetch("http://img.example/a.jpg?size=2", limit=7) == b"picture"
    assert internet.requests[0].startswith(b"GET /a.jpg?size=2 HTTP/1.1\r\nHost: img.example\r\n")
    assert internet.connected == [PUBLIC]


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://elsewhere.example/a.jpg", "the host elsewhere.example is not among those in VISREC_IMAGE_HOSTS"),
        ("http://127.0.0.1/a.jpg", "the host 127.0.0.1 is not among those"),
        ("http://img.example.evil.example/a.jpg", "the host img.example.evil.example is not among those"),
        ("ftp://img.example/a.jpg", "only http:// and https:// URLs are fetched"),
        ("file:///etc/passwd", "only http:// and https:// URLs are fetched"),
        ("//img.example/a.jpg", "only http:// and https:// URLs are fetched"),
        ("http://boss@img.example/a.jpg", "a URL with a user name or a password is not fetched"),
        ("http://img.example:8080/a.jpg", "port 8080 is not fetched from, only 80 for http"),
        ("http://img.example:99999/a.jpg", "it is no URL: Port out of range 0-65535"),
        ("http://[img.example/a.jpg", "it is no URL: Invalid IPv6 URL"),
        ("http://img.example/a b.jpg", "a URL has at most 2000 ASCII characters"),
        ("http://img.example/\r\nHost: inside", "a URL has at most 2000 ASCII characters"),
        ("http://img.example/" + "a" * 2000, "a URL has at most 2000 ASCII characters"),
    ],
)
def test_other_urls_are_refused_unfetched(internet, url, reason):
    with pytest.raises(FetchRefused) as refusal:
        fetch(url, limit=7)
    assert str(refusal.value).startswith(reason)
    assert internet.connected == []


@pytest.fixture(params=["127.0.0.1", "::1"])
def server(request):
    """A server on this machine, as (host, port) in URLs, that answers each request with its header Host."""
    family = socket.AF_INET6 if ":" in request.param else socket.AF_INET
    with socket.create_server((request.param, 0), family=family) as listener:

        def answer() -> None:
            while True:
                try:
                    client, _ = listener.accept()
                except OSError:
                    return
                with client:
                    host = re.search(rb"Host: (\S+)", client.recv(65536))[1]
                    client.sendall(response_of(host))

        Thread(target=answer, daemon=True).start()
        yield (f"[{request.param}]" if ":" in request.param else request.param), listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)


def test_a_server_inside_is_fetched_from_where_its_address_and_port_are_named(server, settings):
    host, port = server
    settings.IMAGE_HOSTS = [f"{host}:{port}"]

    assert fetch(f"http://{host}:{port}/a.jpg", limit=99) == f"{host}:{port}".encode()
    for url in (
        f"http://{host}:{port + 1}/",
        f"http://{host}/",
        f"http://localhost:{port}/",
        f"http://u@{host}:{port}/",
    ):
        with pytest.raises(FetchRefused):
            fetch(url, limit=99)


@pytest.mark.parametrize("named", [[], ["127.0.0.1"], ["localhost"], ["localhost:8099"], ["127.0.0.1:8098"]])
def test_a_server_inside_is_not_fetched_from_for_less(internet, settings, named):
    settings.IMAGE_HOSTS = named
    internet.names["localhost"] = internet.names["127.0.0.1"] = ["127.0.0.1"]

    for url in ("http://127.0.0.1:8099/", "http://127.0.0.1/", "http://localhost:8099/", "http://localhost/"):
        with pytest.raises(FetchRefused):
            fetch(url, limit=7)
    assert internet.connected == []


def test_hosts_below_a_domain_may_be_named(internet):
    assert parse_target("https://a.cdn.example").port == 443


@pytest.mark.parametrize(
    "address",
    [
        *(
            "127.0.0.1",
            "10.0.0.7",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "224.0.0.1",
        ),
        *("::1", "::", "fe80::1", "fd00::7", "ff02::1", "::ffff:127.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1"),
        *("0.0.0.0", "2002:7f00:1::1", "2001:0:7f00:1::1"),
    ],
)
def test_addresses_inside_are_not_public(internet, address):
    internet.names["img.example"] = [address]

    assert not is_public(address)
    with pytest.raises(FetchRefused, match="which is not public"):
        fetch("http://img.example/a.jpg", limit=7)
    assert internet.connected == []


def test_addresses_of_the_internet_are_public():
    assert is_public(PUBLIC) and is_public("2606:2800:21f:cb07:6820:80da:af6b:8b2c")


def test_the_address_that_was_checked_is_the_one_connected_to(internet):
    internet.names["img.example"] = [PUBLIC, "127.0.0.1"]  # DNS rebinding
    internet.responses = [PICTURE]

    assert fetch("http://img.example/a.jpg", limit=7) == b"picture"
    assert internet.connected == [PUBLIC]


def test_a_redirect_is_checked_as_the_first_url_is(internet):
    internet.responses = [redirect("/b.jpg"), PICTURE]
    assert fetch("http://img.example/a.jpg", limit=7) == b"picture"

    internet.responses = [redirect("http://169.254.169.254/latest/meta-data/")]
    with pytest.raises(FetchRefused, match=r"the host 169\.254\.169\.254 is not among those"):
        fetch("http://img.example/a.jpg", limit=7)

    internet.names["x.cdn.example"] = ["10.0.0.7"]
    internet.responses = [redirect("http://x.cdn.example/a.jpg")]
    with pytest.raises(FetchRefused, match=r"x\.cdn\.example has the address 10\.0\.0\.7, which is not public"):
        fetch("http://img.example/a.jpg", limit=7)
    assert set(internet.connected) == {PUBLIC}


def test_redirects_in_a_circle_end(internet):
    internet.responses = [redirect("/a.jpg")] * 9
    with pytest.raises(FetchRefused, match="there are more than 3 redirects"):
        fetch("http://img.example/a.jpg", limit=7)
    assert len(internet.connected) == 4


def test_a_file_that_is_too_large_is_not_read_to_its_end(internet):
    internet.responses = [PICTURE]
    with pytest.raises(FetchRefused, match="the file has more than 6 bytes"):
        fetch("http://img.example/a.jpg", limit=6)


@pytest.mark.parametrize(
    ("response", "error", "reason"),
    [
        (redirect("http://[img.example/"), FetchRefused, "it redirects to what is no URL: Invalid IPv6 URL"),
        (redirect("//[x]/"), FetchRefused, "it redirects to what is no URL"),
        (b"HTTP/1.1 404 Not Found\r\n\r\n", FetchRefused, "img.example answers 404"),
        (b"HTTP/1.1 503 Unavailable\r\n\r\n", FetchFailed, "img.example answers 503"),
        (b"SSH-2.0\r\n", FetchFailed, "img.example does not answer"),
        (PICTURE[:-2], FetchFailed, "img.example does not answer: IncompleteRead"),
    ],
)
def test_what_is_no_picture_is_told(internet, response, error, reason):
    internet.responses = [response]
    with pytest.raises(error, match=reason):
        fetch("http://img.example/a.jpg", limit=7)


def test_a_host_without_an_address_may_have_one_later(internet):
    with pytest.raises(FetchFailed, match=r"x\.cdn\.example has no address"):
        fetch("http://x.cdn.example/a.jpg", limit=7)


def test_a_host_that_sends_a_byte_now_and_then_is_cut_off(internet, monkeypatch):
    monkeypatch.setattr(fetching, "SECONDS", 0.5)
    internet.responses, internet.pause = [PICTURE], 0.1

    began = time.monotonic()
    with pytest.raises(FetchFailed, match=r"img\.example took longer than 0\.5 seconds"):
        fetch("http://img.example/a.jpg", limit=7)
    assert time.monotonic() - began < 1.5


def test_https_requires_a_certificate_of_the_name(internet):
    internet.responses = [b"no TLS"]
    with pytest.raises(FetchFailed, match=r"img\.example does not answer: .*SSL"):
        fetch("https://img.example/a.jpg", limit=7)


@pytest.mark.parametrize(
    "url",
    [
        "https://img.example/a.jpg",
        "http://img.example/a.jpg?b=c#d",
        "https://img.example",
        "https://img.example:443/a.jpg",
        "https://img.example:8080/a.jpg",
        "https://user:word@img.example/a.jpg",
        "https://img.example@elsewhere.example/a.jpg",
        "https://elsewhere.example/img.example/a.jpg",
        "https://img.example\\@elsewhere.example/a.jpg",
        "https://10.0.0.5/a.jpg",
        "http://10.0.0.5:8080/a.jpg",
        "https://img.example/ä.jpg",
        "https://img.example/a b.jpg",
        f"https://img.example/{'a' * 2000}.jpg",
        "ftp://img.example/a.jpg",
        "//img.example/a.jpg",
    ],
)
@pytest.mark.parametrize("hosts", [["img.example"], ["10.0.0.5:8080"], [".example"], []])
def test_a_check_says_of_a_url_what_its_parts_do(settings, url, hosts):
    settings.IMAGE_HOSTS = hosts
    assert is_refused(check_target, url) == is_refused(parse_target, url)


def is_refused(check, url):
    try:
        check(url)
    except FetchRefused as error:
        return str(error)
    return ""
