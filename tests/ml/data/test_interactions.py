import numpy as np
import pytest

from ml.data.images import ImageArray
from ml.data.interactions import Interactions, PersonalData


def interactions(rows: list[tuple[int, int, float]], n_users: int = 3, n_items: int = 6) -> Interactions:
    users, items, timestamps = (np.array(column) for column in zip(*rows, strict=True))
    return Interactions(users, items, timestamps, n_users, n_items)


def pairs(part: Interactions) -> list[tuple[int, int]]:
    return list(zip(part.users.tolist(), part.items.tolist(), strict=True))


def test_the_last_item_is_for_the_test_and_the_last_but_one_for_validation():
    split = interactions([(0, 5, 3), (0, 1, 1), (0, 2, 2), (0, 4, 4), (2, 0, 1), (2, 3, 2)]).leave_one_out()

    assert pairs(split.train) == [(0, 1), (0, 2), (2, 0), (2, 3)]  # user 2 has too few to hold any out
    assert pairs(split.validation) == [(0, 5)]
    assert pairs(split.test) == [(0, 4)]


def test_a_split_in_time_tests_the_first_new_item_from_then_on():
    rows = [(0, 1, 1), (0, 2, 2), (0, 3, 3), (0, 2, 10), (0, 5, 12), (0, 4, 11), (1, 0, 9), (1, 4, 10), (2, 5, 11)]

    split = interactions(rows).split_at(10)

    assert pairs(split.train) == [(0, 1), (0, 2), (1, 0)]  # the only item of user 1 is for training
    assert pairs(split.validation) == [(0, 3)]
    assert pairs(split.test) == [(0, 4), (1, 4)]  # not item 2, taken before; nothing is known of user 2


@pytest.mark.parametrize(("moment", "sizes"), [(9, [2, 1, 0]), (0, [0, 0, 0])])
def test_a_split_before_or_after_everything_tests_nobody(moment, sizes):
    split = interactions([(0, 1, 1), (0, 2, 2), (1, 3, 1)]).split_at(moment)

    assert [len(part) for part in (split.train, split.validation, split.test)] == sizes


def test_items_that_are_held_out_are_in_no_training_and_new_to_all():
    taken = Interactions(np.arange(200) // 20, np.arange(200) % 40, np.arange(200.0), n_users=10, n_items=50)

    split = taken.split_off_items(0.25)

    held_out = np.flatnonzero(split.listed == np.inf)
    assert len(held_out) == 10 and held_out.max() < 40  # a quarter of those that anybody took
    assert (np.delete(split.listed, held_out) == -np.inf).all()
    assert not np.isin(np.concatenate([split.train.items, split.validation.items]), held_out).any()
    latest = [max(i for i in np.arange(40)[user % 2 * 20 :][:20] if i in held_out) for user in range(10)]
    assert pairs(split.test) == list(enumerate(latest))
    assert len(split.validation) == 10
    assert len(split.train) == (~np.isin(taken.items, held_out)).sum() - 10
    assert taken.select(np.arange(200)[::-1]).split_off_items(0.25).listed.tolist() == split.listed.tolist()


def test_items_that_come_after_the_training_have_no_exposure_in_it():
    taken = Interactions(np.arange(200) // 20, np.arange(200) % 40, np.arange(200.0), n_users=10, n_items=50)
    split = taken.split_off_items(0.25)

    data = PersonalData(None, split.train, listed=split.listed)

    assert (data.exposure[split.listed == np.inf] == 0).all()
    assert (data.exposure[40:] == 1).all()


def test_what_was_taken_again_counts_at_its_first_time():
    split = interactions([(0, 1, 1), (0, 2, 2), (0, 3, 3), (0, 1, 9)]).leave_one_out()

    assert pairs(split.test) == [(0, 3)]
    assert len(split.train) == 1


def test_of_a_basket_of_one_day_any_is_held_out_whatever_the_order_of_rows_and_numbers():
    users, items = np.repeat(np.arange(600), 5), np.tile(np.arange(5), 600)
    basket = Interactions(users, items, np.zeros(3000), n_users=600, n_items=5)
    shuffled = basket.select(np.random.default_rng(0).permutation(3000))

    split = basket.leave_one_out()

    assert pairs(split.test) == pairs(shuffled.leave_one_out().test)
    for part in (split.test, split.validation):
        counts = np.bincount(part.items, minlength=5)
        assert counts.sum() == 600
        assert (abs(counts - 120) < 40).all()  # four standard deviations of a fair draw


def test_a_published_division_is_kept_and_what_is_held_out_is_not_trained_on():
    taken = interactions([(0, 5, 1), (0, 1, 2), (0, 1, 9), (0, 2, 3), (0, 4, 4), (0, 2, 5), (2, 0, 1)])

    split = taken.split_by(np.array([0, 0, 0, 1, 2, 0, 0]))

    assert pairs(split.train) == [(0, 1), (0, 5), (2, 0)]  # not item 2, which is for validation
    assert (pairs(split.validation), pairs(split.test)) == ([(0, 2)], [(0, 4)])
    assert split.train.timestamps.tolist() == [2, 1, 1]


def test_popularity_counts_each_user_once():
    assert interactions([(0, 1, 1), (0, 1, 2), (1, 1, 3), (1, 4, 4)]).popularity.tolist() == [0, 2, 0, 0, 1, 0]


def test_by_user_lists_users_without_any():
    by_user = interactions([(2, 4, 1), (0, 5, 1), (0, 1, 2), (0, 5, 3)]).by_user

    assert [items.tolist() for items in by_user] == [[1, 5], [], [4]]


def test_an_index_beyond_its_count_is_refused():
    with pytest.raises(ValueError, match="item 6 to 6, of 6"):
        interactions([(0, 6, 1)])


def test_every_item_needs_a_picture():
    with pytest.raises(ValueError, match="2 pictures for 6 items"):
        PersonalData(ImageArray(np.zeros((2, 4, 4, 3), np.uint8)), interactions([(0, 1, 1)]))


def test_a_pair_keeps_its_first_time_and_its_largest_weight():
    said = Interactions(
        *(np.array(column) for column in ([0, 0, 1], [4, 4, 2], [1, 2, 3])),
        n_users=2,
        n_items=6,
        weights=np.array([0.5, 2.0, 0.25]),
    )

    assert said.distinct.timestamps.tolist() == [1, 3] and said.distinct.weights.tolist() == [2, 0.25]
    assert said.select(np.array([2])).weights.tolist() == [0.25]
    assert interactions([(0, 4, 1)]).distinct.weights is None


@pytest.mark.parametrize("weight", [0, -1, np.nan])
def test_a_weight_is_above_zero(weight):
    with pytest.raises(ValueError, match="each must be above 0"):
        Interactions(np.array([0]), np.array([0]), np.array([0]), 1, 1, weights=np.array([weight]))


def test_every_item_has_its_place_among_the_categories():
    with pytest.raises(ValueError, match="2 categories for 6 items"):
        PersonalData(None, interactions([(0, 1, 1)]), np.array([0, 1]))


def test_exposure_is_the_share_of_the_interactions_since_an_item_was_listed_or_first_taken():
    train = Interactions(np.array([0, 1, 0, 1]), np.array([0, 1, 1, 2]), np.array([1.0, 2.0, 3.0, 4.0]), 2, 5)

    data = PersonalData(None, train, listed=np.array([0.0, 9.0, 3.5, 2.5, 9.0]))

    assert data.exposure.tolist() == [1, 0.75, 0.25, 0.5, 0]
    assert PersonalData(None, train).exposure.tolist() == [1] * 5


def test_pairs_of_others_are_left_out():
    train = Interactions(np.array([0, 1, 0]), np.array([0, 1, 0]), np.array([1.0, 2.0, 3.0]), 2, 2)

    assert train.without(train.select(np.array([0]))).users.tolist() == [1]
