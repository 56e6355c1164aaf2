import csv

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from tests.factories import image_bytes


@pytest.fixture
def source(tmp_path):
    """Thirty products, and one whose picture is none."""
    (tmp_path / "images").mkdir()
    rows = [["sku", "title", "category", "price", "image", "colour"]]
    for n in range(31):
        (tmp_path / "images" / f"{n}.png").write_bytes(image_bytes(n) if n < 30 else b"no picture")
        rows.append([f"P-{n:02}", f"Brand{n % 3} thing {n}", f"Things {n % 2}", "9.90", f"images/{n}.png", f"c{n % 4}"])
    with (tmp_path / "products.csv").open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    return tmp_path / "products.csv"


def table(file):
    with file.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_a_folder_holds_who_took_what_the_pictures_and_the_truth(source, tmp_path, capsys):
    out = tmp_path / "simulated"

    call_command("simulate_shoppers", source, out, shoppers=12, verbosity=0)

    taken, items = table(out / "interactions.csv"), table(out / "items.csv")
    truth = np.load(out / "truth.npz", allow_pickle=False)
    assert len({row["user"] for row in taken}) == 12
    assert len({(row["user"], row["item"]) for row in taken}) == len(taken)
    assert {row["kind"] for row in taken} <= {"click", "like", "cart", "purchase"}
    assert [row["item"] for row in items] == truth["items"].tolist() == [f"P-{n:02}" for n in range(30)]
    assert sorted(file.name for file in (out / "images").iterdir()) == [f"P-{n:02}.png" for n in range(30)]
    assert truth["tastes"].shape[1] == truth["features"].shape[1]
    printed = capsys.readouterr()
    assert "12 simulated shoppers over 30 products" in printed.out
    assert "30.png" in printed.err or "line 32" in printed.err


def test_whoever_knows_the_truth_ranks_what_was_taken_above_the_rest(source, tmp_path):
    call_command("simulate_shoppers", source, tmp_path / "out", shoppers=30, verbosity=0)

    truth = np.load(tmp_path / "out" / "truth.npz", allow_pickle=False)
    place = {item: n for n, item in enumerate(truth["items"])}
    utility = truth["tastes"] @ truth["features"].T
    user = {key: n for n, key in enumerate(truth["users"])}
    rows = [utility[user[row["user"]], place[row["item"]]] for row in table(tmp_path / "out" / "interactions.csv")]
    assert np.mean(rows) > utility.mean() + 0.5


def test_what_is_there_is_not_written_over(source, tmp_path):
    with pytest.raises(CommandError, match="is there already"):
        call_command("simulate_shoppers", source, tmp_path)
