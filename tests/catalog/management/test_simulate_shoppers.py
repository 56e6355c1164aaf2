import csv
from dataclasses import replace

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from catalog.demo.simulation import MANY
from catalog.demo.simulation.shop import simulate_shoppers
from catalog.models import Interaction, Shopper
from tests.factories import AccountFactory, InteractionFactory, ProductFactory, ShopperFactory, image_bytes


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


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--limit", "3"], "--limit is of a SOURCE"),
        (["somewhere.zip"], "where to"),
        (["nowhere.zip", "out"], "nowhere.zip does not exist"),
        (["--cold-share", "1.5"], "a cold share of 1.5"),
        (["--drift", "nan"], "a drift of nan"),
    ],
)
def test_what_cannot_be_is_refused_with_the_reason(arguments, message):
    with pytest.raises(CommandError, match=message):
        call_command("simulate_shoppers", *arguments)


@pytest.mark.django_db
def test_the_shops_simulated_shoppers_get_a_new_history_and_what_people_did_stays():
    products = [ProductFactory(attributes={"colour": f"c{n % 3}"}) for n in range(12)]
    few = replace(MANY, shoppers=5, fewest=2, most=6, arrivals=0)
    simulate_shoppers(few)
    before = Interaction.objects.count()
    InteractionFactory(shopper=Shopper.objects.get(key="shopper"), product=products[0], kind="like")

    count = simulate_shoppers(few)

    assert count == before
    assert Interaction.objects.count() == before + 1
    assert set(Shopper.objects.values_list("is_simulated", flat=True)) == {True}


@pytest.mark.django_db
def test_of_more_shoppers_simulated_before_only_those_stay_whom_somebody_needs():
    products = [ProductFactory(attributes={"colour": f"c{n % 3}"}) for n in range(12)]
    few = replace(MANY, shoppers=6, fewest=2, most=6, arrivals=0)
    simulate_shoppers(few)
    InteractionFactory(shopper=Shopper.objects.get(key="shopper-003"), product=products[0], kind="like")
    Shopper.objects.filter(key="shopper-004").update(account=AccountFactory())
    InteractionFactory(shopper__key="a person")
    ShopperFactory(key="another person")

    simulate_shoppers(replace(few, shoppers=2))

    simulated = ["shopper", "shopper-001", "shopper-003", "shopper-004"]
    assert list(Shopper.objects.values_list("key", flat=True)) == ["a person", "another person", *simulated]


@pytest.mark.django_db
def test_a_shop_without_pictures_has_shoppers_too():
    for n in range(12):
        ProductFactory(attributes={"colour": f"c{n % 3}"}, image=False)

    assert simulate_shoppers(replace(MANY, shoppers=5, fewest=2, most=6, arrivals=0)) > 0


@pytest.mark.django_db
def test_an_empty_shop_is_told():
    with pytest.raises(CommandError, match="0 products in the shop"):
        call_command("simulate_shoppers")
