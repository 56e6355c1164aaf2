"""Requests to hosts that an allow-list names, without a way into the shop's own network.

A name is resolved once, its address is checked, and that address is connected to: a name server that answers
differently a moment later gains nothing. Each redirect is a new URL, which is checked in the same way.
"""

import http.client
import ipaddress
import re
import socket
import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import lru_cache
from http import HTTPStatus
from threading import Timer
from urllib.parse import SplitResult, urljoin, urlsplit

from django.conf import settings
from django.http.request import validate_host

from catalog.errors import FetchFailed, FetchRefused

IMAGES, WEBHOOKS = "IMAGE_HOSTS", "WEBHOOK_HOSTS"  # settings that are allow-lists
MAX_URL = 2000  # characters
SECONDS = 8  # for all of an image, with its redirects
BLOCK = 1_000_000  # bytes of a file that are in memory at once
REDIRECTS = 3
STANDARD_PORTS = {"http": 80, "https": 443}
PASSING = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS)  # and 5xx: another time it may work
ORIGIN = re.compile(r"https?://[a-z0-9.-]+(?=/[!-~]*\Z)")  # as most URLs begin
UNICAST = ipaddress.ip_network("2000::/3")  # public addresses of IPv6; those that lead to IPv4 are elsewhere, or named


@dataclass(frozen=True)
class Target:
    """A URL that may be requested, in its parts."""

    scheme: str
    host: str
    port: int
    path: str  # with the query
    is_named: bool = False  # the allow-list has this very address and port, so that it may be inside


def parse_target(url: str, hosts: str = IMAGES) -> Target:
    """Return the parts of a URL. Raises FetchRefused unless it is http or https of a host in the allow-list.

    hosts: the name of the setting that is the allow-list; in the environment it begins with VISREC_.

    An address of the shop's own network, and a port that is not the usual one, must be there together: 10.0.0.5:8080.
    """
    allowed: list[str] = getattr(settings, hosts)
    if len(url) > MAX_URL or not url.isascii() or not url.isprintable() or " " in url:
        raise FetchRefused(f"a URL has at most {MAX_URL} ASCII characters; others are percent-encoded")
    try:
        parts = urlsplit(url)
        port, host = parts.port, (parts.hostname or "").rstrip(".")
    except ValueError as error:
        raise FetchRefused(f"it is no URL: {error}") from error
    if parts.scheme not in STANDARD_PORTS or not host:
        raise FetchRefused("only http:// and https:// URLs are fetched")
    if parts.username is not None or parts.password is not None:
        raise FetchRefused("a URL with a user name or a password is not fetched")
    standard = STANDARD_PORTS[parts.scheme]
    if is_address(host) and f"{parts.netloc.removesuffix(f':{port}')}:{port or standard}" in allowed:
        return Target(parts.scheme, host, port or standard, address_of(parts), is_named=True)
    if port not in (None, standard):
        raise FetchRefused(f"port {port} is not fetched from, only {standard} for {parts.scheme}")
    if not validate_host(host, allowed):
        raise FetchRefused(f"the host {host} is not among those in VISREC_{hosts}")
    return Target(parts.scheme, host, standard, address_of(parts))


def check_target(url: str) -> None:
    """Raise FetchRefused as parse_target does for an image; what many URLs begin with is checked once."""
    origin = ORIGIN.match(url)
    if not origin or len(url) > MAX_URL or not is_allowed(origin.group(), tuple(settings.IMAGE_HOSTS)):
        parse_target(url)


@lru_cache(1000)
def is_allowed(origin: str, hosts: tuple[str, ...]) -> bool:
    """Return whether a scheme and host are fetched from. hosts: of the setting, by which the answer is remembered."""
    try:
        parse_target(origin)
    except FetchRefused:
        return False
    return True


def address_of(parts: SplitResult) -> str:
    """Return the path of a URL with its query, as a request names it."""
    return f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"


@lru_cache(1000)
def is_address(host: str) -> bool:
    """Return whether a host is an IP address, and no name that leads to one."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def is_public(address: str) -> bool:
    """Return whether an IP address is one of the internet, and of no network inside or of this machine."""
    ip = ipaddress.ip_address(address)
    if isinstance(ip, ipaddress.IPv4Address):
        return ip.is_global and not ip.is_multicast
    return ip in UNICAST and ip.is_global and ip.sixtofour is None and ip.teredo is None


def resolve(host: str, port: int) -> str:
    """Return an address of a host. Raises FetchRefused if one of its addresses is not public."""
    try:
        found = [str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    except (OSError, UnicodeError) as error:
        raise FetchFailed(f"{host} has no address: {error}") from error
    if inside := [address for address in found if not is_public(address)]:
        raise FetchRefused(f"{host} has the address {inside[0]}, which is not public")
    return found[0]


class Connection(http.client.HTTPConnection):
    """A connection to an address that was checked, whatever the name of the host leads to by now; cut at a deadline."""

    def __init__(self, target: Target, deadline: float) -> None:
        super().__init__(target.host, target.port)
        self.target, self.deadline = target, deadline
        self.default_port = STANDARD_PORTS[target.scheme]  # which the header Host leaves out
        self.held = ExitStack()

    def connect(self) -> None:
        target = self.target
        address = target.host if target.is_named else resolve(target.host, target.port)
        seconds = self.deadline - time.monotonic()
        if seconds <= 0:
            raise TimeoutError
        self.sock = socket.create_connection((address, self.target.port), seconds)
        # A server that sends a byte now and then would never run into a timeout.
        raw = self.held.enter_context(self.sock.dup())
        alarm = Timer(seconds, raw.shutdown, [socket.SHUT_RDWR])
        alarm.start()
        self.held.callback(alarm.cancel)
        if self.target.scheme == "https":
            self.sock = ssl.create_default_context().wrap_socket(self.sock, server_hostname=self.target.host)

    def end(self) -> None:
        """Release what `close` leaves open, which http.client calls before the response is read."""
        self.close()
        self.held.close()


def fetch(url: str, limit: int) -> bytes:
    """Return the image at a URL, of at most `limit` bytes. Raises as `fetch_blocks` does."""
    return b"".join(fetch_blocks(url, limit, seconds=SECONDS, accept="image/*"))


def fetch_blocks(url: str, limit: int, *, seconds: float, accept: str = "*/*") -> Iterator[bytes]:
    """Yield the file at a URL, of at most `limit` bytes, which must come within so many seconds.

    Raises FetchRefused for what will never be fetched, and FetchFailed for what may be another time.
    """
    deadline = time.monotonic() + seconds
    for _ in range(REDIRECTS + 1):
        with (
            connected(parse_target(url), deadline, seconds) as connection,
            request(connection, accept) as response,
        ):
            check_status(connection.target.host, response)
            location = response.getheader("Location")
            if not (is_redirect(response) and location):
                yield from read(response, limit)
                return
        url = location_of(url, location)
    raise FetchRefused(f"there are more than {REDIRECTS} redirects")


def post(url: str, body: bytes, headers: Mapping[str, str], hosts: str) -> int:
    """Send a body to a URL, and return the status of the response, which is not read; no redirect is followed.

    Raises FetchRefused and FetchFailed as `fetch` does.
    """
    with connected(parse_target(url, hosts), time.monotonic() + SECONDS, SECONDS) as connection:
        connection.request("POST", connection.target.path, body, {"User-Agent": "VisRec", **headers})
        return connection.getresponse().status


@contextmanager
def connected(target: Target, deadline: float, seconds: float) -> Iterator[Connection]:
    """Yield a connection, and close it. Raises FetchFailed for what goes wrong with it.

    seconds: from the first request to the deadline, for the message.
    """
    connection = Connection(target, deadline)
    try:
        yield connection
    except (OSError, http.client.HTTPException) as error:
        reason = f"took longer than {seconds} seconds" if time.monotonic() >= deadline else f"does not answer: {error}"
        raise FetchFailed(f"{target.host} {reason}") from error
    finally:
        connection.end()


def location_of(url: str, location: str) -> str:
    """Return the URL to which a URL redirects. Raises FetchRefused for what is none."""
    try:
        return urljoin(url, location)
    except ValueError as error:
        raise FetchRefused(f"it redirects to what is no URL: {error}") from error


def request(connection: Connection, accept: str) -> http.client.HTTPResponse:
    connection.request("GET", connection.target.path, headers={"User-Agent": "VisRec", "Accept": accept})
    return connection.getresponse()


def check_status(host: str, response: http.client.HTTPResponse) -> None:
    """Raise FetchRefused or FetchFailed for a response that neither has a file nor redirects to one."""
    if response.status in PASSING or response.status >= 500:
        raise FetchFailed(f"{host} answers {response.status}")
    if response.status != HTTPStatus.OK and not (is_redirect(response) and response.getheader("Location")):
        raise FetchRefused(f"{host} answers {response.status}")


def is_redirect(response: http.client.HTTPResponse) -> bool:
    return response.status in (301, 302, 303, 307, 308)


def read(response: http.client.HTTPResponse, limit: int) -> Iterator[bytes]:
    """Yield the body of a response. Raises FetchRefused if it is too large, and IncompleteRead."""
    size = 0
    while block := response.read(BLOCK):
        size += len(block)
        if size > limit:
            raise FetchRefused(f"the file has more than {limit:,} bytes")
        yield block
    if response.length:
        raise http.client.IncompleteRead(b"", response.length)
