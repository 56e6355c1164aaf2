"""A pytest plugin (-p): the order of the tests, and how `pytest -n` hands them out to its workers.

A worker takes a whole file at a time, or a folder, so that what a fixture or a cache holds is set up once. All tests
of the running shop are one worker's and come first: its start trains two models and is longer than anything else.
Meanwhile the others let the shop have the processor.
"""

import gc
import os
import re
from collections import Counter

import pytest
from xdist.scheduler import LoadScopeScheduling

SHOP = "tests/shop/"
TOGETHER = (SHOP, "tests/ml/benchmark/designs/")  # folders whose tests share what takes long to set up
LONGEST_FIRST = (SHOP, "tests/ml/", "tests/recommender/")  # then the rest, in files of a few seconds
CONTRACT = "tests/ml/test_contract.py"  # the longest file but the shop's: handed out by method
NICENESS = 10

# Most objects of imports and collected tests stay until the end: searching them for garbage is a third of that work.
gc.disable()


def unit(nodeid: str) -> str:
    """Return the name of what one worker runs in one go."""
    for folder in TOGETHER:
        if nodeid.startswith(folder):
            return folder
    file = nodeid.split("::", 1)[0]
    method = re.search(r"\[.*", nodeid) if file == CONTRACT else None
    return f"{file}{method[0]}" if method else file


def rank(nodeid: str) -> int:
    return next((n for n, prefix in enumerate(LONGEST_FIRST) if nodeid.startswith(prefix)), len(LONGEST_FIRST))


@pytest.hookimpl(trylast=True)  # after pytest-django's own order, which stays as it is within a unit
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    twice = [nodeid for nodeid, count in Counter(item.nodeid for item in items).items() if count > 1]
    if twice:
        raise pytest.UsageError(f"of tests with one name pytest-xdist runs only one: {', '.join(twice)}")
    items.sort(key=lambda item: rank(item.nodeid))


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()


class Units(LoadScopeScheduling):
    def _split_scope(self, nodeid: str) -> str:
        return unit(nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log) -> Units:
    config.option.loadscopereorder = False  # not by the number of tests
    return Units(config, log)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> None:
    beside_others = "PYTEST_XDIST_WORKER" in os.environ
    if beside_others and not item.nodeid.startswith(SHOP) and os.getpriority(os.PRIO_PROCESS, 0) < NICENESS:
        os.setpriority(os.PRIO_PROCESS, 0, NICENESS)
