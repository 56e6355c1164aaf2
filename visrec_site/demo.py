"""`make demo`: from nothing to a shop that recommends, on one machine, in the foreground.

Each stage looks at what is there and does only what is missing, so that a second run starts in seconds and a run after
a crash goes on where the first was stopped.
"""

import argparse
import os
import signal
import socket
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import django
from django.conf import settings
from django.core.management import CommandError

from visrec_site.embedded import ServiceError, Services, stop_with_parent
from visrec_site.processes import ChildFailed, Children, Program
from visrec_site.stages import DemoError, Options, prepare, stage

READY_SECONDS = 90


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


def programs(port: int) -> list[Program]:
    """What the shop consists of. Training has a process of its own, so that it never holds up an upload."""
    # Pages come first, then uploads, then designs: whatever else wants the processor waits for them.
    celery = [sys.executable, "-m", "celery", "--app", "visrec_site", "--quiet"]
    worker = [*celery, "worker", "--loglevel", "INFO", "--without-gossip", "--without-mingle", "--concurrency", "1"]
    # gthread: a request that waits for a worker's answer holds a thread, not the process.
    web = [sys.executable, "-m", "gunicorn", "visrec_site.wsgi", "--preload", "--bind", f"127.0.0.1:{port}"]
    web += ["--workers", "2", "--threads", "4", "--timeout", "60", "--access-logfile", "-"]
    web += ["--limit-request-line", "8190"]  # a long list of products to exclude; gunicorn's most
    return [
        Program("web", web),
        Program("worker-embed", [*patient(5), *worker, "--queues", "embed", "--hostname", "embed@%h"]),
        Program("worker-design", [*patient(10), *worker, "--queues", "design", "--hostname", "design@%h"]),
        # A training may take hours and loses at most an epoch: it is not waited for.
        Program(
            "worker-train", [*patient(15), *worker, "--queues", "train", "--hostname", "train@%h"], stop=signal.SIGQUIT
        ),
        Program("beat", [*patient(5), *celery, "beat", "--loglevel", "WARNING", "--pidfile", ""]),
    ]


def patient(niceness: int) -> list[str]:
    return ["nice", "-n", str(niceness)]


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
    usage = "make demo [PORT=n] [CATALOG=path [INTERACTIONS=path] [LIMIT=n]] [DESIGNS=no]"
    parser = argparse.ArgumentParser(prog="make demo", usage=usage, description=__doc__)
    parser.add_argument("--port", type=port_number, default=8000)
    parser.add_argument("--catalog", type=Path, help="fill the shop from here instead of with the drawn catalogue")
    parser.add_argument("--interactions", type=Path)
    parser.add_argument("--limit", type=at_least_one, help="take at most so many products")
    parser.add_argument("--no-designs", action="store_true", help="train no generator")
    parser.add_argument("--stop-with-parent", action="store_true")
    options = parser.parse_args(arguments)
    for path in (options.catalog, options.interactions):
        if path and not path.exists():
            parser.error(f"{path} does not exist")
    if (options.interactions or options.limit) and not options.catalog:
        parser.error("INTERACTIONS and LIMIT belong to a CATALOG")
    catalog = options.catalog and options.catalog.resolve()
    interactions = options.interactions and options.interactions.resolve()
    return Options(
        options.port, catalog, interactions, options.limit, designs=not options.no_designs
    ), options.stop_with_parent


def port_number(text: str) -> int:
    if not (text.isdecimal() and 0 < int(text) < 65536):
        raise argparse.ArgumentTypeError(f"{text} is no port; it takes a number from 1 to 65535")
    return int(text)


def at_least_one(text: str) -> int:
    if not (text.isdecimal() and int(text) > 0):
        raise argparse.ArgumentTypeError(f"{text!r}; it takes a whole number from 1")
    return int(text)


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
