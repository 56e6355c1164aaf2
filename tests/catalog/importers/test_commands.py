import fcntl
import io
import os
import select
import struct
import sys
import termios

import pytest
from django.core.management import CommandError, call_command

from catalog.models import Interaction, Product, Shopper
from tests.catalog.importers.builders import HEADER, shop_table, write_csv
from tests.factories import ProductFactory

pytestmark = pytest.mark.django_db
INTERACTIONS = ["user", "sku", "kind", "timestamp"]


def run(*words):
    out, err = io.StringIO(), io.StringIO()
    call_command(*(str(word) for word in words), stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def test_import_products_ends_with_the_counts(tmp_path):
    source = shop_table(tmp_path, 3)
    (source / "images/P1.jpg").write_bytes(b"text")

    out, err = run("import_products", source)

    assert out == "2 created, 0 updated, 0 unchanged, 1 failed\n"
    assert err.startswith("products.csv line 3: images/P1.jpg: not a picture that can be read")
    assert run("import_products", source)[0] == "0 created, 0 updated, 2 unchanged, 1 failed\n"


def test_limit_and_dry_run_of_products(tmp_path):
    source = shop_table(tmp_path, 3)

    assert run("import_products", source, "--limit=2", "--dry-run") == (
        "2 created, 0 updated, 0 unchanged, 0 failed (dry run: nothing was written)\n",
        "",
    )
    assert not Product.objects.exists()


def test_limit_and_dry_run_of_interactions(tmp_path):
    ProductFactory(sku="A")
    rows = [[user, "A", "like", "2026-01-02"] for user in ("u1", "u1", "u2")]
    file = write_csv(tmp_path / "t.csv", rows, INTERACTIONS)

    assert run("import_interactions", file, "--limit=2", "--dry-run") == (
        "1 accepted, 1 duplicates, 0 failed (dry run: nothing was written)\n",
        "",
    )
    assert not Interaction.objects.exists()
    assert not Shopper.objects.exists()


@pytest.mark.parametrize("command", ["import_products", "import_interactions"])
@pytest.mark.parametrize("limit", ["0", "-1", "many"])
def test_a_limit_that_makes_no_sense(tmp_path, command, limit):
    with pytest.raises(CommandError, match=f"'{limit}' is not a whole number above 0"):
        run(command, shop_table(tmp_path), f"--limit={limit}")


@pytest.mark.parametrize("command", ["import_products", "import_interactions"])
def test_a_source_that_cannot_be_read_is_one_clear_error(tmp_path, command):
    with pytest.raises(CommandError, match="nowhere does not exist"):
        run(command, tmp_path / "nowhere")


def test_a_bar_shows_the_progress(tmp_path, capsys):
    run("import_products", shop_table(tmp_path, 3))
    assert "3/3" in capsys.readouterr().err

    run("import_products", tmp_path, "--verbosity=0")
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


def test_only_the_first_problems_are_printed_and_the_others_counted(tmp_path):
    rows = [[f"P{number}", "Title", "Shoes", "1", "no.jpg"] for number in range(53)]

    out, err = run("import_products", write_csv(tmp_path / "t.csv", rows, HEADER))

    assert out == "0 created, 0 updated, 0 unchanged, 53 failed\n"
    assert len(err.splitlines()) == 51
    assert err.splitlines()[49:] == ["t.csv line 51: no.jpg: there is no such file", "… and 3 more"]


def test_import_interactions_ends_with_the_counts(tmp_path):
    ProductFactory(sku="A")
    rows = [["u1", "A", "like", "2026-01-02"], ["u1", "NOPE", "like", "2026-01-02"]]
    file = write_csv(tmp_path / "t.csv", rows, INTERACTIONS)

    out, err = run("import_interactions", file, "--simulated")

    assert out == "1 accepted, 0 duplicates, 1 failed\n"
    assert err == "t.csv line 3: There is no product 'NOPE'.\n"
    assert Interaction.objects.count() == 1
    assert Shopper.objects.get().is_simulated
