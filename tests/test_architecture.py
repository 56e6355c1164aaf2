"""Who may import whom, and what a web process may load."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("ml", "catalog", "recommender", "visrec_site")
MAY_IMPORT = {
    "ml": set(),
    "catalog": set(),
    "recommender": {"catalog", "ml"},
    "visrec_site": {"catalog", "recommender"},
}
# versions.methods reads the methods out of ml.configs, which loads no torch; the workers are the doors.
MAY_IMPORT_ML = {"methods.py", "embedding.py", "training.py", "training_data.py", "generation.py"}


def imports(file: Path) -> set[str]:
    tree = ast.parse(file.read_text())
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            found.add(node.module.split(".")[0])
    return found


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_the_rooms_below_it(room):
    files = list((ROOT / room).rglob("*.py"))
    strays = {
        str(file.relative_to(ROOT)): sorted(other)
        for file in files
        if (other := imports(file) & set(ROOMS) - {room} - MAY_IMPORT[room])
    }
    assert files
    assert strays == {}


def test_only_the_doors_import_ml():
    importers = {file.name for file in (ROOT / "recommender").rglob("*.py") if "ml" in imports(file)}
    assert importers <= MAY_IMPORT_ML


def test_ml_and_the_drawn_catalogue_know_nothing_of_django():
    drawn = [file for file in (ROOT / "catalog" / "demo").rglob("*.py") if "simulation" not in file.parts]
    files = [*(ROOT / "ml").rglob("*.py"), *drawn]
    assert not [file for file in files if imports(file) & {"django", "celery", "rest_framework", "pgvector"}]


def loaded_by(code: str, module: str) -> bool:
    script = f"import sys\n{code}\nsys.exit(10 if {module!r} in sys.modules else 0)"
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "visrec_site.settings"}
    code = subprocess.run([sys.executable, "-c", script], cwd=ROOT, env=environment).returncode
    assert code in (0, 10)
    return code == 10


WEB = """
import django
django.setup()
from django.urls import get_resolver
get_resolver().url_patterns
import recommender.tasks, recommender.serving.recommend, recommender.versions.lifecycle
"""


def test_a_web_process_never_loads_torch():
    assert not loaded_by(WEB, "torch")
    assert loaded_by(
        WEB + "import recommender.workers.training", "torch"
    )  # so that the question can be answered with yes
