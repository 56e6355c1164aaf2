"""What ordinary visitors wait for while others attack the shop, beside what they wait for otherwise.

VISITORS call what a storefront calls, with a pause after each answer. Attackers send requests that cost a shop as much
as any, one after the other, and SLOW connections send a byte a second of a request that never ends. Everybody has an
address of the loopback network to themselves, so that the shop's own limits hold. Turns without the attackers and with
them follow one another.
"""

import io
import itertools
import random
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable
from urllib.parse import urlsplit

import requests
from PIL import Image
from requests.adapters import HTTPAdapter

from catalog.rows import Sql, fetch
from tests.benchmarks.spread import spread

VISITORS, SLOW = 8, 100
PAUSE = 0.5  # seconds on average
TURNS = 3  # of each kind
SEED = 15
KINDS = ("home page", "products page", "product page", "similar", "popular", "products/", "interactions")


class FromAddress(HTTPAdapter):
    """Connections that begin at an address of this machine."""

    def __init__(self, address: str):
        self.address = address
        super().__init__()

    def init_poolmanager(self, *arguments, **options) -> None:
        super().init_poolmanager(*arguments, source_address=(self.address, 0), **options)


def session_from(address: str) -> requests.Session:
    session = requests.Session()
    session.mount("http://", FromAddress(address))
    return session


class Visitors:
    """Threads that visit for some seconds, with what they measured."""

    def __init__(self, url: str):
        self.url = url
        self.skus = [sku for (sku,) in fetch(Sql("SELECT sku FROM catalog_product WHERE NOT is_hidden ORDER BY id"))]
        self.times: dict[str, list[float]] = {"undisturbed": [], "attacked": []}
        self.errors: Counter[str] = Counter()

    def visit(self, number: int, turn: str, until: float) -> None:
        chooser, session = random.Random(f"{SEED} {number} {until}"), session_from(f"127.15.1.{number + 1}")
        while time.monotonic() < until:
            kind = chooser.choice(KINDS)
            began = time.perf_counter()
            try:
                status = self.call(kind, chooser.choice(self.skus), session).status_code
            except requests.RequestException as error:
                status = type(error).__name__
            self.times[turn].append((time.perf_counter() - began) * 1000)
            if status not in (200, 202):
                self.errors[f"{turn}, {kind}: {status}"] += 1
            time.sleep(chooser.expovariate(1 / PAUSE))

    def call(self, kind: str, sku: str, session: requests.Session) -> requests.Response:
        api = f"{self.url}/api/v1"
        if kind == "interactions":
            return session.post(f"{api}/interactions/", json={"sku": sku, "kind": "view"}, timeout=30)
        addresses = {
            "home page": f"{self.url}/",
            "products page": f"{self.url}/products/",
            "product page": f"{self.url}/products/{sku}/",
            "similar": f"{api}/products/{sku}/similar/",
            "popular": f"{api}/me/recommendations/",
            "products/": f"{api}/products/",
        }
        return session.get(addresses[kind], timeout=30)


class Attack:
    """Attackers, from the beginning of the block to its end, with the answers that they got."""

    def __init__(self, url: str, attackers: int, answers: Counter[str]):
        self.url, self.answers = url, answers
        self.sends = costly_requests(url)
        self.over = threading.Event()
        self.threads = [threading.Thread(target=self.send_costly, args=[number]) for number in range(attackers)]
        self.threads.append(threading.Thread(target=self.send_slowly))

    def __enter__(self) -> None:
        for thread in self.threads:
            thread.start()

    def __exit__(self, *error: object) -> None:
        self.over.set()
        for thread in self.threads:
            thread.join()

    def send_costly(self, number: int) -> None:
        session, kinds = session_from(f"127.15.2.{number + 1}"), list(self.sends)
        for kind in itertools.cycle(kinds[number % len(kinds) :] + kinds[: number % len(kinds)]):
            if self.over.is_set():
                break
            try:
                status = str(self.sends[kind](session).status_code)
            except requests.RequestException as error:  # cut off: the body was not wanted
                status = type(error).__name__
            self.answers[f"{kind}: {status}"] += 1

    def send_slowly(self) -> None:
        target = (urlsplit(self.url).hostname, urlsplit(self.url).port)
        head = b"POST /api/v1/search/image/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000000\r\n"
        connections: list[socket.socket] = []
        while not self.over.wait(1):
            for _ in range(SLOW - len(connections)):
                connections.append(socket.create_connection(target, 5, (f"127.15.3.{len(connections) + 1}", 0)))
                connections[-1].sendall(head + (b"\r\n" if len(connections) % 2 else b""))
            for connection in list(connections):
                try:
                    connection.sendall(b"x")
                except OSError:
                    connections.remove(connection)
                    self.answers["slow: cut off"] += 1
        for connection in connections:
            connection.close()


def costly_requests(url: str) -> dict[str, Callable[[requests.Session], requests.Response]]:
    """Return what attackers send, by kind."""
    api = f"{url}/api/v1"
    many = 100_000

    def body(path: str, text: str) -> Callable[[requests.Session], requests.Response]:
        return lambda session: session.post(
            f"{api}/{path}", text, headers={"Content-Type": "application/json"}, timeout=60
        )

    def photo(image: Image.Image) -> Callable[[requests.Session], requests.Response]:
        file = io.BytesIO()
        image.save(file, "PNG")
        return lambda session: session.post(
            f"{api}/search/image/", files={"image": ("a.png", file.getvalue())}, timeout=60
        )

    noise = Image.frombytes("L", (1000, 1000), random.Random(SEED).randbytes(1_000_000))
    return {
        "many examples": body("recommendations/by-example/", '{"like":[' + ",".join(['""'] * many) + "]}"),
        "many events": body("recommendations/session/", '{"events":[' + ",".join(["{}"] * many) + "]}"),
        "many interactions": body("interactions/", "[" + ",".join(["[]"] * many) + "]"),
        "nested interactions": body("interactions/", "[" * many + "]" * many),
        "a long title": body("products/", '{"title":"' + "x" * 20_000_000 + '"}'),
        "large photo": photo(Image.new("RGB", (7000, 7000))),
        "photo of noise": photo(noise),
        "a password": body("auth/token/", '{"username":"admin","password":"wrong"}'),
        "a search for every letter": lambda session: session.get(f"{url}/products/?q=a+e+i+o+u&page=40", timeout=60),
        "a narrow price": lambda session: session.get(f"{api}/products/?min_price=1&max_price=9999", timeout=60),
    }


def run(url: str, seconds: str, attackers: str = "2") -> dict:
    """Attack the shop in every second turn of so many seconds. Returns ms of visitors, and what attackers got."""
    visitors, answers = Visitors(url), Counter[str]()
    for _ in range(TURNS):
        visit(visitors, "undisturbed", float(seconds))
        with Attack(url, int(attackers), answers):
            visit(visitors, "attacked", float(seconds))
    found = {turn: {"calls": len(times)} | spread(times) for turn, times in visitors.times.items()}
    return {
        "seconds": float(seconds) * TURNS,
        "attackers": int(attackers),
        "p95 attacked by undisturbed": round(found["attacked"]["p95"] / found["undisturbed"]["p95"], 2),
        "errors": dict(visitors.errors),
        "answers to attackers": dict(sorted(answers.items())),
        "results": found,
    }


def visit(visitors: Visitors, turn: str, seconds: float) -> None:
    until = time.monotonic() + seconds
    threads = [threading.Thread(target=visitors.visit, args=[number, turn, until]) for number in range(VISITORS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
