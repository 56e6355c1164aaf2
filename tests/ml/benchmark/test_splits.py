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


@pytest.mark.parametrize("options", [[], ["--split", TIME], ["--positive", "4"], ["--positive", "4", "--split", TIME]])
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
    assert here["results"][0]["metrics"]["auc/warm"] == pytest.approx(there["results"][0]["metrics"]["auc/warm"])


def test_each_division_has_figures_of_its_own(shop, tmp_path):
    out = tmp_path / "out.json"

    last = ranked(out, "--data", shop)["results"][0]
    later = ranked(out, "--data", shop, "--split", TIME)["results"][0]

    assert later["metrics"] != last["metrics"]
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


def test_a_mistyped_split_is_status_2(shop, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["split", "--data", str(shop), "--split", "2026-01-01", "--out", "x.csv"])

    assert stopped.value.code == 2 and "is not of the form time:DATE" in capsys.readouterr().err
