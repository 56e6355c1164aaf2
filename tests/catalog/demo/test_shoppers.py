from collections import Counter
from datetime import timedelta

import numpy as np
import pytest

from catalog.demo.plan import plan_catalog
from catalog.demo.shoppers import UNTIL, simulate


@pytest.fixture(scope="module")
def items():
    return [{"category": product.category, **product.attributes} for product in plan_catalog(1200)]


@pytest.fixture(scope="module")
def world(items):
    return simulate(items)


def taken(world):
    """Item indices by shopper key, in the order of their first deliberate event."""
    histories = {key: [] for key in world.shoppers}
    for key, item, kind, _ in world.events:
        if kind not in ("view", "dislike") and item not in histories[key]:
            histories[key].append(item)
    return histories


def auc(scores, item, others):
    return (scores[others] < scores[item]).mean() + (scores[others] == scores[item]).mean() / 2


def test_same_seed_gives_the_same_events(items):
    assert simulate(items[:200], 20, seed=5).events == simulate(items[:200], 20, seed=5).events
    assert simulate(items[:200], 20, seed=5).events != simulate(items[:200], 20, seed=6).events


def test_a_shopper_takes_between_eight_and_seventy_five_products(world):
    lengths = [len(history) for history in taken(world).values()]

    assert world.shoppers[:2] == ["shopper", "shopper-001"]
    assert lengths[0] == 75
    assert min(lengths) > 8
    assert max(lengths) <= 75
    assert 28 < np.mean(lengths) < 36


def test_every_product_is_seen_before_anything_else_happens_to_it(world):
    first = {}
    for key, item, kind, _ in world.events:
        first.setdefault((key, item), kind)
    assert set(first.values()) == {"view"}


def test_events_are_dated_within_the_year_oldest_first(world):
    times = [when for *_, when in world.events]

    assert times == sorted(times)
    assert UNTIL - timedelta(days=366) < times[0]
    assert times[-1] <= UNTIL


def test_a_fifth_of_the_products_has_no_event(world):
    touched = {item for _, item, _, _ in world.events}

    assert len(world.cold) == 240
    assert not touched & set(world.cold.tolist())
    assert set(world.cold_choices.ravel().tolist()) <= set(world.cold.tolist())


def test_popularity_has_a_long_tail(world):
    counts = Counter(item for history in taken(world).values() for item in history)
    top_fifth = sum(count for _, count in counts.most_common(240))

    assert 0.45 < top_fifth / counts.total() < 0.7


def test_true_tastes_rank_the_last_product_far_better_than_popularity(world):
    histories = taken(world)
    popularity = np.zeros(1200)
    for history in histories.values():
        popularity[history[:-1]] += 1
    warm = np.setdiff1d(np.arange(1200), world.cold)
    oracle, popular = [], []
    for shopper, history in enumerate(histories.values()):
        others = np.setdiff1d(warm, history)
        oracle.append(auc(world.utility_of(shopper), history[-1], others))
        popular.append(auc(popularity, history[-1], others))

    assert np.mean(oracle) > 0.9
    assert 0.55 < np.mean(popular) < 0.78
    assert np.mean(oracle) - np.mean(popular) > 0.15


def test_true_tastes_rank_the_cold_products(world):
    scores = [
        auc(world.utility_of(shopper), choice, np.setdiff1d(world.cold, choices))
        for shopper, choices in enumerate(world.cold_choices)
        for choice in choices
    ]
    assert np.mean(scores) > 0.9


def test_dislikes_fall_on_what_is_not_to_the_taste(world):
    index = {key: shopper for shopper, key in enumerate(world.shoppers)}
    utility = world.utility
    disliked = np.mean([utility[index[key], item] for key, item, kind, _ in world.events if kind == "dislike"])

    assert disliked < utility.mean() - 1


def test_the_login_of_the_demo_has_a_taste_one_can_name(world, items):
    favourites = world.favourites(0)
    history = taken(world)["shopper"]
    in_taste = [
        items[item]["category"] in favourites["category"] or items[item]["colour"] in favourites["colour"]
        for item in history
    ]
    assert np.mean(in_taste) > 0.7


def test_real_labels_will_do_and_most_products_may_lack_them():
    labelled = [
        {
            "category": "shoes" if i % 2 else "shirts",
            "gender": "Men" if i % 3 else "Women",
            "baseColour": f"c{i % 7}",
            "year": str(2010 + i % 5),
            "name": f"a product like no other, {i}" * (i % 2),
        }
        for i in range(500)
    ]
    world = simulate([*labelled, *[{"category": "shoes", "gender": ""}] * 100, *[{}] * 50], shoppers=10, cold_share=0)

    assert set(world.values) == {"category", "gender", "baseColour"}
    assert world.utility.shape == (10, 650)
    assert np.isfinite(world.utility).all()


def test_two_labels_that_say_the_same_count_once():
    items = [{"category": f"k{i % 3}", "articleType": f"type {i % 3}", "colour": f"c{i % 2}"} for i in range(30)]

    assert set(simulate(items, shoppers=2).values) == {"category", "colour"}


@pytest.mark.parametrize("wrong", [{"shoppers": 0}, {"cold_share": 1.0}, {"items": [{}]}])
def test_what_makes_no_world_is_refused(wrong):
    with pytest.raises(ValueError, match="a cold share of"):
        simulate(**{"items": [{"category": "a"}, {"category": "b"}], **wrong})
