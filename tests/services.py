"""A pytest plugin (-p): real PostgreSQL and Valkey, started before pytest-django reads the settings.

Each process that runs tests has servers of its own; the one that only hands tests out to others (`-n`) has none.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from visrec_site import embedded

folder = Path(tempfile.mkdtemp(prefix="visrec-tests-"))
services = embedded.Services(folder / "var", durable=False)


@contextmanager
def without(name: str) -> Iterator[None]:
    """Kill a server for the length of the block."""
    services.processes[name].kill()
    services.processes[name].wait()
    try:
        yield
    finally:
        assert services.restart_ended() == [name]


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config, parser, args) -> None:
    os.environ["VISREC_VAR"] = str(folder / "var")
    for name in ("VISREC_DATABASE_URL", "VISREC_BROKER_URL", "VISREC_CACHE_URL", "VISREC_RESULT_URL", "VISREC_DEBUG"):
        os.environ.pop(name, None)  # never anybody's real database
    is_worker = "PYTEST_XDIST_WORKER" in os.environ
    if is_worker or not early_config.known_args_namespace.numprocesses:
        services.start()


def pytest_unconfigure(config) -> None:
    services.stop()
    shutil.rmtree(folder, ignore_errors=True)
