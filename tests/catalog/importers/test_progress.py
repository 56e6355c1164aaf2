import fcntl
import io
import os
import select
import struct
import sys
import termios

import pytest
from django.core.management import call_command

from tests.catalog.importers.builders import run_command, shop_table

pytestmark = pytest.mark.django_db


def test_a_bar_shows_the_progress(tmp_path, capsys):
    run_command("import_products", shop_table(tmp_path, 3))
    assert "3/3" in capsys.readouterr().err

    run_command("import_products", tmp_path, "--verbosity=0")
    assert capsys.readouterr().err == ""


@pytest.fixture
def two_bad_ones(tmp_path):
    """A source with a missing picture in lines 3 and 4, and what is said of it."""
    source = shop_table(tmp_path, 4)
    for number in (1, 2):
        (source / f"images/P{number}.jpg").unlink()
    told = [f"products.csv line {line}: images/P{line - 2}.jpg: there is no such file" for line in (3, 4)]
    return source, told


def test_where_there_is_no_terminal_bar_and_problems_have_lines_of_their_own(two_bad_ones, capsys):
    source, told = two_bad_ones

    call_command("import_products", source)

    err = capsys.readouterr().err
    first, *problems, last = err.splitlines()
    assert "\r" not in err
    assert (first[:5], problems, last[:5]) == ("0%|  ", told, "100%|")
    assert "4/4" in last


def test_on_a_terminal_the_bar_stands_below_all_problems(two_bad_ones, monkeypatch):
    source, told = two_bad_ones
    ours, theirs = os.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
    with os.fdopen(theirs, "w") as terminal:
        monkeypatch.setattr(sys, "stderr", terminal)
        call_command("import_products", source, stdout=io.StringIO())
        output = b""
        while select.select([ours], [], [], 0.5)[0]:
            output += os.read(ours, 10_000)
    os.close(ours)

    *problems, last = shown(output.decode())
    assert problems == told
    assert last.startswith("100%|")
    assert "4/4" in last


def shown(output: str) -> list[str]:
    """The lines that a terminal is left with: what follows a carriage return goes over what was there."""
    screen = []
    for line in output.replace("\r\n", "\n").removesuffix("\n").split("\n"):
        seen = ""
        for drawing in line.split("\r"):
            seen = drawing + seen[len(drawing) :]
        screen.append(seen.rstrip())
    return screen
