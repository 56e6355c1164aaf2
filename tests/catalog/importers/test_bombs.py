"""Files that would fill the memory or never end: refused with a reason, in bounded memory and time."""

import json
import os
import re
import subprocess
import sys
import time

import pytest
from django.core.management import CommandError

from recommender.imports import execution, pages, runs
from tests.catalog.importers.bombs import BOMBS, write
from tests.catalog.importers.builders import run_command

pytestmark = pytest.mark.slow

READ = """
import json, resource, sys
from pathlib import Path
import django
django.setup()
from catalog.errors import ImportFailed
from catalog.importers import import_interactions, import_products
from catalog.importers.event_preview import read_event_preview
from catalog.importers.preview import estimate_mapping, read_preview
path, reasons = Path(sys.argv[1]), []
begin = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
taken = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (taken + 1_500_000_000,) * 2)
for read in (
    lambda: read_preview(path, {}, thumbnails=True), lambda: import_products(path),
    lambda: read_event_preview(path, {}, None), lambda: import_interactions(path),
):
    try:
        read()
    except ImportFailed as error:
        reasons.append(str(error))
try:
    estimate_mapping(path, {})  # which the page of an import does for a table that lacks columns
except ImportFailed:
    pass
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps({"reasons": reasons, "megabytes": (peak - begin) // 1000}))
"""
MOST_MEGABYTES = 500
SECONDS = 60  # for all five readings, on two slow cores


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_in_bounded_memory_and_time(tmp_path, name):
    path = write(tmp_path, name)
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "visrec_site.settings"}
    began = time.monotonic()

    command = [sys.executable, "-c", READ, str(path)]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=10 * SECONDS)

    assert ran.returncode == 0, ran.stderr
    found = json.loads(ran.stdout)
    assert len(found["reasons"]) == 4
    assert all(name in reason for reason in found["reasons"])
    assert all(re.search(BOMBS[name][1], reason) for reason in found["reasons"][:2])
    assert found["megabytes"] < MOST_MEGABYTES
    assert time.monotonic() - began < SECONDS


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["claims.zip", "deep.json", "laughs.xml", "laughs.xlsx", "t.csv.gz"])
def test_the_page_the_worker_and_the_command_name_the_file_and_the_reason(tmp_path, name):
    path, reason = write(tmp_path, name), BOMBS[name][1]
    with path.open("rb") as file:
        run = runs.upload(name, [file.read()], by=None, columns={})

    page = pages.read_page(run, {})
    runs.start(run)
    execution.run(runs.claim(run.pk))
    run.refresh_from_db()

    assert page.preview is None and page.problem.startswith(name) and re.search(reason, page.problem)
    assert (run.status, run.error.startswith(name)) == ("failed", True) and re.search(reason, run.error)
    for options in ((), ("--preview",)):
        with pytest.raises(CommandError, match=rf"{re.escape(name)}.*{reason}"):
            run_command("import_products", path, *options)
