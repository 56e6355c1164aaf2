import json

import pytest

from ml.__main__ import main
from tests.ml.worlds import toy_interactions, write_table, write_toy_image


def test_speed_is_told_for_training_and_embedding(photos, tmp_path, capsys):
    out = tmp_path / "speed.json"

    given = ["speed", "--data", str(photos), "--methods", "pixels,visrec", "--epochs", "1", "--set", "batch_size=8"]
    assert main([*given, "--json", str(out)]) == 0

    pixels, visrec = json.loads(out.read_text(encoding="utf-8"))
    assert pixels["training"] is None and visrec["training"] > 0
    assert visrec["ratio"] == pytest.approx(visrec["from_bytes"] / visrec["forward"], rel=0.9)
    assert "from JPEG bytes" in capsys.readouterr().out


def test_speed_is_not_begun_without_the_weights_it_needs(photos, tmp_path, capsys):
    given = ["speed", "--data", str(photos), "--methods", "pixels,squeezenet1_1", "--set", "weights=none.pth"]

    assert main([*given, "--json", str(tmp_path / "speed.json")]) == 2

    assert capsys.readouterr().err == "ml: none.pth: there is no such file of weights\n"


def test_speed_of_personal_methods_is_that_of_the_loop_and_of_its_arithmetic(tmp_path, capsys):
    taken = toy_interactions()
    pairs = zip(taken.users, taken.items, taken.timestamps, strict=True)
    write_table(tmp_path / "interactions.csv", ["user", "item", "timestamp"], [list(pair) for pair in pairs])
    for item in range(taken.n_items):
        write_toy_image(tmp_path / "images" / f"{item}.png", item % 2, item)
    out = tmp_path / "speed.json"

    given = ["speed", "--data", str(tmp_path), "--methods", "popularity,bpr-mf,dvbpr", "--epochs", "5"]
    assert main([*given, "--json", str(out)]) == 0

    popularity, bpr_mf, dvbpr = json.loads(out.read_text(encoding="utf-8"))
    assert popularity["loop"] is None
    assert bpr_mf["comparisons"] == bpr_mf["loop"]  # one a positive
    assert dvbpr["comparisons"] > 10 * dvbpr["loop"]  # with the other 19 that anybody took, less the user's own
    for each in (bpr_mf, dvbpr):
        # Arithmetic without steps is quicker than the loop; with other tests beside it, it need not be measured so.
        assert each["gradients"] > each["loop"] / 3 > 0 and 0 < each["ratio"] < 3
    assert "positives a second" in capsys.readouterr().out


def test_speed_needs_users_of_whom_something_can_be_held_out(tmp_path, capsys):
    write_table(tmp_path / "interactions.csv", ["user", "item", "timestamp"], [["ann", "a", 1]])

    given = ["speed", "--data", str(tmp_path), "--methods", "bpr-mf", "--json", str(tmp_path / "speed.json")]
    assert main(given) == 2

    assert capsys.readouterr().err.endswith(": no user has three items, so that none can be held out\n")
