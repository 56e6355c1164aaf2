"""`make demo`: from nothing to a shop that recommends, on one machine, in the foreground.

Each stage looks at what is there and does only what is missing, so that a second run starts in seconds and a run after
a crash goes on where the first was stopped.
"""

import argparse
import json
import os
import signal
import socket
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import django
from django.conf import settings
from django.core.management import CommandError, call_command

from visrec_site.embedded import ServiceError, Services, stop_with_parent
from visrec_site.processes import ChildFailed, Children, Program

READY_SECONDS = 90


class DemoError(Exception):
    """Why the demo cannot go on, in one line."""


@dataclass(frozen=True)
class Options:
    port: int
    catalog: Path | None
    interactions: Path | None
    limit: int | None


@contextmanager
def stage(title: str) -> Iterator[list[str]]:
    """One line when it is over: how long it took and what came of it (what the caller appends)."""
    began, notes = time.monotonic(), []
    yield notes
    print(f"{time.monotonic() - began:7.1f} s  {title}{': ' if notes else ''}{'; '.join(notes)}", flush=True)


def run(options: Options) -> None:
    began = time.monotonic()
    refuse_taken_port(options.port)
    with stage("PostgreSQL with pgvector and Valkey are up"):
        services = Services(settings.VAR)
        services.__enter__()
    try:
        django.setup()
        prepare(options)
        children = Children(programs(options.port), logs=settings.VAR / "log")
        try:
            with stage("the shop and its workers are up"):
                children.start()
                wait_until_ready(options.port, children)
            welcome(options.port, time.monotonic() - began)
            watch(children, services)
        finally:
            children.stop()
    finally:
        services.stop()


def prepare(options: Options) -> None:
    """Everything that the database and the disk must hold before the shop opens."""
    with stage("migrations and static files"):
        call_command("migrate", verbosity=0)
        if static_files_changed():  # hashing and compressing them takes seconds
            call_command("collectstatic", verbosity=0, interactive=False)
    from catalog.errors import CatalogError
    from recommender.errors import RecommenderError

    try:
        filled = fill(options)
        train("similar", "visrec", anew=filled)
        train("personal", "dvbpr", anew=filled)
    except (CatalogError, RecommenderError) as error:
        raise DemoError(str(error)) from error
    with stage("logins"):
        make_logins()


def static_files_changed() -> bool:
    """Whether our own static files, or the packages that bring theirs, are newer than what was collected."""
    manifest = settings.STATIC_ROOT / "staticfiles.json"
    sources = [settings.ROOT / "docker" / "requirements-web.txt", *(settings.ROOT / "static").rglob("*")]
    return not manifest.exists() or max(path.stat().st_mtime for path in sources) > manifest.stat().st_mtime


def fill(options: Options) -> bool:
    """Whether the shop has products that it did not have before: those of CATALOG, or else the drawn ones."""
    from catalog import importers
    from catalog.demo import write_catalog
    from catalog.models import Interaction
    from recommender import popularity

    marks = settings.VAR / "demo" / "filled.json"
    done = json.loads(marks.read_text()) if marks.exists() else []
    source = options.catalog or settings.VAR / "demo" / "catalog"
    mark = [str(source), options.limit, str(options.interactions)]
    if mark in done or (done and options.catalog is None):
        return False
    if options.catalog is None:
        with stage("drew the demo catalogue"):
            write_catalog(source, progress=True)
    with stage("products") as notes:
        report = importers.import_products(source, limit=options.limit, progress=True)
        notes.append(f"{report.created} created, {report.updated} updated, {report.unchanged} unchanged")
        notes += [f"{report.failed} failed, such as {problem}" for problem in report.problems[:1]]
    with stage("interactions") as notes:
        if options.interactions:
            taken = importers.import_interactions(options.interactions, progress=True)
            notes.append(f"{taken.accepted} accepted, {taken.duplicates} known, {taken.failed} failed")
        elif options.catalog is None:
            taken = importers.import_interactions(source / "interactions.csv", progress=True, is_simulated=True)
            notes.append(f"{taken.accepted} of simulated shoppers")
        elif not Interaction.objects.exists() or report.created:
            notes.append(f"{simulate_shoppers()} of simulated shoppers: the source has none")
        popularity.count()
    marks.parent.mkdir(parents=True, exist_ok=True)
    marks.with_suffix(".new").write_text(json.dumps([*done, mark]))
    marks.with_suffix(".new").replace(marks)
    return bool(report.created)


def simulate_shoppers() -> int:
    """Shoppers with hidden tastes over the labels of whatever the shop holds; returns how many interactions are new."""
    from catalog import interactions
    from catalog.demo import simulate
    from catalog.models import Kind, Product

    products = list(Product.objects.order_by("sku").values_list("sku", "category__name", "attributes"))
    labels = [
        {"category": category} | {k: str(v) for k, v in attributes.items()} for _, category, attributes in products
    ]
    events = [
        interactions.Event(sku=products[item][0], user=user, kind=Kind(kind), timestamp=at, id=f"simulated-{number}")
        for number, (user, item, kind, at) in enumerate(simulate(labels).events)
    ]
    return sum(
        interactions.record(events[first : first + 10_000], is_simulated=True).accepted
        for first in range(0, len(events), 10_000)
    )


def train(role: str, method: str, *, anew: bool) -> None:
    """An active version for the role: the one there is, one whose training was interrupted, or a new one."""
    from recommender import queries, versions
    from recommender.models import UNFINISHED, ModelVersion

    if queries.active_version(role) and not anew:
        return
    with stage(f"{method} trained, the catalogue embedded and indexed") as notes:
        from recommender import training  # torch: seconds that a second start need not spend

        left = ModelVersion.objects.filter(role=role, state__in=UNFINISHED).order_by("pk").first()
        if left and not anew:
            # Whoever held it is gone: we hold the lock on the data.
            ModelVersion.objects.filter(pk=left.pk).update(lease_until=None)
            version = versions.claim(left.pk, here=True)
        else:
            version = versions.register(method, activate=True, here=True)
        version = training.run(version, progress=True)
        version.refresh_from_db()
        notes += [f"{name} {version.metrics[name]}" for name in ("auc", "auc of popularity") if name in version.metrics]


def make_logins() -> None:
    from django.contrib.auth import get_user_model

    from catalog.models import Shopper

    accounts = get_user_model().objects
    if not accounts.filter(username="admin").exists():
        accounts.create_superuser("admin", password="admin")
    account = accounts.filter(username="shopper").first() or accounts.create_user("shopper", password="shopper")
    Shopper.objects.get_or_create(key="shopper")
    Shopper.objects.filter(key="shopper", account__isnull=True).update(account=account)


def programs(port: int) -> list[Program]:
    """What the shop consists of. Training has a process of its own, so that it never holds up an upload."""
    # Pages come first: whatever else wants the processor, at a start or while a model trains, waits for them.
    celery = ["nice", "-n", "5", sys.executable, "-m", "celery", "--app", "visrec_site", "--quiet"]
    worker = [*celery, "worker", "--loglevel", "INFO", "--without-gossip", "--without-mingle", "--concurrency", "1"]
    # gthread: a request that waits for a worker's answer holds a thread, not the process.
    web = [sys.executable, "-m", "gunicorn", "visrec_site.wsgi", "--preload", "--bind", f"127.0.0.1:{port}"]
    web += ["--workers", "2", "--threads", "4", "--timeout", "60", "--access-logfile", "-"]
    return [
        Program("web", web),
        Program("worker-embed", [*worker, "--queues", "embed", "--hostname", "embed@%h"]),
        # A training may take hours and loses at most an epoch: it is not waited for.
        Program("worker-train", [*worker, "--queues", "train", "--hostname", "train@%h"], stop=signal.SIGQUIT),
        Program("beat", [*celery, "beat", "--loglevel", "WARNING", "--pidfile", ""]),
    ]


def refuse_taken_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise DemoError(f"port {port}: {error.strerror}. Another one: make demo PORT={port + 1}") from error


def wait_until_ready(port: int, children: Children) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5):
                return
        except urllib.error.HTTPError as error:
            state = error.read().decode()
        except (urllib.error.URLError, OSError) as error:
            state = str(error)
        children.restart_the_dead()
        if time.monotonic() > deadline:
            raise DemoError(f"the shop is not ready after {READY_SECONDS} s: {state}; see {children.logs}")
        time.sleep(0.1)


def watch(children: Children, services: Services) -> None:
    """Until Ctrl-C; whatever ends before is started again."""
    while True:
        time.sleep(0.5)
        for name in services.restart_the_dead():
            print(f"{name} had ended; started again (see {settings.VAR}/*.log)", flush=True)
        children.restart_the_dead()


def welcome(port: int, seconds: float) -> None:
    print(
        f"""
The shop is open after {seconds:.0f} s:  http://127.0.0.1:{port}/
  a shopper:  shopper / shopper    http://127.0.0.1:{port}/for-you/
  the admin:  admin / admin        http://127.0.0.1:{port}/admin/
  the API:                         http://127.0.0.1:{port}/api/v1/docs/
Commands go to the same shop:  .venv/bin/python manage.py help      Logs: {settings.VAR}/log
Ctrl-C stops all of it; the next start takes seconds.""",
        flush=True,
    )


def parsed(arguments: list[str]) -> tuple[Options, bool]:
    parser = argparse.ArgumentParser(prog="python -m visrec_site.demo", description=__doc__)
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--catalog", type=Path, help="fill the shop from here instead of with the drawn catalogue")
    parser.add_argument("--interactions", type=Path)
    parser.add_argument("--limit", type=int, help="take at most so many products")
    parser.add_argument("--stop-with-parent", action="store_true")
    options = parser.parse_args(arguments)
    for path in (options.catalog, options.interactions):
        if path and not path.exists():
            parser.error(f"{path} does not exist")
    if options.interactions and not options.catalog:
        parser.error("--interactions belongs to a --catalog")
    catalog = options.catalog and options.catalog.resolve()
    interactions = options.interactions and options.interactions.resolve()
    return Options(options.port, catalog, interactions, options.limit), options.stop_with_parent


def main() -> None:
    options, bound = parsed(sys.argv[1:])
    if bound:
        stop_with_parent(signal.SIGTERM)
    # Also those that Python handles: a shell's `&` has them ignored, and our children would inherit that.
    for sign in (signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(sign, signal.default_int_handler)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "visrec_site.settings")
    if not settings.EMBEDDED:
        sys.exit("the demo brings its own database; unset VISREC_DATABASE_URL")
    try:
        run(options)
    except KeyboardInterrupt:
        print("stopped; nothing is lost", flush=True)
    except (DemoError, ChildFailed, ServiceError, CommandError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
