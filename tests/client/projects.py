"""Projects of other Django shops, each in a process of its own, beside a shop of this process."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

from recommender.access import keys
from recommender.access.models import KeyKind

CLIENT = Path(__file__).parents[2] / "client"
SCOPES = ["catalogue:read", "catalogue:write", "events:write"]


def run_project(python: str, program: str, project: str, shop: str, folder: Path, path: str) -> tuple[Any, str]:
    """Run a program in a project; returns what it printed as JSON, and its log.

    python: of the project's environment. project: its settings. shop: the shop's origin. folder: for its files, with
    photo.png. path: where Python finds its modules.
    """
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": path,
        "DJANGO_SETTINGS_MODULE": project,
        "STORE_VAR": str(folder),
        "VISREC_URL": shop,
        "VISREC_SECRET": keys.create("project", KeyKind.SECRET, scopes=SCOPES)[1],
        "VISREC_PUBLISHABLE": "pk_of_the_pages",
        "OSCAR_SANDBOX": os.environ.get("OSCAR_SANDBOX", ""),
    }
    command = [python, "-c", program, str(folder / "photo.png")]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout), done.stderr
