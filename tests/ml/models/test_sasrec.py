import numpy as np
import torch
from torch.testing import assert_close

from ml.data.interactions import Interactions, PersonalData
from ml.models.sasrec import latest_items
from ml.training.loop import TrainConfig, fit
from tests.ml.worlds import exhaust, small, toy_images, trained


def test_the_latest_items_come_in_order_and_once():
    users, items, times = [0, 0, 0, 0, 1, 0, 3], [4, 2, 4, 1, 3, 0, 5], [3.0, 1, 5, 2, 9, 4, 0]
    taken = Interactions(np.array(users), np.array(items), np.array(times), n_users=4, n_items=6)

    assert latest_items(taken, 3).tolist() == [[1, 4, 0], [3, -1, -1], [-1, -1, -1], [5, -1, -1]]


def test_what_comes_later_changes_nothing_before_it():
    model = trained("sasrec")
    e = torch.randn(2, 5, 8, generator=torch.Generator().manual_seed(0))
    other = e.clone()
    other[:, 3:] = -other[:, 3:]

    with torch.inference_mode():
        first, second = (model.encode(each, torch.tensor([5, 4])) for each in (e, other))

    assert_close(first[:, :3], second[:, :3])
    assert not torch.allclose(first[:, 3:], second[:, 3:])


def test_the_latest_item_has_the_same_position_in_short_and_in_long_histories():
    model = trained("sasrec")
    with torch.no_grad():
        model.positions.copy_(torch.eye(8)[:5])
    seen = []
    model.transformer.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))

    model.encode(torch.zeros(2, 5, 8), torch.tensor([5, 2]))
    model.transformer._forward_pre_hooks.clear()

    assert seen[0].argmax(dim=2)[0].tolist() == [0, 1, 2, 3, 4]
    assert seen[0].argmax(dim=2)[1, :2].tolist() == [3, 4]


def test_the_next_item_depends_on_the_last_and_not_on_the_first():
    """Everybody walks round a ring of 20 items, from anywhere; what comes next depends on the last step alone."""
    starts = np.arange(60) % 20
    walks = (starts[:, None] + np.arange(6)) % 20
    taken = Interactions(np.repeat(np.arange(60), 6), walks.ravel(), np.tile(np.arange(6.0), 60), 60, 40)
    model = small("sasrec")
    exhaust(fit(model, PersonalData(toy_images(40), taken), TrainConfig(epochs=40)))

    with torch.inference_mode():
        scores = model.user_vectors() @ model.embed(toy_images(40).batch(range(40)), torch.arange(40)).T

    following = torch.from_numpy((walks[:, -1] + 1) % 20)
    above = (scores[:, :20] > scores.gather(1, following[:, None])).sum(dim=1)
    assert above.double().mean() < 4  # of 19; 9.5 by chance
