"""`python -m tests.benchmarks.in_shop MODULE URL [ARGUMENT ...]`: `run` of a module here, beside a running shop.

With the settings of the shop, whose folder VISREC_VAR names; prints what `run` returns, as JSON.
"""

import json
import subprocess
import sys
from importlib import import_module

import django

from tests.shop.shop import ROOT, Shop


def run_in(shop: Shop, module: str, *arguments: object) -> dict:
    """Run a module in a process of its own, beside a shop of the tests."""
    # One thread, so that in one process as in another a search has one core.
    threads = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    environment = shop.environment | threads | {"DJANGO_SETTINGS_MODULE": "visrec_site.settings"}
    command = [sys.executable, "-m", "tests.benchmarks.in_shop", module, shop.url, *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout)


if __name__ == "__main__":
    django.setup()  # before the modules, which import the shop's models
    module, *arguments = sys.argv[1:]
    print(json.dumps(import_module(f"tests.benchmarks.{module}").run(*arguments)))
