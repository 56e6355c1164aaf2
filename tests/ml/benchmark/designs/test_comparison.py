import json

import pytest
from PIL import Image

from ml.__main__ import main
from ml.benchmark.compare import Options
from ml.benchmark.designs.comparison import DesignOptions, compare_design
from ml.errors import BadData, BadSetting
from tests.ml.worlds import write_table, write_toy_image


def test_what_is_compared_is_told(document):
    assert document["task"] == "design"
    assert document["data"]["pictures"] == {"disc": 43, "stripes": 43}
    assert document["data"]["left_out"] == {"square": 4}
    assert document["data"]["users"] == {"disc": 2, "stripes": 2}
    assert document["classifier"]["accuracy"] > 0.9
    (result,) = document["results"]
    assert (result["method"], result["config"]["width"], result["dimensions"]) == ("lsgan", 4, 256)
    assert {"train", "evaluate", "a dozen", "a dozen in a batch, processor"} <= set(result["seconds"])


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
        (DesignOptions(scorer="bpr-mf"), BadSetting, "bpr-mf ignores pictures, so it cannot score generated ones"),
    ],
)
def test_what_cannot_be_compared_is_refused_before_anything_is_trained(shop, asked, error, reason):
    with pytest.raises(error, match=reason):
        compare_design(shop, Options(["lsgan"]), asked)


def test_a_shop_without_categories_is_refused(tmp_path):
    write_toy_image(tmp_path / "images" / "0.jpg", 0, 0)
    write_table(tmp_path / "interactions.csv", ["user", "item", "timestamp"], [["u", 0, 0]])

    with pytest.raises(BadData, match=r"no items.csv with each item's category"):
        compare_design(tmp_path, Options(["lsgan"]), DesignOptions())
