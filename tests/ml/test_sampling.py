import numpy as np
import torch

from ml.interactions import Interactions
from ml.sampling import PairedTriples, SharedBatches, Triples
from tests.ml.worlds import camps


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def test_a_triple_has_one_taken_item_and_one_that_is_not():
    train = camps()
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
        Triples(camps(), 16, generator()), PairedTriples(camps(), 16, generator()), strict=True
    ):
        assert torch.equal(items, torch.cat([chosen, others])) and torch.equal(users, again)


def test_shared_batches_have_each_picture_once_and_all_who_took_it():
    train = camps()
    taken = set(zip(train.users.tolist(), train.items.tolist(), strict=True))
    batches = SharedBatches(train, 16, generator())
    seen, found = [], set()

    for pictures, users, places, marks in batches:
        seen += pictures.tolist()
        found |= set(zip(users.tolist(), pictures[places].tolist(), strict=True))
        expected = [[(user, item) in taken for item in pictures.tolist()] for user in users.tolist()]
        assert marks.tolist() == expected

    assert len(batches) == round(40 / 16)
    assert sorted(seen) == list(range(40))
    assert found == taken
