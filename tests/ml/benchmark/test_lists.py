import csv

import pytest

from ml.__main__ import main
from ml.training.checkpoints import save
from tests.ml.worlds import small, toy_interactions, trained, write_table, write_toy_image


@pytest.fixture
def shop(tmp_path):
    world = toy_interactions().leave_one_out().train
    pairs = zip(world.users, world.items, world.timestamps, strict=True)
    rows = [[f"u{user:02}", f"{item:02}", when] for user, item, when in pairs]
    write_table(tmp_path / "interactions.csv", ["user", "item", "timestamp"], rows)
    for n in range(40):
        write_toy_image(tmp_path / "images" / f"{n:02}.png", n % 2, n)
    return tmp_path


def told(shop, model: str, k: int = 5) -> int:
    given = ["--model", str(shop / model), "--data", str(shop), "--k", str(k), "--out", str(shop / "top.csv")]
    return main(["top", *given])


@pytest.mark.parametrize("method", ["bpr-mf", "dvbpr"])
def test_everybody_has_a_list_of_what_they_would_like_and_have_not_had(shop, capsys, method):
    save(trained(method, epochs=30), shop / "model")

    assert told(shop, "model") == 0

    with (shop / "top.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    with (shop / "interactions.csv").open(encoding="utf-8", newline="") as stream:
        had = {(row["user"], row["item"]) for row in csv.DictReader(stream)}
    lists = {f"u{user:02}": [row for row in rows if row["user"] == f"u{user:02}"] for user in range(24)}
    assert all([row["rank"] for row in own] == list("12345") for own in lists.values())
    assert all(
        float(a["score"]) >= float(b["score"]) for own in lists.values() for a, b in zip(own, own[1:], strict=False)
    )
    assert not had & {(row["user"], row["item"]) for row in rows}
    right = [int(row["item"]) % 2 == int(row["user"][1:]) % 2 for row in rows if row["rank"] == "1"]
    assert sum(right) >= 22  # even users take even items
    assert capsys.readouterr().out.endswith("top.csv: 24 lists\n")


def test_a_model_of_another_shop_is_refused(shop, capsys):
    save(trained("bpr-mf"), shop / "model")
    write_table(shop / "interactions.csv", ["user", "item", "timestamp"], [["u00", "00", 1], ["u01", "01", 1]])

    assert told(shop, "model") == 2

    assert f"model was trained on 24 users, and {shop} has 2" in capsys.readouterr().err
    assert not (shop / "top.csv").exists()


def test_a_model_that_knows_no_users_has_no_lists(shop, capsys):
    save(small("pixels"), shop / "model")

    assert told(shop, "model") == 2

    assert capsys.readouterr().err.endswith("model: pixels knows no users\n")
