import json
import subprocess
import sys

import pytest

from ml.__main__ import main
from ml.models import METHODS
from tests.ml.worlds import camps, write_picture, write_table, zipped


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    folder = tmp_path_factory.mktemp("photos")
    for n in range(24):
        write_picture(folder / "images" / f"{n}.jpg", n % 2, n)
    write_table(folder / "styles.csv", ["id", "kind"], [[n, ["disc", "stripes"][n % 2]] for n in range(24)])
    return zipped(folder, folder.with_suffix(".zip"))


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shop")
    for n in range(40):
        write_picture(folder / "images" / f"{n}.jpg", n % 2, n)
    world = camps()
    rows = [[f"u{u}", i, t] for u, i, t in zip(world.users, world.items, world.timestamps, strict=True)]
    write_table(folder / "interactions.csv", ["user", "item", "timestamp"], rows)
    return folder


def compared(out, *arguments: object) -> dict:
    assert main(["compare", *map(str, arguments), "--json", str(out)]) == 0
    return json.loads(out.read_text(encoding="utf-8"))


def test_retrieval_has_all_that_the_contract_lists(photos, tmp_path, capsys):
    document = compared(
        tmp_path / "out.json",
        *("retrieval", "--train", photos, "--test", photos, "--methods", "pixels,visrec", "--epochs", 1),
        *("--set", "batch_size=8"),
    )

    assert set(document) == {"task", "data", "seed", "machine", "chance", "results"}
    assert document["task"] == "retrieval" and document["data"]["test_images"] == 24
    assert [result["method"] for result in document["results"]] == ["pixels", "visrec"]
    visrec = document["results"][1]
    assert visrec["config"]["batch_size"] == 8 and visrec["dimensions"] == 240
    assert set(visrec["seconds"]) == {"train", "embed", "evaluate"}
    assert visrec["megabytes"] > 1 and visrec["images_per_second"] > 0
    assert set(visrec["metrics"]) == {
        *("precision@5/kind", "precision@5-macro/kind", "map/kind", "knn/kind", "linear/kind")
    }
    assert visrec["metrics"]["precision@5/kind"] == 1 and visrec["intervals"]["precision@5/kind"] == [1, 1]
    assert document["chance"]["metrics"]["precision@5/kind"] == 0.5
    assert "precision@5/kind" in capsys.readouterr().out


def test_recommend_has_all_that_the_contract_lists(shop, tmp_path, capsys):
    document = compared(
        tmp_path / "out.json",
        *("recommend", "--data", shop, "--methods", "popularity,bpr-mf,dvbpr", "--epochs", 2),
    )

    assert document["data"]["users"] == 24 and document["data"]["test"] == 24
    for result in document["results"]:
        expected = {"auc", "hr@10", "ndcg@10", "recall@20", "coverage@10", "auc/cold", "auc/cold-among-cold"}
        assert set(result["metrics"]) == set(result["intervals"]) == expected
        low, high = result["intervals"]["auc"]
        assert low <= result["metrics"]["auc"] <= high
    assert 0.3 < document["chance"]["metrics"]["auc"] < 0.7
    table = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in table] == ["method", "chance", "popularity", "bpr-mf", "dvbpr"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--methods", "pixles"], "no similar method is called 'pixles'; there are: pixels, histogram, hog, visrec"),
        (["--methods", "dvbpr"], "no similar method is called 'dvbpr'"),
        (["--methods", "hog", "--set", "wheels=4"], "wheels is not a setting of hog"),
        (["--methods", "hog", "--set", "dimensions=many"], "dimensions is 'many'; it takes a whole number"),
        (["--methods", "hog", "--test", "nowhere.zip"], "nowhere.zip does not exist"),
    ],
)
def test_bad_input_is_one_clear_line_and_status_2(photos, tmp_path, capsys, arguments, message):
    given = ["compare", "retrieval", "--train", str(photos), "--test", str(photos), *arguments]

    assert main([*given, "--json", str(tmp_path / "out.json")]) == 2

    said = capsys.readouterr().err.strip().splitlines()
    assert len(said) == 1 and said[0].startswith("ml: ") and message in said[0]


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
    for method in METHODS.values():
        assert (f"  {method.name} " in said and method.summary in said) == (method.role == "similar")


ALONE = """
import sys
import ml.models, ml.__main__
assert "torch" not in sys.modules, "the methods' names cost torch"
for method in ml.models.METHODS.values():
    method.load()
import ml.compare
there = {"django", "celery", "rest_framework", "catalog", "recommender", "visrec_site"} & set(sys.modules)
assert not there, there
"""


def test_the_room_knows_no_shop_and_its_names_cost_no_torch():
    done = subprocess.run([sys.executable, "-c", ALONE], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")
