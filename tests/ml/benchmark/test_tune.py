import json

import numpy as np
import pytest

from ml.__main__ import main
from ml.benchmark.tune import forget_test
from ml.data.interactions import Interactions
from ml.models.ials import Ials
from tests.ml.worlds import toy_interactions, write_table


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    folder, world = tmp_path_factory.mktemp("shop"), toy_interactions()
    rows = [[f"u{u}", i, t] for u, i, t in zip(world.users, world.items, world.timestamps, strict=True)]
    write_table(folder / "interactions.csv", ["user", "item", "timestamp"], rows)
    return folder


def tune(out, *arguments: object) -> int:
    return main(["tune", "ials", *map(str, arguments), "--json", str(out)])


def test_each_combination_is_measured_and_the_best_is_named(shop, tmp_path, capsys):
    out = tmp_path / "out.json"

    assert tune(out, "--data", shop, "--set", "factors=2,8", "--set", "regularisation=0.01,10", "--by", "ndcg@10") == 0

    document = json.loads(out.read_text(encoding="utf-8"))
    tried = [(each["settings"]["factors"], each["settings"]["regularisation"]) for each in document["results"]]
    assert tried == [("2", "0.01"), ("2", "10"), ("8", "0.01"), ("8", "10")]
    assert [each["config"]["factors"] for each in document["results"]] == [2, 2, 8, 8]
    found = [each["metrics"]["ndcg@10"] for each in document["results"]]
    assert len(set(found)) > 1
    assert document["best"] == document["results"][int(np.argmax(found))]["settings"]
    assert document["task"] == "tune" and document["data"]["validation"] == 24
    table = capsys.readouterr().out.splitlines()
    assert table[0].split()[:3] == ["factors", "regularisation", "auc"]
    assert sum(line.startswith("*") for line in table[1:5]) == 1


def test_what_is_finished_is_not_trained_again(shop, tmp_path, monkeypatch):
    trained, solve = [], Ials.solve

    def interrupted(self, train, generator):
        trained.append(self.config.factors)
        if len(trained) == 3:  # a training solves twice, the first time to fit the scale
            raise KeyboardInterrupt
        return solve(self, train, generator)

    monkeypatch.setattr(Ials, "solve", interrupted)
    arguments = ("--data", shop, "--set", "factors=2,4")
    assert tune(tmp_path / "out.json", *arguments) == 130

    assert tune(tmp_path / "out.json", *arguments) == 0

    assert trained == [2, 2, 4, 4, 4]


def test_the_test_items_are_neither_trained_on_nor_ranked():
    world = toy_interactions()
    split = world.leave_one_out()

    tuning = forget_test(split)

    seen = np.concatenate([part.keys for part in (tuning.train, tuning.validation, tuning.test)])
    assert tuning.test is split.validation
    assert not np.isin(split.test.keys, seen).any()
    assert isinstance(tuning.validation, Interactions) and not len(tuning.validation)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--set", "factor=2"], "factor is not a setting of ials"),
        (["--set", "factors=2,many"], "factors is 'many'; it takes a whole number from 1 to 1024"),
        (["--set", "factors=2,"], "--set factors=2,: a value is empty"),
        (["--by", "luck"], "--by is 'luck'; it takes one of: auc, "),
    ],
)
def test_a_wrong_setting_is_named(shop, tmp_path, capsys, arguments, reason):
    assert tune(tmp_path / "out.json", "--data", shop, *arguments) == 2

    assert reason in capsys.readouterr().err
