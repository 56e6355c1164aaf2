"""Test files, lengths and documents: a test file a module, no file too long to read, no name of what does not exist."""

import ast
import importlib.util
import re
from fnmatch import fnmatch
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("catalog", "recommender", "ml", "visrec_site")
LINES = 400  # in a file; the median is below 100

# Modules with functions, but without a test file of their own, and why. Paths may have wildcards.
WITHOUT_TESTS = {
    "*/apps.py": "connects the receivers when Django starts, which every test with a database goes through",
    "*/urls.py": "addresses alone: the tests of the views go through them",
    "catalog/errors.py": "classes that a caller tells apart: tested where they are raised",
    "recommender/errors.py": "classes that a caller tells apart: tested where they are raised",
}


def modules() -> list[Path]:
    files = [file for room in ROOMS for file in (ROOT / room).rglob("*.py")]
    return [file.relative_to(ROOT) for file in files if "migrations" not in file.parts]


def has_functions(module: Path) -> bool:
    return any(isinstance(node, ast.FunctionDef) for node in ast.walk(ast.parse((ROOT / module).read_text())))


def expected_tests(module: Path) -> Path:
    """Return `tests/<room>/<package>/test_<module>.py`; Django's folder `commands` is passed over."""
    folder = Path(*[part for part in module.parent.parts if part != "commands"])
    return Path("tests", folder, f"test_{module.stem.strip('_')}.py")


def test_each_module_has_a_test_file_of_its_name():
    needed = [
        module
        for module in modules()
        if module.name != "__init__.py"
        and has_functions(module)
        and not any(fnmatch(module.as_posix(), pattern) for pattern in WITHOUT_TESTS)
    ]
    missing = sorted(str(expected_tests(module)) for module in needed if not (ROOT / expected_tests(module)).exists())
    assert missing == []


def test_each_exception_is_still_needed():
    paths = [module.as_posix() for module in modules()]
    assert [pattern for pattern in WITHOUT_TESTS if not any(fnmatch(path, pattern) for path in paths)] == []


def test_no_file_is_too_long():
    files = [*modules(), *(file.relative_to(ROOT) for file in (ROOT / "tests").rglob("*.py"))]
    assert sorted(file.as_posix() for file in files if is_long(ROOT / file)) == []


def is_long(file: Path) -> bool:
    return file.exists() and len(file.read_text().splitlines()) > LINES


DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
PATH = re.compile(r"`((?:catalog|recommender|ml|visrec_site|tests|docs|docker|templates|static)/[\w./-]*)`")
LINK = re.compile(r"\]\((?!https?:|#)([^)#]+)")
COMMAND = re.compile(r"python -m ([\w.]+)")
LATER = {"ml/models/colour_grid.py", "tests/ml/models/test_colour_grid.py"}  # docs/add-a-method.md adds them


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
def test_what_a_document_names_exists(document):
    text = document.read_text()
    paths = [*PATH.findall(text), *LINK.findall(text)]
    missing = [path for path in paths if not ((ROOT / path).exists() or (document.parent / path).exists())]
    assert set(missing) - LATER == set()
    assert [module for module in COMMAND.findall(text) if importlib.util.find_spec(module) is None] == []


def test_the_readme_has_every_setting():
    settings = "".join((ROOT / "visrec_site" / name).read_text() for name in ("settings.py", "embedded.py"))
    readme = (ROOT / "README.md").read_text()
    names = set(re.findall(r'"(VISREC_[A-Z_]+)"', settings))
    documented = set(re.findall(r"`(VISREC_[A-Z_]+)`", readme)) | {
        f"VISREC_RATE_{name}" for name in re.findall(r"`_([A-Z]+)`", readme)
    }
    assert "VISREC_VAR" in names
    assert names - documented == set()
