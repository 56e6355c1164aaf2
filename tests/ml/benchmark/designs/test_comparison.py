import json

import numpy as np
import pytest
from PIL import Image

from ml.__main__ import main
from ml.benchmark.compare import Options
from ml.benchmark.designs.comparison import DesignOptions, compare_design
from ml.benchmark.designs.study import SETS
from ml.errors import BadData, BadSetting
from ml.training.loop import TrainConfig
from tests.ml.worlds import write_table, write_toy_image

PICTURES, USERS, TAKEN = 90, 12, 14


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """Even users take discs, odd ones stripes; of the squares there are too few to learn from."""
    folder = tmp_path_factory.mktemp("shop")
    for n in range(PICTURES):
        write_toy_image(folder / "images" / f"{n}.jpg", n % 2, n)
    kinds = ["square" if n < 4 else ("disc", "stripes")[n % 2] for n in range(PICTURES)]
    write_table(folder / "items.csv", ["item", "category"], [[n, kinds[n]] for n in range(PICTURES)])
    rng = np.random.default_rng(0)
    rows = []
    for user in range(USERS):
        taken = rng.permutation(np.arange(user % 2, PICTURES, 2))[:TAKEN]
        rows += [[f"u{user}", item, when] for when, item in enumerate(taken)]
    write_table(folder / "interactions.csv", ["user", "item", "timestamp"], rows)
    return folder


OPTIONS = Options(["lsgan"], TrainConfig(epochs=2), {"width": "4", "vbpr.factors": "4"})
ASKED = DesignOptions(scorer="vbpr", judge="visrank", users=2, steps=2)


@pytest.fixture(scope="module")
def document(shop, tmp_path_factory):
    return compare_design(shop, OPTIONS, ASKED)


def test_what_is_compared_is_told(document):
    assert document["task"] == "design"
    assert document["data"]["pictures"] == {"disc": 43, "stripes": 43}
    assert document["data"]["left_out"] == {"square": 4}
    assert document["data"]["users"] == {"disc": 2, "stripes": 2}
    assert document["classifier"]["accuracy"] > 0.9
    (result,) = document["results"]
    assert (result["method"], result["config"]["width"], result["dimensions"]) == ("lsgan", 4, 256)
    assert {"train", "evaluate", "a dozen", "a dozen in a batch, processor"} <= set(result["seconds"])


def test_each_set_of_pictures_has_each_figure_and_means_have_intervals(document):
    (result,) = document["results"]
    for part in (result, *result["categories"].values()):
        for figure in ("liked", "judged", "realism"):
            for name in SETS:
                low, high = part["intervals"][f"{figure}/{name}"]
                assert low <= part["metrics"][f"{figure}/{name}"] <= high
        assert {f"diversity/{name}" for name in SETS} <= set(part["metrics"])
    assert {f"classifier score/{name}" for name in SETS} <= set(result["metrics"])


def test_users_like_best_what_they_like_best_and_random_products_as_they_come(document):
    metrics = document["results"][0]["metrics"]

    assert metrics["liked/best real"] > metrics["liked/random real"] + 0.5
    assert abs(metrics["liked/random real"]) < 1.5
    assert metrics["recognised/random real"] > 0.9
    assert metrics["classifier score/random real"] == pytest.approx(2, abs=0.2)


def test_no_product_is_a_copy_of_another_here_and_tailoring_is_told_by_budget(document):
    (result,) = document["results"]

    assert set(result["nearest"]) == {"random real", "random made", "eta 1"}
    assert result["nearest"]["random real"]["l1"] > 0
    assert len(result["tailoring"]["errors"]) == 4
    assert 0 <= result["tailoring"]["refused"] <= 1


def test_the_command_writes_the_same_and_sheets_and_goes_on_from_what_is_kept(shop, tmp_path, capsys):
    command = [
        *(
            "compare",
            "design",
            "--data",
            str(shop),
            "--methods",
            "lsgan",
            "--epochs",
            "1",
            "--users",
            "1",
            "--steps",
            "1",
        ),
        *("--set", "width=4", "--scorer", "visrank", "--categories", "disc"),
        *("--judge", "vbpr", "--models", str(tmp_path / "models"), "--pictures", str(tmp_path / "sheets")),
        *("--json", str(tmp_path / "out.json")),
    ]

    assert main(command) == 0
    once = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    printed = capsys.readouterr()
    assert "lsgan, all categories" in printed.out and "liked above best real" in printed.out
    with Image.open(tmp_path / "sheets" / "lsgan.png") as sheet:
        assert sheet.width > 1000
    assert main(command) == 0
    assert json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))["results"] == once["results"]
    assert "lsgan: measured before" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("asked", "error", "reason"),
    [
        (
            DesignOptions(categories=["hats"]),
            BadData,
            "no item is of the category 'hats'; there are: disc, square, stripes",
        ),
        (DesignOptions(categories=["square"]), BadData, "no category has 40 pictures: square "),
        (DesignOptions(scorer="bpr-mf"), BadSetting, "bpr-mf never looks at pictures"),
    ],
)
def test_what_cannot_be_compared_is_refused_before_anything_is_trained(shop, asked, error, reason):
    with pytest.raises(error, match=reason):
        compare_design(shop, Options(["lsgan"]), asked)


def test_a_shop_without_categories_is_refused(tmp_path):
    write_toy_image(tmp_path / "images" / "0.jpg", 0, 0)
    write_table(tmp_path / "interactions.csv", ["user", "item", "timestamp"], [["u", 0, 0]])

    with pytest.raises(BadData, match=r"no items.csv that tells each item's category"):
        compare_design(tmp_path, Options(["lsgan"]), DesignOptions())
