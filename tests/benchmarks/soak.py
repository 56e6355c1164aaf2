"""A shop in use with a random fault a minute: what was lost, what clients saw, and what it holds at the end.

A client repeats what was cut off, or refused by 503 with Retry-After, as it would in earnest: an upload under its SKU,
interactions under their ids. What was acknowledged in the end is looked for in the database and among the files.
"""

import hashlib
import io
import os
import random
import re
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import requests
from django.conf import settings
from django.core.files.storage import default_storage
from django.db import connection
from django.db.models import Count

from catalog.demo import draw, plan_catalog
from catalog.models import Interaction, Product, ProductImage
from recommender.models import ImageEmbedding, ModelVersion, Role, State
from recommender.versions import queries
from tests.benchmarks.load import staff_headers

UPLOADERS, SENDERS, READERS = 2, 1, 3  # threads, each of which sends one call a second
BATCH = 10  # interactions a call
EVERY = 60  # seconds from fault to fault
CALM = 30  # seconds before the first and after the last
STALL = 12  # seconds for which the broker stands still
PATIENCE = 90  # seconds in which what was sent must be acknowledged, and afterwards embedded
TRAINING = {"method": "bpr-mf", "settings": {"batch_size": 64}, "epochs": 10_000}
# The processes of a demo by words of their command lines; "main" and "child" are told apart by their parents.
PARTS = {
    "web": r"gunicorn",
    "embed": r"--hostname embed@",
    "train": r"--hostname train@",
    "maintenance": r"--hostname maintenance@",
    "beat": r"celery .* beat",
    "cache": r"^valkey-cache",
    "broker": r"^\S*valkey-server",
    "postmaster": r"/postgres .*-D",
    "backend": r"^postgres: visrec visrec",
}
KILLED = (
    *("web main", "web child", "embed main", "embed child", "train main", "train child"),
    *("maintenance main", "beat main", "cache main", "broker main", "postmaster", "backend"),
)
FAULTS = (*(f"kill {part}" for part in KILLED), "stall broker main")


class Clients:
    """Threads that send calls at a steady pace, with what was acknowledged and what they saw."""

    def __init__(self, url: str, seed: int):
        self.url, self.seed = url, seed
        self.staff = staff_headers(url)
        self.skus = list(Product.objects.visible().order_by("pk").values_list("sku", flat=True)[:500])
        self.name = f"soak-{time.time():.0f}"
        self.uploads: dict[str, tuple[str, float]] = {}  # SKU -> SHA-256 of the file, when it was acknowledged
        self.events: set[str] = set()  # ids
        self.answers: Counter[str] = Counter()
        self.wrong: list[str] = []  # answers that nobody should get
        self.given_up: list[str] = []
        self.ended = threading.Event()

    def start(self) -> list[threading.Thread]:
        kinds = [self.upload] * UPLOADERS + [self.send] * SENDERS + [self.read] * READERS
        threads = [threading.Thread(target=self.repeat, args=call) for call in enumerate(kinds)]
        for thread in threads:
            thread.start()
        return threads

    def repeat(self, number: int, call: Callable[..., None]) -> None:
        dice, session, turn = random.Random(f"{self.seed} {number}"), requests.Session(), 0
        while not self.ended.wait(1):
            call(dice, session, f"{self.name}-{number}-{turn}")
            turn += 1

    def upload(self, dice: random.Random, session: requests.Session, sku: str) -> None:
        [product] = plan_catalog(products=1, seed=dice.randrange(2**31))
        buffer = io.BytesIO()
        draw(product, seed=self.seed).save(buffer, "JPEG", quality=90)
        data = buffer.getvalue()
        fields = {"sku": sku, "title": f"Upload {sku}", "category": product.category, "price": "10.00"}

        def post() -> requests.Response:
            return session.post(
                f"{self.url}/api/v1/products/",
                data=fields,
                files={"image": ("a.jpg", data)},
                headers=self.staff,
                timeout=60,
            )

        if self.until_acknowledged("upload", post, {201, 409}):  # 409: stored, and the answer was cut off
            self.uploads[sku] = hashlib.sha256(data).hexdigest(), time.time()

    def send(self, dice: random.Random, session: requests.Session, name: str) -> None:
        ids = [f"{name}-{number}" for number in range(BATCH)]
        batch = [
            {"user": f"soak-{dice.randrange(50)}", "sku": dice.choice(self.skus), "kind": "view", "id": each}
            for each in ids
        ]

        def post() -> requests.Response:
            return session.post(f"{self.url}/api/v1/interactions/", json=batch, headers=self.staff, timeout=60)

        if self.until_acknowledged("interactions", post, {202}):
            self.events.update(ids)

    def read(self, dice: random.Random, session: requests.Session, name: str) -> None:
        sku = dice.choice(self.skus)
        paths = ("/", f"/products/{sku}/", f"/products/?page={dice.randint(1, 20)}", f"/api/v1/products/{sku}/similar/")
        self.ask("read", lambda: session.get(self.url + dice.choice(paths), headers=self.staff, timeout=60), {200})

    def until_acknowledged(self, kind: str, call: Callable[[], requests.Response], good: set[int]) -> bool:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            if self.ask(kind, call, good):
                return True
            time.sleep(1)
        self.given_up.append(kind)
        return False

    def ask(self, kind: str, call: Callable[[], requests.Response], good: set[int]) -> bool:
        try:
            answer = call()
        except requests.RequestException:
            self.answers[f"{kind}: cut off"] += 1
            return False
        self.answers[f"{kind}: {answer.status_code}"] += 1
        if answer.status_code not in good and not (answer.status_code == 503 and "Retry-After" in answer.headers):
            self.wrong.append(f"{kind}: {answer.status_code} {answer.text[:200]}")
        return answer.status_code in good


def run(url: str, seconds: str, seed: str = "14") -> dict[str, Any]:
    """Use the shop for so long. Returns the faults, what was lost, and what the shop holds before and afterwards."""
    dice, clients = random.Random(int(seed)), Clients(url, int(seed))
    version = requests.post(f"{url}/api/v1/models/", json=TRAINING, headers=clients.staff).json()["id"]
    threads, began, faults, due = clients.start(), time.monotonic(), [], []
    time.sleep(CALM)
    before = holdings()
    connection.close()
    while time.monotonic() - began < float(seconds) - EVERY - CALM:
        due = due or dice.sample(FAULTS, len(FAULTS))  # each once before any comes again
        faults.append(Fault(due.pop(), dice, url))
        time.sleep(EVERY)
    time.sleep(CALM)
    clients.ended.set()
    for thread in threads:
        thread.join()
    connection.close()  # a fault may have ended it
    wait_until(lambda: not queries.images_without_embedding(serving()).exists(), PATIENCE)
    after = holdings()
    training = ModelVersion.objects.get(pk=version)
    requests.post(f"{url}/api/v1/models/{version}/cancel/", headers=clients.staff)
    return {
        "seconds": float(seconds),
        "seed": int(seed),
        "acknowledged": {"uploads": len(clients.uploads), "interactions": len(clients.events)},
        "answers": dict(sorted(clients.answers.items())),
        "wrong answers": clients.wrong,
        "never acknowledged": clients.given_up,
        "lost or doubled": missing(clients),
        "training": f"{training.state}, claimed {training.claims} times, {training.progress}",
        "held, MB": {name: [before.get(name), after.get(name)] for name in sorted({*before, *after})},
        "results": {f"{fault.at - began:.0f} s: {fault.name}": fault.result(clients) for fault in faults},
    }


class Fault:
    """One fault, made at once; its end is when the shop is ready again."""

    def __init__(self, name: str, dice: random.Random, url: str):
        self.name, self.at, self.began, self.ready_after = name, time.monotonic(), time.time(), None
        what, _, part = name.partition(" ")
        pid = dice.choice(sorted(processes().get(part) or [0]))
        self.made = bool(pid)
        if pid and what == "kill":
            os.kill(pid, signal.SIGKILL)
        elif pid:
            os.kill(pid, signal.SIGSTOP)
            time.sleep(STALL)
            os.kill(pid, signal.SIGCONT)
        self.ended = time.time()
        time.sleep(1)
        if wait_until(lambda: is_ready(url), PATIENCE):
            self.ready_after = time.time() - self.ended

    def result(self, clients: Clients) -> dict[str, Any]:
        """How long until the shop was ready, and until the last upload of the minute was findable."""
        sent = {sku: at for sku, (_, at) in clients.uploads.items() if self.began <= at < self.began + EVERY}
        rows = ImageEmbedding.objects.filter(version=serving(), product__sku__in=sent)
        found = {sku: at.timestamp() for sku, at in rows.values_list("product__sku", "created_at")}
        late = [found[sku] - max(at, self.ended) for sku, at in sent.items() if sku in found]
        ready = None if self.ready_after is None else round(self.ready_after, 1)
        return {"made": self.made, "ready after, s": ready, "findable after, s": round(max([0, *late]), 1)}


def missing(clients: Clients) -> list[str]:
    """What was acknowledged and is not there once, with its own file and the vector that serves."""
    stored = {
        image.product.sku: image
        for image in ProductImage.objects.filter(product__sku__in=clients.uploads).select_related("product")
    }
    twice = Product.objects.filter(sku__in=clients.uploads).annotate(images_=Count("images")).exclude(images_=1)
    problems = [f"{product.sku} has {product.images_} images" for product in twice]
    embedded = set(
        ImageEmbedding.objects.filter(version=serving(), image__in=stored.values()).values_list("image", flat=True)
    )
    for sku, (digest, _) in clients.uploads.items():
        image = stored.get(sku)
        if image is None:
            problems.append(f"{sku} is lost")
        elif hashlib.sha256(Path(default_storage.path(image.file.name)).read_bytes()).hexdigest() != digest:
            problems.append(f"{sku} has another file")
        elif image.pk not in embedded:
            problems.append(f"{sku} is not findable")
    counts = Counter(Interaction.objects.filter(event_id__in=clients.events).values_list("event_id", flat=True))
    return problems + [f"event {each}: {counts[each]} times" for each in clients.events if counts[each] != 1]


def processes() -> dict[str, list[int]]:
    """Process ids by part, such as "embed child": "main" ones are the launcher's own."""
    launcher = psutil.Process(int((settings.VAR / "lock").read_text()))
    found: dict[str, list[int]] = {"launcher": [launcher.pid]}
    for process in launcher.children(recursive=True):
        try:
            line, generation = " ".join(process.cmdline()), "main" if process.ppid() == launcher.pid else "child"
        except psutil.Error:
            continue
        name = next((name for name, words in PARTS.items() if re.search(words, line)), None)
        if name in ("postmaster", "backend"):
            found.setdefault(name, []).append(process.pid)
        elif name:
            found.setdefault(f"{name} {generation}", []).append(process.pid)
    return found


def holdings() -> dict[str, float]:
    """MB of memory that each part holds, with its share of what processes share, and of disk of each folder of var/."""
    held: dict[str, float] = {}
    for name, pids in processes().items():
        held[f"memory, {name}"] = round(sum(map(memory, pids)) / 1e6, 1)
    for folder in sorted(path for path in settings.VAR.iterdir() if path.is_dir()):
        held[f"disk, {folder.name}/"] = round(sum(map(size, folder.rglob("*"))) / 1e6, 1)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_database_size(current_database())")
        held["the database"] = round(cursor.fetchone()[0] / 1e6, 1)
    return held


def memory(pid: int) -> int:
    """Bytes; 0 for a process that has just ended."""
    try:
        return psutil.Process(pid).memory_full_info().pss
    except psutil.Error:
        return 0


def size(file: Path) -> int:
    """Bytes on the disk; 0 for a file that has just been removed."""
    try:
        return file.stat().st_blocks * 512
    except FileNotFoundError:
        return 0


def serving() -> ModelVersion:
    return ModelVersion.objects.get(role=Role.SIMILAR, state=State.ACTIVE)


def is_ready(url: str) -> bool:
    try:
        return requests.get(f"{url}/readyz", timeout=10).ok
    except requests.RequestException:
        return False


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not (holds := condition()) and time.monotonic() < deadline:
        time.sleep(0.25)
    return holds
