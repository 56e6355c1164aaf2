"""`make demo`: from nothing to a shop that recommends, on one machine, in the foreground.

Each stage does only what is missing, so that a second run starts in seconds and a run after a crash continues where
the first one stopped. The shop opens on simple methods; workers train those that take their places meanwhile.
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
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import NoReturn

import django
from django.conf import settings
from django.core.management import CommandError

from visrec_site.embedded import ServiceError, Services, set_parent_death_signal
from visrec_site.processes import Children, Program, report, rotate_logs
from visrec_site.stages import DemoError, Options, begin_drawing, fill, prepare, stage, start_models

READY_SECONDS = 180  # all processes import their packages at once
RETRY_SECONDS = 10


def run(options: Options) -> None:
    """Start the servers, prepare the shop, start its processes and supervise them until Ctrl-C."""
    began = time.monotonic()
    check_port_is_free(options.port)
    with stage("PostgreSQL with pgvector and Valkey are up"):
        services = Services(settings.VAR)
        services.__enter__()
    try:
        drawing = begin_drawing(options)  # by processes of its own
        django.setup()
        prepare()
        children = Children(programs(options.port), settings.VAR / "log", settings.VAR / "heartbeats")
        try:
            children.start()  # which takes a while, in which the shop is filled and the starters are fitted
            filled_at = fill(options, drawing)
            start_models(options, filled_at)
            with stage("the shop and its workers are up"):
                wait_until_ready(options.port, children)
            print_addresses(options.port, time.monotonic() - began)
            if options.is_empty:
                print_next_steps(options.port)
            from visrec_site.trainings import Trainings  # models, which need the setup above

            trainings = Trainings(began)
            trainings.introduce()
            supervise(children, services, trainings.follow)
        finally:
            children.stop()
    finally:
        services.stop()


def programs(port: int) -> list[Program]:
    """Return the processes of the shop. Training has a process of its own, so that it never delays an upload."""
    # Priorities (niceness): pages first, then uploads, then designs, then trainings.
    celery = [sys.executable, "-m", "celery", "--app", "visrec_site", "--quiet"]
    worker = [*celery, "worker", "--without-gossip", "--without-mingle", "--concurrency", "1"]
    web = [sys.executable, "-m", "gunicorn", "visrec_site.wsgi", "--config", "python:visrec_site.web_server"]
    web += ["--preload", "--bind", f"127.0.0.1:{port}", "--access-logfile", "-"]
    return [
        Program("web", web),
        *(
            Program(
                f"worker-{queue}", [*niced(niceness), *worker, "--queues", queue, "--hostname", f"{queue}@%h"], queue
            )
            for queue, niceness in (("embed", 5), ("design", 10), ("train", 15), ("import", 10), ("maintenance", 10))
        ),
        # Its heart beats whenever it sends something, every 10 seconds and not while the broker stands still.
        Program("beat", [*niced(5), *celery, "beat", "--pidfile", ""], "beat", silent_checks=80),
    ]


def niced(niceness: int) -> list[str]:
    """Return the prefix of a command that runs at this niceness."""
    return ["nice", "-n", str(niceness)]


def check_port_is_free(port: int) -> None:
    """Raise DemoError if another program listens on the port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise DemoError(f"port {port}: {error.strerror}. Use another one: make demo PORT={port + 1}") from error


def wait_until_ready(port: int, children: Children) -> None:
    """Wait until the shop is ready, but for models that are yet to be trained. Raises DemoError after READY_SECONDS."""
    deadline = time.monotonic() + READY_SECONDS
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5):
                return
        except urllib.error.HTTPError as error:
            state = error.read().decode()
            if error.code == HTTPStatus.SERVICE_UNAVAILABLE and lacks_models_alone(state):
                return
        except (urllib.error.URLError, OSError) as error:
            state = str(error)
        children.restart_ended()
        if time.monotonic() > deadline:
            raise DemoError(f"the shop is not ready after {READY_SECONDS} s: {state}; see {children.logs}")
        time.sleep(0.1)


def lacks_models_alone(state: str) -> bool:
    """Return whether all that a shop is not ready for is that no model serves, as where it is empty."""
    checks: dict[str, str] = json.loads(state)["checks"]
    return all(result == "ok" or name.endswith(" model") for name, result in checks.items())


def supervise(children: Children, services: Services, follow: Callable[[], None]) -> NoReturn:
    """Restart each process and server that ends, and call `follow` again and again, until KeyboardInterrupt."""

    def restart_servers() -> None:
        for name in services.restart_ended():
            report(f"{name} ended unexpectedly; restarted (see {settings.VAR}/*.log)")

    def rotate() -> None:
        for folder in (settings.VAR, children.logs):
            rotate_logs(folder)

    retry_at = dict.fromkeys((restart_servers, children.kill_silent, children.restart_ended, rotate, follow), 0.0)
    while True:
        time.sleep(0.5)
        for step in retry_at:
            if time.monotonic() < retry_at[step]:
                continue
            try:
                step()
            except (ServiceError, OSError) as error:  # a full disk, say: what else runs may still answer
                report(f"{error}\nTried again in {RETRY_SECONDS} s.")
                retry_at[step] = time.monotonic() + RETRY_SECONDS


def print_addresses(port: int, seconds: float) -> None:
    """Print where the shop is and how to sign in; seconds: how long the start took."""
    print(
        f"""
The shop is open after {seconds:.0f} s:  http://127.0.0.1:{port}/
  a shopper:  shopper / shopper    http://127.0.0.1:{port}/for-you/
  the admin:  admin / admin        http://127.0.0.1:{port}/admin/
  the API:                         http://127.0.0.1:{port}/api/v1/docs/
Commands for this shop:          .venv/bin/python manage.py help      Logs: {settings.VAR}/log
Ctrl-C stops everything; the next start takes seconds.""",
        flush=True,
    )


def print_next_steps(port: int) -> None:
    """Print how a shop without products gets some, and models."""
    print(
        f"""
It is empty. Import products:                  http://127.0.0.1:{port}/admin/catalog/product/import/
Then train visrec; hybrid needs interactions:  http://127.0.0.1:{port}/admin/recommender/modelversion/add/""",
        flush=True,
    )


def parse_arguments(arguments: list[str]) -> tuple[Options, bool]:
    """Return the options, and whether to stop when the parent process ends. Exits with a message on a bad argument."""
    usage = "make demo [PORT=n] [CATALOG=path [INTERACTIONS=path] [LIMIT=n]] [EMPTY=yes] [DESIGNS=no]"
    parser = argparse.ArgumentParser(prog="make demo", usage=usage, description=__doc__)
    parser.add_argument("--port", type=port_number, default=8000)
    parser.add_argument("--catalog", type=Path, help="a catalogue to import instead of the drawn one")
    parser.add_argument("--interactions", type=Path, help="a file of interactions to import with the catalogue")
    parser.add_argument("--limit", type=positive_int, help="import at most this many products")
    parser.add_argument("--empty", action="store_true", help="open without products, to import some in the admin")
    parser.add_argument("--no-designs", action="store_true", help="do not train a generator of designs")
    parser.add_argument("--stop-with-parent", action="store_true", help="stop when the parent process ends")
    options = parser.parse_args(arguments)
    for path in (options.catalog, options.interactions):
        if path and not path.exists():
            parser.error(f"{path} does not exist")
    if (options.interactions or options.limit) and not options.catalog:
        parser.error("INTERACTIONS and LIMIT need a CATALOG")
    if options.empty and options.catalog:
        parser.error("EMPTY is without products, CATALOG has some: name one of them")
    catalog = options.catalog and options.catalog.resolve()
    interactions = options.interactions and options.interactions.resolve()
    return Options(
        options.port,
        catalog,
        interactions,
        options.limit,
        designs=not options.no_designs,
        is_empty=options.empty,
    ), options.stop_with_parent


def port_number(text: str) -> int:
    """Parse a TCP port."""
    if not (text.isdecimal() and 0 < int(text) < 65536):
        raise argparse.ArgumentTypeError(f"{text!r} is not a port; a port is a whole number from 1 to 65535")
    return int(text)


def positive_int(text: str) -> int:
    """Parse a whole number above 0."""
    if not (text.isdecimal() and int(text) > 0):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)


def main() -> None:
    options, stops_with_parent = parse_arguments(sys.argv[1:])
    if stops_with_parent:
        set_parent_death_signal(signal.SIGTERM)
    # Also SIGINT and SIGQUIT: a shell's `&` starts a process that ignores them, and our children would inherit that.
    for sign in (signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(sign, signal.default_int_handler)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "visrec_site.settings")
    if not settings.EMBEDDED:
        sys.exit("the demo uses its own database; unset VISREC_DATABASE_URL")
    try:
        run(options)
    except KeyboardInterrupt:
        print("stopped; nothing is lost", flush=True)
    except (DemoError, ServiceError, CommandError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
