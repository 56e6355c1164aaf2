import re
import subprocess
import sys

import pytest

from ml.__main__ import main
from ml.configs.methods import METHODS


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--methods", "pixles"], "no similar method is called 'pixles'; there are: pixels, "),
        (["--methods", "dvbpr"], "no similar method is called 'dvbpr'"),
        (["--methods", "hog", "--set", "wheels=4"], "wheels is not a setting of hog"),
        (
            ["--methods", "histogram,visrec", "--set", "wheels=4"],
            "wheels is not a setting of histogram, visrec: histogram has none; visrec has colour, ",
        ),
        (["--methods", "hog", "--set", "dimensions=many"], "dimensions is 'many'; it takes a whole number"),
        (["--methods", "hog", "--test", "nowhere.zip"], "nowhere.zip does not exist"),
        (["--methods", "hog", "--test", "mnist:nowhere"], "nowhere does not exist"),
        (["--methods", "hog", "--label", "colour"], "there is no label 'colour' to measure by; there are: kind"),
        (["--methods", "hog", "--where", "kind=hat"], "no picture has kind=hat; there are: disc, stripes"),
        (["--methods", "hog", "--where", "kind=disc"], "where kind is disc, no label distinguishes the pictures"),
    ],
)
def test_bad_input_ends_with_one_clear_line_and_status_2(photos, tmp_path, capsys, arguments, message):
    given = ["compare", "retrieval", "--train", str(photos), "--test", str(photos), *arguments]

    assert main([*given, "--json", str(tmp_path / "out.json")]) == 2

    said = capsys.readouterr().err.strip().splitlines()
    assert said[-1].startswith("ml: ") and message in said[-1]
    assert not any("Traceback" in line for line in said)


@pytest.mark.parametrize("arguments", [["--epochs", "0"], ["--seconds", "-1"], ["--epochs", "x"], ["--set", "k"], []])
def test_a_mistyped_option_is_status_2(arguments, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["compare", "recommend", "--data", "x", "--methods", "dvbpr", *arguments])

    assert stopped.value.code == 2
    assert "Traceback" not in capsys.readouterr().err


def test_help_lists_the_methods_with_a_line_each(capsys):
    with pytest.raises(SystemExit):
        main(["compare", "retrieval", "--help"])

    said = capsys.readouterr().out
    names = set(re.split(r"[\s,]+", said))
    for method in METHODS.values():
        assert (method.name in names and method.summary in said) == (method.role == "similar")
    assert "the time to finish a model is extra" in " ".join(said.split())  # of --seconds
    assert len(said.splitlines()) < 100


NAMES = """
import sys
import ml.__main__
import ml.configs.methods
assert "torch" not in sys.modules
"""


def test_the_methods_names_cost_no_torch():
    done = subprocess.run([sys.executable, "-c", NAMES], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")
