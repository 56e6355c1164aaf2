import math

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from ml.data.interactions import Interactions, PersonalData, Split
from ml.evaluation import metrics
from ml.models.factory import create
from ml.training.loop import fit
from tests.ml.worlds import toy_interactions, trained, vectors_of

RANKED = torch.tensor([[1, -1, 0, 1, 0, 2], [2, 2, -1, 0, 1, 1]])  # classes, nearest first; -1 has no label
TARGET = torch.tensor([1, 1])


def test_precision_counts_labelled_pictures_only():
    assert_close(metrics.precision_at_k(RANKED, TARGET, 3), torch.tensor([2 / 3, 0]))


def test_precision_is_out_of_k_also_where_fewer_have_the_class_and_undefined_where_fewer_have_any():
    ranked, target = torch.tensor([[1, 0, -1, 0, 0], [-1, 0, 1, -1, -1]]), torch.tensor([1, 1])

    assert_close(metrics.precision_at_k(ranked, target, 4), torch.tensor([1 / 4, math.nan]), equal_nan=True)
    assert_close(metrics.precision_at_k(ranked, target, 2), torch.tensor([1 / 2, 1 / 2]))


def test_average_precision_by_hand():
    # First: at 1 of 1 and 2 of 3. Second: at 1 of 4 and 2 of 5.
    expected = torch.tensor([(1 + 2 / 3) / 2, (1 / 4 + 2 / 5) / 2])

    assert_close(metrics.average_precision(RANKED, TARGET), expected)


def test_average_precision_without_anything_to_find_is_undefined():
    assert metrics.average_precision(RANKED, torch.tensor([7, 1]))[0].isnan()


def test_the_majority_decides_and_similarity_breaks_ties():
    similar = torch.tensor([[0.9, 0.8, 0.7, 0.6, 0.5, 0.4], [0.9, 0.1, 0.1, 0.5, 0.4, 0.3]])

    assert metrics.majority_class(RANKED, similar, 4, 3).tolist() == [
        1,
        2,
    ]  # first: 1.5 against 1.2 with two votes each


def test_a_query_never_finds_itself_and_the_unlabelled_are_not_asked():
    vectors = torch.tensor([[1.0, 0], [0.9, 0.1], [0, 1.0], [0.1, 0.9], [1, 1]])

    found = metrics.evaluate_retrieval(vectors, {"kind": np.array([0, 0, 1, 1, -1])}, ks=(1,))["kind"]

    assert found.precision[1][:4].tolist() == [1, 1, 1, 1] and math.isnan(found.precision[1][4])
    assert found.average_precision[:4].tolist() == [1, 1, 1, 1]


def test_vectors_without_meaning_are_at_chance():
    rng = np.random.default_rng(0)
    classes = rng.choice(3, size=600, p=[0.6, 0.3, 0.1])

    found = metrics.evaluate_retrieval(
        torch.randn(600, 8, generator=torch.Generator().manual_seed(0)), {"kind": classes}
    )

    assert metrics.random_precision(np.array([0, 0, 1, -1])) == pytest.approx(5 / 9)
    assert found["kind"].precision[5].mean() == pytest.approx(metrics.random_precision(classes), abs=0.03)


def test_macro_of_nothing_is_undefined():
    assert math.isnan(metrics.macro_average(np.array([np.nan, np.nan]), np.array([0, 1])))


def test_each_class_has_its_mean_without_figures_that_are_not_defined():
    values = np.array([1.0, 0.5, np.nan, 0.25, np.nan, 1.0])

    assert metrics.average_classes(values, np.array([0, 0, 0, 2, 3, -1])) == {0: 0.75, 2: 0.25}


def test_macro_counts_classes_not_pictures():
    assert metrics.macro_average(np.array([1, 1, 1, 0.5, np.nan]), np.array([0, 0, 0, 1, -1])) == 0.75


def part(rows: list[tuple[int, int]]) -> Interactions:
    users, items = (np.array(column, dtype=np.int64) for column in zip(*rows, strict=True))
    return Interactions(users, items, np.arange(len(rows)), n_users=2, n_items=5)


SPLIT = Split(train=part([(0, 0), (1, 0), (1, 1)]), validation=part([(0, 1), (1, 2)]), test=part([(0, 2), (1, 3)]))


def test_ranking_by_hand():
    scores = torch.tensor([[9.0, 8, 2, 3, 1], [9.0, 8, 7, 1, 1]])

    ranking = metrics.rank_held_out(scores, torch.eye(5), SPLIT, top=2)

    assert ranking.auc.tolist() == [0.5, 0.5]  # user 0: item 2 between 3 and 4; user 1: item 3 level with 4
    assert ranking.rank.tolist() == [2, 1]  # items had before are not listed; the lower index first among equals
    assert ranking.top.tolist() == [[3, 2], [3, 4]]
    assert ranking.support.tolist() == [0, 0] and ranking.cold.all()


def test_on_validation_the_test_item_is_neither_masked_nor_compared_with():
    scores = torch.tensor([[9.0, 1, 7, 0, 0], [9.0, 8, 7, 1, 1]])

    ranking = metrics.rank_held_out(scores, torch.eye(5), SPLIT, on="validation", top=2)

    assert ranking.auc.tolist() == [1, 1]
    assert ranking.top.tolist() == [[2, 1], [2, 3]]


def test_the_oracle_has_an_auc_of_one_and_a_constant_of_one_half():
    split = toy_interactions().leave_one_out()
    oracle = torch.zeros(24, 40)
    oracle[split.test.users, split.test.items] = 1

    assert (metrics.rank_held_out(oracle, torch.eye(40), split).auc == 1).all()
    assert (metrics.rank_held_out(torch.ones(24, 1), torch.ones(40, 1), split).auc == 0.5).all()


def test_the_highest_come_first_and_the_lower_place_among_equals():
    generator = torch.Generator().manual_seed(0)
    scores = torch.randint(0, 6, (50, 40), generator=generator).float()
    scores[0] = -torch.inf

    expected = scores.argsort(dim=1, descending=True, stable=True)

    assert torch.equal(metrics.top_indices(scores, 7), expected[:, :7])
    assert torch.equal(metrics.top_indices(scores, 100), expected)


def test_by_user_warm_and_cold_divide_the_users():
    ranking = metrics.Ranking(
        auc=np.array([0.9, 0.4]),
        auc_among_cold=np.array([0.8, 0.3]),
        rank=np.array([15, 1]),
        support=np.array([5, 4]),
        auc_among_alike=np.zeros(2),
        age=np.zeros(2),
        top=np.zeros((2, 1)),
        popularity=np.zeros(2),
        n_items=3,
    )

    figures = {name: each.tolist() for name, each in ranking.by_user().items()}

    assert figures == {
        "auc": [0.9, 0.4],
        "auc/warm": [0.9, pytest.approx(math.nan, nan_ok=True)],
        "auc/cold": [pytest.approx(math.nan, nan_ok=True), 0.4],
        "auc/cold-among-cold": [pytest.approx(math.nan, nan_ok=True), 0.3],
        "hr@10": [0, 1],
        "ndcg@10": [0, 1],
        "recall@20": [1, 1],
    }


def world_of_takers() -> Split:
    """Item 0 has 21 takers, item 1 has 6, item 2 has 3, item 3 none; four users take one of them each in the end."""
    users, items = np.concatenate([np.arange(21), np.arange(6), np.arange(3)]) + 4, np.repeat([0, 1, 2], [21, 6, 3])
    train = Interactions(users, items, np.zeros(len(users)), n_users=25, n_items=4)
    test = Interactions(np.arange(4), np.arange(4), np.ones(4), n_users=25, n_items=4)
    return Split(train, test.select(np.zeros(0, int)), test)


def test_users_are_grouped_by_the_takers_of_what_they_took():
    found = metrics.rank_held_out(torch.ones(25, 1), torch.tensor([[4.0], [3.0], [2.0], [1.0]]), world_of_takers())

    groups = {name: members.tolist() for name, members in found.by_takers().items()}

    assert found.support.tolist() == [21, 6, 3, 0]
    assert groups == {
        "0": [False, False, False, True],
        "1-4": [False, False, True, False],
        "5-19": [False, True, False, False],
        "20+": [True, False, False, False],
    }


def test_users_are_grouped_by_the_age_of_what_they_took():
    days = 86400.0 * np.array([0, 3, 50, 10, 100])
    train = Interactions(np.arange(4) + 6, np.arange(4), days[[0, 0, 0, 3]], n_users=10, n_items=6)
    test = Interactions(np.arange(6), np.arange(6), days[[1, 2, 4, 1, 4, 1]], n_users=10, n_items=6)
    listed = np.array([np.inf, -np.inf, -np.inf, np.inf, days[1], np.inf])
    split = Split(train, test.select(np.zeros(0, int)), test, listed)

    found = metrics.rank_held_out(torch.ones(10, 1), torch.ones(6, 1), split)

    assert found.age.tolist() == [3, 50, 100, 0, 97, pytest.approx(math.nan, nan_ok=True)]  # 3: taken later only
    assert {name: np.flatnonzero(members).tolist() for name, members in found.by_age().items()} == {
        "0-6": [0, 3],
        "7-29": [],
        "30-89": [1],
        "90+": [2, 4],
        "unknown": [5],
    }


def test_an_item_is_also_ranked_among_those_with_about_as_many_takers():
    train = Interactions(np.arange(6), np.array([0, 0, 1, 2, 2, 3]), np.zeros(6), n_users=7, n_items=7)
    test = Interactions(np.array([6]), np.array([5]), np.ones(1), n_users=7, n_items=7)
    split = Split(train, test.select(np.zeros(0, int)), test)
    scores = torch.tensor([9.0, 9, 9, 9, 1, 2, 2])[:, None]

    found = metrics.rank_held_out(torch.ones(7, 1), scores, split)

    assert found.auc.tolist() == [1.5 / 6] and found.auc_among_alike.tolist() == [1.5 / 2]  # among items 4 and 6


def test_items_that_come_after_the_training_are_alike_to_each_other():
    train = Interactions(np.arange(2), np.array([0, 1]), np.zeros(2), n_users=3, n_items=6)
    test = Interactions(np.array([2]), np.array([5]), np.ones(1), n_users=3, n_items=6)
    listed = np.array([-np.inf, -np.inf, -np.inf, np.inf, np.inf, np.inf])
    split = Split(train, test.select(np.zeros(0, int)), test, listed)

    found = metrics.rank_held_out(torch.ones(3, 1), torch.tensor([9.0, 9, 9, 1, 3, 2])[:, None], split)

    assert found.auc_among_alike.tolist() == [0.5] and found.auc.tolist() == [0.2]


def test_how_popular_the_lists_are_is_a_share_of_all_users():
    items = torch.tensor([[4.0], [3.0], [2.0], [1.0]])
    found = metrics.rank_held_out(torch.ones(25, 1), items, world_of_takers(), top=2)

    assert found.top.tolist() == [[0, 1]] * 4
    assert found.popularity == pytest.approx((21 + 6) / 2 / 25)


def test_the_sampled_auc_skips_what_was_trained_on_and_counts_ties_as_lost():
    scores = torch.tensor([[9.0, 8, 2, 3, 1], [9.0, 8, 7, 1, 1]])

    shares = metrics.sampled_auc(scores, torch.eye(5), SPLIT, seed=0)  # of so few items all are drawn

    assert shares.tolist() == [1 / 3, 0]  # user 0: 2 above 1, not 8 and 3; user 1: 1 not above 7 and 1


def test_the_sampled_auc_of_a_constant_is_nothing():
    assert metrics.sampled_auc(torch.ones(2, 1), torch.ones(5, 1), SPLIT, seed=0).tolist() == [0, 0]


def test_the_sampled_auc_is_an_estimate_of_the_full_one():
    rng = np.random.default_rng(0)
    users = np.repeat(np.arange(300), 5)
    items = np.concatenate([rng.choice(2000, 5, replace=False) for _ in range(300)])
    split = Interactions(users, items, np.tile(np.arange(5), 300), 300, 2000).leave_one_out()
    generator = torch.Generator().manual_seed(0)
    tastes, features = (torch.randn(count, 4, generator=generator) for count in (300, 2000))
    features[split.test.items] += tastes[split.test.users]

    full, sampled = (
        metrics.rank_held_out(tastes, features, split).auc,
        metrics.sampled_auc(tastes, features, split, seed=0),
    )

    assert sampled.mean() == pytest.approx(full.mean(), abs=0.01) and full.mean() > 0.7
    assert len(np.unique(np.round(sampled, 3))) <= 101


def test_popularity_is_worse_than_chance_on_cold_items():
    # Twelve users take six of items 0 to 11, six users each; then each two of items 12 to 35 that nobody else has.
    users = np.repeat(np.arange(12), 8)
    items = np.concatenate([[*(np.arange(u, u + 6) % 12), 12 + 2 * u, 13 + 2 * u] for u in range(12)])
    split = Interactions(users, items, np.tile(np.arange(8), 12), n_users=12, n_items=36).leave_one_out()
    model = create("popularity")

    list(fit(model, PersonalData(None, split.train)))
    ranking = metrics.rank_held_out(model.user_vectors(), vectors_of(model, 36), split)

    assert ranking.cold.all()
    assert ranking.auc.mean() == pytest.approx((22 / 2) / 28)  # level with 22 that none took, below 6 that others did


def test_hit_rate_grows_with_k_and_bounds_ndcg():
    ranks = np.array([1, 2, 3, 11, 40])

    hits = [metrics.hit_rate_at_k(ranks, k).mean() for k in (1, 2, 10, 20, 50)]

    assert hits == [0.2, 0.4, 0.6, 0.8, 1.0]
    assert metrics.ndcg_at_k(ranks, 10).tolist() == pytest.approx([1, 1 / math.log2(3), 0.5, 0, 0])
    assert (metrics.ndcg_at_k(ranks, 10) <= metrics.hit_rate_at_k(ranks, 10)).all()


def test_coverage_is_what_anybody_is_shown():
    top = np.array([[0, 1], [1, 2], [2, 0]])

    low, high = metrics.bootstrap_coverage(top, 10)

    assert metrics.coverage(top, 10) == 0.3
    assert low < 0.3 < high


def test_the_bootstrap_interval_is_that_of_the_mean():
    values = np.random.default_rng(0).normal(3, 1, size=400)

    low, high = metrics.bootstrap(np.append(values, np.nan))

    assert (low, high) == pytest.approx((values.mean() - 0.098, values.mean() + 0.098), abs=0.01)
    assert metrics.bootstrap(values) == metrics.bootstrap(values)


def test_one_user_a_camp_is_told_apart_by_pictures_not_by_popularity():
    split = toy_interactions().leave_one_out()
    dvbpr, popularity = trained("dvbpr", epochs=20), trained("popularity")

    told, blind = (
        metrics.rank_held_out(m.user_vectors(), vectors_of(m), split).auc.mean() for m in (dvbpr, popularity)
    )

    assert told > blind
