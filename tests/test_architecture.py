"""Who may import whom, and what a web process may load."""

import ast
import importlib
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path

import grimp
import pytest

from tests import draw_architecture

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("ml", "catalog", "recommender", "visrec_site")
MAY_IMPORT = {
    "ml": set(),
    "catalog": set(),
    "recommender": {"catalog", "ml"},
    "visrec_site": {"catalog", "recommender"},
}
# versions.methods reads the methods out of ml.configs, which loads no torch; the workers are the doors.
MAY_IMPORT_ML = {
    "methods.py",
    "embedding.py",
    "training.py",
    "training_data.py",
    "snapshots.py",
    "generation.py",
    "photos.py",
    "texts.py",
    "photo_calibration.py",
    "taste_calibration.py",
    "label_measures.py",
    "gaps.py",
    "layout.py",
    "reading.py",
    "found_parts.py",
}


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
import recommender.broker, recommender.tasks, recommender.serving.recommend
import recommender.versions.lifecycle, recommender.versions.methods
recommender.versions.methods.check_settings("vit_b_16", {"image_size": 32})
"""


def test_a_web_process_never_loads_torch():
    assert not loaded_by(WEB, "torch")
    assert loaded_by(WEB, "django")  # so that the question can be answered with yes


# The diagrams of docs/architecture.md

MESSAGE = re.compile(r"^\s*(?P<caller>\w+)(?P<arrow>->>|-\))(?P<callee>\w+): (?P<functions>.+)$")
BOX = re.compile(r"^\s*box (?P<name>.+)$")
PARTICIPANT = re.compile(r"^\s*participant (?P<alias>\w+) as (?P<module>\S+)$")


@dataclass(frozen=True)
class Call:
    caller: str  # a module, a template, or an actor
    callee: str
    functions: list[str]
    is_message: bool  # a signal, a tag or a task, sent by its name
    process: str  # of the one that is called


def journeys() -> dict[str, list[Call]]:
    """Return the calls of each sequence diagram, by its heading."""
    found = {}
    for part in draw_architecture.DOCUMENT.read_text().split("\n### ")[1:]:
        heading, _, rest = part.partition("\n")
        found[heading] = list(calls(rest.partition("```mermaid\nsequenceDiagram\n")[2].partition("```")[0]))
    return found


def calls(diagram: str) -> Iterator[Call]:
    modules, processes, process = {}, {}, ""
    for line in diagram.splitlines():
        if match := BOX.match(line):
            process = match["name"]
        elif match := PARTICIPANT.match(line):
            modules[match["alias"]], processes[match["alias"]] = match["module"], process
        elif match := MESSAGE.match(line):
            caller, callee, functions = match["caller"], match["callee"], match["functions"].split(", ")
            is_message = match["arrow"] == "-)"
            yield Call(modules.get(caller, caller), modules[callee], functions, is_message, processes[callee])


JOURNEYS = journeys()


def test_the_contracts_are_drawn_as_they_are():
    document = draw_architecture.DOCUMENT.read_text()
    assert document == draw_architecture.updated(document), "run python -m tests.draw_architecture"


def test_there_are_four_journeys():
    assert list(JOURNEYS) == ["A page", "A new image", "A new model", "A personal list over REST"]
    assert all(len(calls) > 5 for calls in JOURNEYS.values())


def test_no_participant_has_a_name_that_mermaid_reads_as_a_keyword():
    aliases = re.findall(r"participant (\w+) as", draw_architecture.DOCUMENT.read_text())
    assert (
        set(aliases) & {"activate", "alt", "and", "autonumber", "box", "create", "destroy", "else", "end", "link"}
        == set()
    )
    assert set(aliases) & {"links", "loop", "note", "opt", "option", "par", "rect", "title"} == set()


@pytest.mark.parametrize("journey", JOURNEYS)
def test_no_process_of_a_journey_enters_a_module_twice(journey):
    entered = [(call.process, call.callee) for call in JOURNEYS[journey]]
    assert [module for module, times in Counter(entered).items() if times > 1] == []


@pytest.mark.parametrize("journey", JOURNEYS)
def test_each_function_of_a_journey_exists(journey):
    missing = [
        f"{call.callee}.{name}"
        for call in JOURNEYS[journey]
        for name in call.functions
        if not exists(call.callee, name)
    ]
    assert missing == []


def exists(place: str, name: str) -> bool:
    if "/" in place:
        return (ROOT / place).exists()
    try:
        attrgetter(name)(importlib.import_module(place))
    except AttributeError:
        return False
    return True


@pytest.mark.parametrize("journey", JOURNEYS)
def test_who_calls_in_a_journey_imports_what_is_called(journey, import_graph):
    strangers = [
        f"{call.caller} -> {call.callee}"
        for call in JOURNEYS[journey]
        if not call.is_message
        and "." in call.caller
        and not import_graph.direct_import_exists(importer=call.caller, imported=call.callee)
    ]
    assert strangers == []


@pytest.mark.parametrize("journey", JOURNEYS)
def test_a_journey_goes_on_from_where_it_has_been(journey):
    """Whoever calls was called before, but for the visitor who begins."""
    first, *calls = JOURNEYS[journey]
    been = {first.callee}
    for call in calls:
        assert call.caller in been, call
        been.add(call.callee)


@pytest.fixture(scope="module")
def import_graph():
    return grimp.build_graph(*ROOMS, cache_dir=None)
