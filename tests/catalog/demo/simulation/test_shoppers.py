from collections import Counter
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from catalog.demo.plan import plan_catalog
from catalog.demo.simulation import MANY, Population, simulate
from catalog.demo.simulation.shoppers import UNTIL

pytestmark = pytest.mark.slow


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
    five, again, six = (simulate(items[:200], Population(shoppers=20), seed=seed).events for seed in (5, 5, 6))

    assert five == again
    assert five != six


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
    unlabelled = [{"category": "shoes", "gender": ""}] * 100 + [{}] * 50
    world = simulate([*labelled, *unlabelled], Population(shoppers=10, cold_share=0))

    assert set(world.values) == {"category", "gender", "baseColour"}
    assert world.utility.shape == (10, 650)
    assert np.isfinite(world.utility).all()


def test_two_labels_that_say_the_same_count_once():
    items = [{"category": f"k{i % 3}", "articleType": f"type {i % 3}", "colour": f"c{i % 2}"} for i in range(30)]

    assert set(simulate(items, Population(shoppers=2)).values) == {"category", "colour"}


def test_the_factors_multiply_to_the_utility(world):
    tastes, features = world.factors()

    np.testing.assert_allclose(tastes[:5] @ features.T, world.utility[:5], atol=1e-4)


def test_what_makes_no_world_is_refused():
    with pytest.raises(ValueError, match="1 items"):
        simulate([{}])
    with pytest.raises(ValueError, match="statistics of 0 images for 2 items"):
        simulate([{"category": "a"}, {"category": "b"}], Population(image_taste=1.0))


@pytest.fixture(scope="module")
def statistics():
    return np.random.default_rng(0).normal(size=(600, 6)).astype(np.float32)


@pytest.fixture(scope="module")
def many(statistics):
    items = [
        {"gender": ("Men", "Women", "Unisex")[i % 3], "category": f"c{i % 10}", "brand": f"b{i % 250}", "year": "1"}
        for i in range(600)
    ]
    return simulate(items, replace(MANY, shoppers=200), statistics=statistics)


def test_only_the_traits_draw_anybody(many):
    assert set(many.values) == {"gender", "category", "brand"}
    assert set(many.tastes) == {"gender", "category", "brand", "picture"}


def test_a_match_is_with_ones_own_value_and_with_what_is_for_all(many):
    unisex = many.values["gender"].index("Unisex")

    assert (many.tastes["gender"][:, unisex] == 2.5).all()
    assert set(np.count_nonzero(many.tastes["gender"][1:], axis=1)) == {1, 2}


def test_cold_products_are_among_the_last_two_of_a_history_alone(many):
    cold = set(many.cold.tolist())
    places = [
        len(history) - 1 - place
        for history in taken(many).values()
        for place, item in enumerate(history)
        if item in cold
    ]

    assert set(places) == {0, 1}


def test_what_the_picture_shows_is_taken_by_those_who_like_it(many, statistics):
    liked = many.tastes["picture"] @ statistics.T  # (U, I)
    rows = [(shopper, item) for shopper, key in enumerate(many.shoppers) for item in taken(many)[key]]

    assert np.mean([liked[row] for row in rows]) > 0.5


def test_tastes_drift(statistics):
    items, fifty = [{"category": f"c{i % 10}"} for i in range(600)], replace(MANY, shoppers=50)
    still, drifted = (
        simulate(items, replace(fifty, drift=0), statistics=statistics),
        simulate(items, fifty, statistics=statistics),
    )

    then, now = still.tastes["category"][1:].ravel(), drifted.tastes["category"][1:].ravel()
    assert 0.93 < np.corrcoef(then, now)[0, 1] < 0.99
    assert now.std() == pytest.approx(then.std(), rel=0.1)
