import json
import re

import numpy as np
import pytest

from ml.__main__ import main
from tests.ml.worlds import toy_interactions, write_table, write_toy_image

METRICS = [
    *("auc", "auc/warm", "auc/cold", "auc/cold-among-cold", "hr@10", "ndcg@10", "recall@20"),
    *("coverage@10", "popularity@10"),
]


def shop(folder):
    world = toy_interactions()
    rows = [[f"u{u}", i, t] for u, i, t in zip(world.users, world.items, world.timestamps, strict=True)]
    write_table(folder / "interactions.csv", ["user", "item", "timestamp"], rows)
    return folder


@pytest.fixture(scope="module")
def pictured(tmp_path_factory):
    folder = shop(tmp_path_factory.mktemp("shop"))
    for n in range(40):
        write_toy_image(folder / "images" / f"{n}.jpg", n % 2, n)
    return folder


def simulated(folder):
    """Every shopper likes what is taken last, and nothing else."""
    world = toy_interactions()
    test = world.leave_one_out().test
    tastes, items = np.zeros((24, 40), np.float32), np.unique(world.items)
    tastes[test.users, test.items] = 1
    np.savez(
        shop(folder) / "truth.npz",
        users=np.array([f"u{user}" for user in range(24)]),
        items=items.astype(str),
        tastes=tastes,
        features=np.eye(40, dtype=np.float32)[items],
    )
    return folder


def ranked(out, *arguments: object) -> dict:
    assert main(["compare", "recommend", *map(str, arguments), "--json", str(out)]) == 0
    return json.loads(out.read_text(encoding="utf-8"))


def test_there_is_all_that_the_contract_lists(pictured, tmp_path, capsys):
    methods = "popularity,bpr-mf,dvbpr"

    document = ranked(tmp_path / "out.json", "--data", pictured, "--methods", methods, "--epochs", 2)

    assert document["data"]["users"] == 24 and document["data"]["test"] == 24 and not document["data"]["simulated"]
    for result in document["results"]:
        assert list(result["metrics"]) == list(result["intervals"]) == METRICS
        low, high = result["intervals"]["auc"]
        assert low <= result["metrics"]["auc"] <= high
        assert "by_user" not in result and "against" not in result
    assert 0.3 < document["chance"]["metrics"]["auc"] < 0.7
    table = capsys.readouterr().out.splitlines()
    assert table[0].split() == ["method", *METRICS, "seconds", "trained"]
    assert [line.split()[0] for line in table[1:5]] == ["chance", "popularity", "bpr-mf", "dvbpr"]
    assert table[6].split() == ["auc", "by", "takers", "1-4", "5-19"]
    assert [line.split()[0] for line in table[7:11]] == ["users", "popularity", "bpr-mf", "dvbpr"]
    assert table[12].split() == ["auc", "among", "those", "of", "as", "many", "1-4", "5-19"]
    assert [line.split()[0] for line in table[13:17]] == ["users", "popularity", "bpr-mf", "dvbpr"]
    assert table[18].split() == ["calibration", "error", "fitted", "sigmoid(score)"]  # all items are young
    assert [line.split()[0] for line in table[19:22]] == ["popularity", "bpr-mf", "dvbpr"]
    assert table[23].split() == ["taken,", "by", "the", "chance", "popularity", "bpr-mf", "dvbpr"]
    assert len(table) == 34 and table[-1].startswith("0.9 to 1.0")
    for result in document["results"]:
        chances = result["chances"]
        assert chances["slope"] >= 0 and 0.5 <= chances["highest"] <= 1
        assert chances["error"] == pytest.approx(
            sum(each["weight"] * abs(each["share"] - each["probability"]) for each in chances["bins"])
            / sum(each["weight"] for each in chances["bins"])
        )
    groups = document["results"][0]["by_takers"]
    assert sum(group["users"] for group in groups.values()) == 24
    assert groups["20+"] == {"users": 0, "metrics": {}, "intervals": {}}


def test_of_simulated_shoppers_the_oracle_is_told_and_that_they_are_no_shoppers(tmp_path, capsys):
    document = ranked(tmp_path / "out.json", "--data", simulated(tmp_path), "--methods", "popularity")

    assert document["data"]["simulated"]
    assert document["oracle"]["metrics"]["auc"] == document["oracle"]["metrics"]["hr@10"] == 1
    assert document["oracle"]["intervals"]["auc"] == [1, 1]
    table = capsys.readouterr().out.splitlines()
    assert table[0].startswith("simulated shoppers")
    assert [line.split()[0] for line in table[1:5]] == ["method", "chance", "oracle", "popularity"]


def test_how_far_each_method_is_ahead_of_a_named_one(tmp_path, capsys):
    given = ("--data", shop(tmp_path), "--methods", "popularity,bpr-mf", "--epochs", 20)

    document = ranked(tmp_path / "out.json", *given, "--against", "popularity")

    popularity, bpr_mf = document["results"]
    assert "against" not in popularity and bpr_mf["against"]["method"] == "popularity"
    ahead = bpr_mf["against"]
    assert ahead["metrics"]["auc"] == pytest.approx(bpr_mf["metrics"]["auc"] - popularity["metrics"]["auc"])
    low, high = ahead["intervals"]["auc"]
    assert low < ahead["metrics"]["auc"] < high
    assert set(ahead["metrics"]) == set(METRICS) - {"coverage@10", "popularity@10"}  # which are of the lists
    group = ahead["by_takers"]["5-19"]
    of_each = [result["by_takers"]["5-19"]["metrics"]["auc"] for result in (bpr_mf, popularity)]
    assert group["users"] > 0 and group["metrics"]["auc"] == pytest.approx(of_each[0] - of_each[1])
    table = capsys.readouterr().out
    assert re.search(r"^ahead of popularity +bpr-mf$", table, re.M)
    assert len(re.findall(r"^bpr-mf ahead of popularity +[+-]\.\d{3} \[", table, re.M)) == 2
    assert re.search(r"^auc/warm +[+-]\.\d{3} \[[+-]\.\d{3}, [+-]\.\d{3}\]$", table, re.M)


def test_what_was_measured_before_can_be_compared_with(tmp_path, capsys):
    given = ("--data", shop(tmp_path), "--methods", "popularity,bpr-mf", "--epochs", 1)
    alone = ranked(tmp_path / "out.json", *given)
    capsys.readouterr()

    again = ranked(tmp_path / "out.json", *given, "--against", "bpr-mf")

    assert "popularity: measured before" in capsys.readouterr().err  # what is kept is enough to be compared with
    assert again["results"][0]["metrics"] == alone["results"][0]["metrics"]
    assert again["results"][0]["against"]["metrics"]["auc"] == pytest.approx(
        again["results"][0]["metrics"]["auc"] - again["results"][1]["metrics"]["auc"]
    )


def test_the_sampled_auc_stands_beside_the_full_one_where_it_is_asked_for(tmp_path):
    document = ranked(tmp_path / "out.json", "--data", shop(tmp_path), "--methods", "popularity", "--sampled")

    (result,) = document["results"]
    assert set(result["metrics"]) == {*METRICS, "auc/sampled-100"}
    assert result["metrics"]["auc/sampled-100"] != result["metrics"]["auc"]


def test_what_a_method_lacks_is_told_and_the_others_are_compared(pictured, tmp_path, capsys):
    given = ("--data", pictured, "--methods", "inception-bpr,deepstyle,popularity", "--against", "deepstyle")

    document = ranked(tmp_path / "out.json", *given, "--set", "inception-bpr.weights=nowhere.pth")

    assert [result["method"] for result in document["results"]] == ["popularity"]
    assert list(document["not_run"]) == ["inception-bpr", "deepstyle"]
    table = capsys.readouterr().out
    assert re.search("^inception-bpr: not run: .*nowhere.pth", table, re.M)
    assert re.search("^deepstyle: not run: .*items.csv", table, re.M)


def test_where_no_method_has_what_it_needs_nothing_is_compared(pictured, tmp_path, capsys):
    given = ["compare", "recommend", "--data", str(pictured), "--methods", "deepstyle"]

    assert main([*given, "--json", str(tmp_path / "out.json")]) == 2

    assert "items.csv" in capsys.readouterr().err and not (tmp_path / "out.json").exists()


def test_the_epoch_to_measure_is_chosen_by_validation(tmp_path, capsys):
    given = ("--data", shop(tmp_path), "--methods", "popularity,bpr-mf", "--epochs", 5, "--models", tmp_path / "kept")

    document = ranked(tmp_path / "out.json", *given, "--select")
    last = ranked(tmp_path / "last.json", *given)

    chosen = document["results"][1]["selected"]
    assert {"1", "5"} <= set(chosen["auc"]) and chosen["users"] == 24
    assert chosen["auc"][str(chosen["epoch"])] == max(chosen["auc"].values())
    assert f"bpr-mf: epoch {chosen['epoch']} of 5, for its validation AUC" in capsys.readouterr().out
    assert document["results"][1]["epochs"] == 5 and "selected" not in last["results"][1]


def test_published_figures_stand_below_where_there_are_any(tmp_path, capsys):
    (tmp_path / "TradesyImgPartitioned.npy.converted").mkdir()
    folder = shop(tmp_path / "TradesyImgPartitioned.npy.converted")

    document = ranked(tmp_path / "out.json", "--data", folder, "--methods", "popularity")

    assert document["published"][0] == {
        "method": "vbpr",
        "metric": "auc",
        "value": 0.7834,
        "source": "He and McAuley 2016, arXiv:1510.01784",
    }
    table = capsys.readouterr().out
    assert re.search(r"^vbpr +auc/cold +0\.7594 ", table, re.M) and re.search(r"^dvbpr +auc +0\.78 ", table, re.M)
    assert "* published, on this set, partly of another file" in table


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--methods", "popularity", "--against", "dvbpr"], "'dvbpr' to compare with is none of popularity"),
        (["--methods", "hog"], "no personal method is called 'hog'"),
        (["--methods", "dvbpr"], "there are no pictures of the items"),
    ],
)
def test_bad_input_ends_with_one_clear_line_and_status_2(tmp_path, capsys, arguments, message):
    given = ["compare", "recommend", "--data", str(shop(tmp_path)), *arguments, "--json", str(tmp_path / "out.json")]

    assert main(given) == 2

    (said,) = capsys.readouterr().err.strip().splitlines()
    assert said.startswith("ml: ") and message in said


def test_a_truth_about_others_is_told_before_anything_is_trained(tmp_path, capsys):
    folder = simulated(tmp_path)
    write_table(folder / "interactions.csv", ["user", "item", "timestamp"], [["zoe", i, i] for i in range(5)])

    given = ["compare", "recommend", "--data", str(folder), "--methods", "bpr-mf", "--json", str(tmp_path / "out.json")]
    assert main(given) == 2

    assert "truth.npz does not know user zoe" in capsys.readouterr().err
    assert not (tmp_path / "out.json.parts").exists()
