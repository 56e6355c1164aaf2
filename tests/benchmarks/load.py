"""A shop under load: clients, uploads that are embedded and a training, all at once.

CLIENTS send calls one after the other, of a kind drawn for each; UPLOADS a second come in, and are waited for until the
similarity version has embedded them. Times are those of the clients, in milliseconds, and seconds of the uploads.
"""

import io
import queue
import random
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable

import requests
from django.db import connection

from catalog.demo import draw, plan_catalog
from catalog.models import Shopper
from catalog.rows import Sql, fetch
from recommender.models import ModelVersion, State
from tests.benchmarks.spread import spread

CLIENTS, UPLOADS = 16, 5
UPLOADERS = 4  # threads, each with a connection
PATIENCE = 60  # seconds after the end in which the last uploads may become findable
SEED = 77
POLL = 0.1  # seconds


class Clients:
    """Threads that send calls, with what they measured."""

    def __init__(self, url: str, staff: dict[str, str], until: float):
        self.url, self.staff, self.until = url, staff, until
        self.skus = [sku for (sku,) in fetch(Sql("SELECT sku FROM catalog_product WHERE NOT is_hidden ORDER BY id"))]
        self.keys = list(Shopper.objects.filter(account=None).order_by("pk").values_list("key", flat=True))
        self.times: dict[str, list[float]] = defaultdict(list)
        self.errors: Counter[str] = Counter()

    def call(self, kind: str, chooser: random.Random, session: requests.Session) -> requests.Response:
        sku, api = chooser.choice(self.skus), f"{self.url}/api/v1"
        calls: dict[str, Callable[[], requests.Response]] = {
            "similar": lambda: session.get(f"{api}/products/{sku}/similar/"),
            "similar, a price": lambda: session.get(f"{api}/products/{sku}/similar/?max_price=50"),
            "personal": lambda: session.get(
                f"{api}/users/{chooser.choice(self.keys)}/recommendations/", headers=self.staff
            ),
            "session": lambda: session.post(
                f"{api}/recommendations/session/", json={"events": [{"sku": sku, "kind": "like"}]}
            ),
            "popular": lambda: session.get(f"{api}/me/recommendations/"),
            "products/": lambda: session.get(f"{api}/products/?page={chooser.randint(1, 40)}"),
            "home page": lambda: session.get(f"{self.url}/"),
            "products page": lambda: session.get(f"{self.url}/products/?page={chooser.randint(1, 40)}"),
            "product page": lambda: session.get(f"{self.url}/products/{sku}/"),
            "interactions": lambda: session.post(
                f"{api}/interactions/", json=[{"session": f"load-{chooser.random()}", "sku": sku, "kind": "view"}]
            ),
        }
        return calls[kind]()

    def run(self, number: int) -> None:
        chooser, session = random.Random(SEED + number), requests.Session()
        while time.monotonic() < self.until:
            kind = chooser.choice(KINDS)
            began = time.perf_counter()
            try:
                answer = self.call(kind, chooser, session)
            except requests.RequestException as error:
                self.errors[f"{kind}: {type(error).__name__}"] += 1
                continue
            self.times[kind].append((time.perf_counter() - began) * 1000)
            if answer.status_code >= 400:
                self.errors[f"{kind}: {answer.status_code}"] += 1


KINDS = (
    *("similar", "similar, a price", "personal", "session", "popular", "products/"),
    *("home page", "products page", "product page", "interactions"),
)


class Uploads:
    """Uploads at a steady pace, and the seconds from each answer until its product is findable."""

    def __init__(self, url: str, staff: dict[str, str], seconds: float):
        self.url, self.staff = url, staff
        self.run_name = f"load-{time.time_ns()}"
        self.images = []
        for product in plan_catalog(products=round(seconds * UPLOADS), seed=time.time_ns() % 2**31):
            buffer = io.BytesIO()
            draw(product, seed=SEED).save(buffer, "JPEG", quality=90)
            self.images.append((product.category, buffer.getvalue()))
        self.due: queue.Queue[int | None] = queue.Queue()
        self.created: dict[str, float] = {}  # when each was answered, while it is not findable
        self.times: list[float] = []
        self.seconds: list[float] = []
        self.errors: Counter[str] = Counter()
        self.ended = threading.Event()  # all are sent; those that are not findable yet may be until the deadline
        self.deadline = 0.0

    def pace(self) -> None:
        began = time.monotonic()
        for number in range(len(self.images)):
            time.sleep(max(0.0, began + number / UPLOADS - time.monotonic()))
            self.due.put(number)
        for _ in range(UPLOADERS):
            self.due.put(None)

    def upload(self) -> None:
        session = requests.Session()
        while (number := self.due.get()) is not None:
            sku, (category, image) = f"{self.run_name}-{number}", self.images[number]
            fields = {"sku": sku, "title": f"Upload {number}", "category": category, "price": "10.00"}
            began = time.perf_counter()
            answer = session.post(
                f"{self.url}/api/v1/products/", data=fields, files={"image": ("a.jpg", image)}, headers=self.staff
            )
            self.times.append((time.perf_counter() - began) * 1000)
            if answer.status_code == 201:
                self.created[sku] = time.monotonic()
            else:
                self.errors[f"upload: {answer.status_code}"] += 1

    def watch(self) -> None:
        """Ask the database, as asking the shop would be load of its own."""
        version = ModelVersion.objects.get(role="similar", state=State.ACTIVE)
        text = (
            "SELECT p.sku FROM catalog_product p WHERE p.sku = ANY(%s) AND EXISTS"
            " (SELECT FROM recommender_imageembedding e WHERE e.product_id = p.id AND e.version_id = %s)"
        )
        while not self.ended.is_set() or (self.created and time.monotonic() < self.deadline):
            found = fetch(Sql(text, (list(self.created), version.pk)))
            for (sku,) in found:
                self.seconds.append(time.monotonic() - self.created.pop(sku))
            time.sleep(POLL)
        connection.close()


def run(url: str, seconds: str) -> dict:
    """Load the shop for so long. Returns times by kind, errors, and how long uploads took to be findable."""
    api, staff = f"{url}/api/v1", staff_headers(url)
    uploads = Uploads(url, staff, float(seconds))
    training = requests.post(f"{api}/models/", json={"method": "hybrid", "epochs": 10_000}, headers=staff)
    assert training.status_code < 300, training.text
    version = training.json()["id"]
    wait_until_training(f"{api}/models/{version}/", staff)
    clients = Clients(url, staff, time.monotonic() + float(seconds))
    threads = [threading.Thread(target=clients.run, args=[number]) for number in range(CLIENTS)]
    threads += [threading.Thread(target=uploads.upload) for _ in range(UPLOADERS)]
    threads += [threading.Thread(target=uploads.pace)]
    watcher = threading.Thread(target=uploads.watch)
    for thread in [*threads, watcher]:
        thread.start()
    for thread in threads:
        thread.join()
    state = requests.get(f"{api}/models/{version}/", headers=staff).json()["state"]
    uploads.deadline = time.monotonic() + PATIENCE
    uploads.ended.set()
    watcher.join()
    requests.post(f"{api}/models/{version}/cancel/", headers=staff)
    every = [each for times in clients.times.values() for each in times]
    errors = clients.errors + uploads.errors
    if state != "training":
        errors[f"the training is {state} at the end"] += 1
    if uploads.created:
        errors["uploads that are not findable"] += len(uploads.created)
    kinds = {kind: summary(clients.times[kind]) for kind in KINDS if clients.times[kind]}
    return {
        "seconds": float(seconds),
        "clients": CLIENTS,
        "calls a second": round(len(every) / float(seconds), 1),
        "errors": dict(errors),
        "findable, s": spread(uploads.seconds) | {"uploads": len(uploads.seconds)},
        "results": {"all": summary(every)} | kinds | {"upload": summary(uploads.times)},
    }


def staff_headers(url: str) -> dict[str, str]:
    answer = requests.post(f"{url}/api/v1/auth/token/", json={"username": "admin", "password": "admin"})
    return {"Authorization": f"Token {answer.json()['token']}"}


def wait_until_training(address: str, staff: dict[str, str], most: float = 120) -> None:
    began = time.monotonic()
    while (state := requests.get(address, headers=staff).json()["state"]) != "training":
        assert time.monotonic() - began < most, f"the training is {state} after {most:.0f} s"
        time.sleep(0.5)


def summary(times: list[float]) -> dict:
    found = spread(times)
    ratio = round(found["p99"] / found["p50"], 1)
    return {"calls": len(times), "p50": found["p50"], "p99": found["p99"], "p99 by p50": ratio}
