import json
import subprocess
import sys

import pytest
from django.core.management import CommandError, call_command

from recommender.management.commands.methods import allowed_values, settings_table, written


def test_all_methods_are_listed_under_their_roles():
    listed = call_command("methods").splitlines()

    roles = ["similar styles:", "personal recommendations:", "designs:"]
    assert [line for line in listed if line in roles] == roles
    assert any(line.startswith("  visrec ") for line in listed[: listed.index(roles[1])])
    assert listed[-1] == "The settings of a method: manage.py methods METHOD"


def test_a_method_has_a_row_for_each_setting():
    title, header, *rows = call_command("methods", "pixels").splitlines()

    assert title == "pixels, for similar styles"
    assert header.split() == ["setting", "default", "values", "help"]
    [row] = [row for row in rows if row.startswith("dimensions ")]
    assert "whole number, 2 to 1024" in row


def test_the_settings_are_a_json_schema_for_programs():
    schema = json.loads(call_command("methods", "pixels", "--json"))

    assert schema["type"] == "object"
    assert (schema["properties"]["dimensions"]["minimum"], schema["properties"]["dimensions"]["maximum"]) == (2, 1024)


def test_a_method_without_settings_says_so():
    assert call_command("methods", "popularity").splitlines() == [
        "popularity, for personal recommendations",
        "It has no settings.",
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["magic"], "no method is called 'magic'; there are: pixels, "),
        (["magic", "--json"], "no method is called 'magic'"),
        (["--json"], "--json needs a method"),
    ],
)
def test_what_cannot_be_listed_is_named(arguments, message):
    with pytest.raises(CommandError, match=message):
        call_command("methods", *arguments)


def test_a_long_help_goes_on_below_its_own_column():
    field = {"default": 1, "type": "integer", "description": "word " * 40}

    header, *lines = settings_table({"properties": {"size": field}}).splitlines()

    column = header.index("help")
    assert len(lines) > 1 and all(line[:column].strip() == "" and line[column] == "w" for line in lines[1:])
    assert " ".join(line[column:] for line in lines).split() == ["word"] * 40


@pytest.mark.parametrize(
    ("field", "words"),
    [
        ({"type": "integer", "minimum": 1, "maximum": 8}, "whole number, 1 to 8"),
        ({"type": "number", "minimum": 0, "maximum": 0.5}, "number, 0 to 0.5"),
        ({"type": "boolean"}, "yes or no"),
        ({"type": "string"}, "text"),
        ({"type": "string", "enum": ["stable", "published"]}, "stable | published"),
    ],
)
def test_allowed_values_are_told_in_words(field, words):
    assert allowed_values(field) == words


@pytest.mark.parametrize(("value", "text"), [(True, "yes"), (False, "no"), (0.5, "0.5"), (64, "64"), ("none", "none")])
def test_a_value_is_written_as_set_takes_it(value, text):
    assert written(value) == text


COMMANDS = """
import sys
from django.core.management import execute_from_command_line
for command in ("methods visrec", "train --help", "train visrec --set colour=red"):
    try:
        execute_from_command_line(["manage.py", *command.split()])
    except SystemExit:
        pass
    assert "torch" not in sys.modules, command
"""


def test_torch_is_not_imported_to_list_or_to_check_settings():
    done = subprocess.run([sys.executable, "-c", COMMANDS], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "colour is 'red'" in done.stderr  # so the last command came as far as the settings
