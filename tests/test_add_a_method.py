"""The example of docs/add-a-method.md works as it stands there."""

import importlib.util
import re
import sys

import pytest

from ml.configs import methods, similar
from ml.errors import BadSetting
from ml.models.factory import create
from tests.ml import test_contract, worlds
from tests.test_architecture import ROOT

METHOD = "colour-grid"


@pytest.fixture
def blocks() -> dict[str, str]:
    """The first Python block of each step, by the file that the step's heading names."""
    steps = (ROOT / "docs" / "add-a-method.md").read_text().split("\n## ")
    found = [re.match(r"\d\. [^`]*`([^`]+)`\n.*?```python\n(.*?)```", step, re.DOTALL) for step in steps]
    return {step[1]: step[2] for step in found if step}


@pytest.fixture
def colour_grid(blocks, monkeypatch, tmp_path):
    """All that the page says to add, for one test."""
    namespace = dict(vars(similar))
    exec(blocks["ml/configs/similar.py"], namespace)
    monkeypatch.setattr(similar, "ColourGridConfig", namespace["ColourGridConfig"], raising=False)
    line = eval(blocks["ml/configs/methods.py"], dict(vars(methods)))
    monkeypatch.setitem(methods.METHODS, line.name, line)
    file = tmp_path / "colour_grid.py"
    file.write_text(blocks["ml/models/colour_grid.py"])
    spec = importlib.util.spec_from_file_location("ml.models.colour_grid", file)
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, module)
    spec.loader.exec_module(module)
    monkeypatch.setitem(worlds.SMALL, METHOD, eval("{" + blocks["tests/ml/worlds.py"] + "}")[METHOD])
    for name in ("SIMILAR", "WITH_VECTORS"):
        extended = [*getattr(worlds, name), METHOD]
        for holder in (worlds, test_contract):
            monkeypatch.setattr(holder, name, extended)


def test_the_page_has_five_steps(blocks):
    assert list(blocks) == [
        "ml/configs/similar.py",
        "ml/configs/methods.py",
        "ml/models/colour_grid.py",
        "tests/ml/worlds.py",
        "tests/ml/models/test_colour_grid.py",
    ]


@pytest.mark.usefixtures("colour_grid")
def test_the_example_keeps_the_contract(tmp_path):
    test_contract.test_the_nearest_image_is_of_the_same_kind(METHOD)
    test_contract.test_a_vector_is_the_same_alone_as_in_a_batch(METHOD)
    test_contract.test_a_saved_model_gives_the_same_vectors(METHOD, tmp_path)
    test_contract.test_a_resumed_training_ends_as_an_uninterrupted_one(METHOD, tmp_path / "epochs")
    test_contract.test_blank_images_have_vectors_that_can_be_compared(METHOD)


@pytest.mark.usefixtures("colour_grid")
def test_the_test_of_the_example_passes(blocks):
    namespace: dict = {}
    exec(blocks["tests/ml/models/test_colour_grid.py"], namespace)
    tests = [function for name, function in namespace.items() if name.startswith("test_")]
    assert len(tests) == 1
    tests[0]()


@pytest.mark.usefixtures("colour_grid")
def test_the_settings_of_the_example_are_checked():
    with pytest.raises(BadSetting, match="cells is 99; it takes a whole number from 1 to 16"):
        create(METHOD, cells=99)
