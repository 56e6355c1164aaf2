import csv
import json

import pytest

from ml.__main__ import main
from tests.ml.worlds import toy_interactions, write_table

TIME = "time:1970-01-01T00:00:04"


@pytest.fixture
def shop(tmp_path):
    world = toy_interactions()
    rows = [
        [f"u{u:02}", i, t, 5 if u else 3] for u, i, t in zip(world.users, world.items, world.timestamps, strict=True)
    ]
    write_table(tmp_path / "interactions.csv", ["user", "item", "timestamp", "value"], rows)
    return tmp_path


def ranked(out, *arguments: object) -> dict:
    given = ["compare", "recommend", "--methods", "popularity", *map(str, arguments), "--json", str(out)]
    assert main(given) == 0
    return json.loads(out.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "options",
    [[], ["--split", TIME], ["--split", "items:0.3"], ["--positive", "4"], ["--positive", "4", "--split", TIME]],
)
def test_a_written_split_gives_the_figures_of_the_one_that_it_was_written_from(shop, tmp_path, options, capsys):
    (tmp_path / "again").mkdir()
    out = tmp_path / "again" / "interactions.csv"

    assert main(["split", "--data", str(shop), *options, "--out", str(out)]) == 0

    with out.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert {row["split"] for row in rows} == {"train", "validation", "test"}
    assert ("u00" in {row["user"] for row in rows}) == ("--positive" not in options)
    assert f"{sum(row['split'] == 'test' for row in rows)} test" in capsys.readouterr().out
    here = ranked(tmp_path / "here.json", "--data", shop, *options)
    there = ranked(tmp_path / "there.json", "--data", out.parent)
    assert [here["data"][name] for name in ("train", "test")] == [there["data"][name] for name in ("train", "test")]
    metrics = [document["results"][0]["metrics"] for document in (here, there)]
    assert metrics[0] == pytest.approx(metrics[1])


def test_each_division_has_figures_of_its_own(shop, tmp_path):
    out = tmp_path / "out.json"

    last = ranked(out, "--data", shop)["results"][0]
    later, new = (ranked(out, "--data", shop, "--split", how)["results"][0] for how in (TIME, "items:0.3"))

    assert later["metrics"] != last["metrics"] and new["metrics"] not in (later["metrics"], last["metrics"])
    assert ranked(out, "--data", shop)["results"][0]["metrics"] == last["metrics"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--split", "time:yesterday"], "--split time:yesterday: Invalid isoformat string: 'yesterday'; a day such as"),
        (["--split", "time:2200-01-01"], "no user has taken one item before that time and a new one after it"),
        (["--positive", "6"], "has no row that can be used"),
    ],
)
def test_a_division_that_cannot_be_is_refused_in_a_line(shop, tmp_path, capsys, arguments, message):
    assert main(["split", "--data", str(shop), *arguments, "--out", str(tmp_path / "out.csv")]) == 2

    assert message in capsys.readouterr().err
    assert not (tmp_path / "out.csv").exists()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("2026-01-01", "--split '2026-01-01' is not of the form time:DATE or items:SHARE"),
        ("items:", "--split 'items:' is not of the form time:DATE or items:SHARE"),
        ("items:some", "--split items:some: could not convert string to float: 'some'; a share such as 0.1 is taken"),
        ("items:1", "--split items:1: 1 is not between 0 and 1; a share such as 0.1 is taken"),
    ],
)
def test_a_mistyped_split_is_refused_in_a_line(shop, capsys, text, message):
    assert main(["split", "--data", str(shop), "--split", text, "--out", "x.csv"]) == 2

    assert message in capsys.readouterr().err
