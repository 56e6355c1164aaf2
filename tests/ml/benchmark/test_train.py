import json

import pytest

from ml.__main__ import main
from ml.training.checkpoints import load
from tests.ml.worlds import toy_interactions, write_table, write_toy_image


@pytest.fixture
def shop(tmp_path):
    world = toy_interactions()
    write_table(
        tmp_path / "interactions.csv",
        ["user", "item", "timestamp"],
        list(zip(world.users, world.items, world.timestamps, strict=True)),
    )
    for n in range(40):
        write_toy_image(tmp_path / "images" / f"{n}.png", n % 2, n)
    return tmp_path


@pytest.mark.parametrize("method", ["vbpr", "hog"])
def test_a_method_is_trained_and_saved(shop, capsys, method):
    given = [
        "train",
        method,
        "--data",
        str(shop),
        "--model",
        str(shop / "model"),
        *(["--epochs", "2"] * (method == "vbpr")),
    ]

    assert main(given) == 0

    assert f"model: {method} of one process" in capsys.readouterr().out
    assert load(shop / "model").method == method
    assert not list((shop / "model").glob("epoch-*"))
    assert main(given) == 2
    assert "has a trained model already" in capsys.readouterr().err


def test_all_interactions_are_trained_on_and_each_epoch_is_reported(shop):
    main(["train", "vbpr", "--data", str(shop), "--model", str(shop / "model"), "--epochs", "2", "--set", "factors=3"])

    model = load(shop / "model")
    assert model.state_shapes["users"] == 24 and model.config.factors == 3
    lines = (shop / "model" / "epochs.jsonl").read_text().splitlines()
    assert [json.loads(line)["number"] for line in lines] == [1, 2]


def test_other_commands_refuse_several_processes(shop, monkeypatch, capsys):
    monkeypatch.setenv("WORLD_SIZE", "2")

    assert main(["gpu", "--json", str(shop / "out.json")]) == 2
    assert "several processes can share `ml train` alone, not `ml gpu`" in capsys.readouterr().err
