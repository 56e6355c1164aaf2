import numpy as np
import torch

from ml.data.interactions import Interactions
from ml.data.sampling import PairedTriples, SharedBatches, Triples, UserTriples
from tests.ml.worlds import toy_interactions


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def test_a_triple_has_one_taken_item_and_one_that_is_not():
    train = toy_interactions()
    taken = set(zip(train.users.tolist(), train.items.tolist(), strict=True))

    batches = list(Triples(train, 32, generator()))

    assert len(batches) == -(-len(train) // 32)
    for users, chosen, others in batches:
        assert all(pair in taken for pair in zip(users.tolist(), chosen.tolist(), strict=True))
        assert not any(pair in taken for pair in zip(users.tolist(), others.tolist(), strict=True))


def test_users_are_drawn_evenly_however_much_they_took():
    users = np.array([0] * 90 + [1] * 10)
    train = Interactions(users, np.concatenate([np.arange(90), np.arange(10)]), np.zeros(100), 2, 200)

    drawn = torch.cat([u for u, _, _ in Triples(train, 100, generator())])

    assert 0.35 < drawn.float().mean() < 0.65


def test_whoever_took_everything_is_left_out():
    train = Interactions(np.array([0, 0, 1]), np.array([0, 1, 0]), np.zeros(3), 2, 2)

    users = torch.cat([u for u, _, _ in Triples(train, 8, generator())])

    assert users.unique().tolist() == [1]


def test_paired_triples_are_triples_for_one_forward_pass():
    for (users, chosen, others), (items, again) in zip(
        Triples(toy_interactions(), 16, generator()),
        PairedTriples(Triples(toy_interactions(), 16, generator())),
        strict=True,
    ):
        assert torch.equal(items, torch.cat([chosen, others])) and torch.equal(users, again)


def test_an_epoch_of_user_triples_has_one_of_each_user():
    train = toy_interactions(users=24)
    taken = set(zip(train.users.tolist(), train.items.tolist(), strict=True))

    batches = list(UserTriples(train, 16, generator()))

    assert [len(users) for users, _, _ in batches] == [16, 8]
    assert sorted(torch.cat([users for users, _, _ in batches]).tolist()) == list(range(24))
    for users, chosen, others in batches:
        assert all(pair in taken for pair in zip(users.tolist(), chosen.tolist(), strict=True))
        assert not any(pair in taken for pair in zip(users.tolist(), others.tolist(), strict=True))
    assert len(UserTriples(train, 16, generator())) == 2


def test_shared_batches_have_each_picture_that_was_taken_once_and_all_who_took_it():
    train = toy_interactions()
    taken = set(zip(train.users.tolist(), train.items.tolist(), strict=True))
    batches = SharedBatches(train, 8, generator())
    seen, found = [], set()

    for pictures, users, places, marks in batches:
        seen += pictures.tolist()
        found |= set(zip(users.tolist(), pictures[places].tolist(), strict=True))
        expected = [[(user, item) in taken for item in pictures.tolist()] for user in users.tolist()]
        assert marks.tolist() == expected

    assert len(batches) == round(20 / 8)
    assert sorted(seen) == list(range(20))  # of 40; nobody took the others
    assert found == taken


def weighted() -> Interactions:
    """User 0 said 1 of item 0 and 3 of item 1, user 1 as much of item 2 as of item 3; nobody took 4 to 9."""
    users, items, weights = np.array([0, 0, 1, 1]), np.array([0, 1, 2, 3]), np.array([1, 3, 8, 8])
    return Interactions(users, items, np.zeros(4), 2, 10, weights=weights)


def test_an_item_is_drawn_in_proportion_to_its_weight_and_a_user_evenly():
    sampler = Triples(weighted(), 4000, generator())

    ((users, chosen, _),) = sampler

    counts = torch.bincount(chosen, minlength=4) / 4000
    assert torch.allclose(counts, torch.tensor([0.125, 0.375, 0.25, 0.25]), atol=0.03)
    assert torch.equal(users, (chosen >= 2).long())


def test_rows_of_shared_batches_have_the_weights_of_their_pairs():
    said = {(0, 0): 0.2, (0, 1): 0.6, (1, 2): 1.6, (1, 3): 1.6}  # as multiples of the mean, 5
    found = {}

    for pictures, users, places, _, weights in SharedBatches(weighted(), 3, generator()):
        pairs = zip(users.tolist(), pictures[places].tolist(), strict=True)
        found |= dict(zip(pairs, weights.tolist(), strict=True))

    assert found.keys() == said.keys()
    assert all(abs(found[pair] - weight) < 1e-6 for pair, weight in said.items())
