import math

import pytest
import torch

from ml.models.warp import warp_weight
from ml.training.loop import TrainConfig, fit
from tests.ml.worlds import data_for, exhaust, small, toy_interactions


def draws(*found: bool) -> torch.Tensor:
    return torch.tensor([found])


@pytest.mark.parametrize(
    ("violates", "taken", "draw", "weight"),
    [
        (draws(True, True, True), draws(False, False, False), 1, math.log(1000)),
        (draws(False, False, True), draws(False, False, False), 3, math.log(333)),
        (draws(True, True, False), draws(True, False, False), 2, math.log(500)),  # one's own item violates nothing
        (draws(False, False, False), draws(False, False, False), 1, 0.0),
        (draws(True, False, False), draws(True, False, False), 1, 0.0),
    ],
)
def test_the_later_a_violation_is_found_the_less_it_weighs(violates, taken, draw, weight):
    found, index = warp_weight(violates, taken, n_items=1001)

    assert found.item() == pytest.approx(weight)
    assert weight == 0 or index.item() == draw - 1


def test_the_weight_is_bounded_at_both_ends():
    assert warp_weight(draws(True), draws(False), n_items=10**9)[0].item() == 10
    assert warp_weight(draws(True), draws(False), n_items=2)[0].item() == 0  # ln 1: already on top


def test_the_loss_is_the_weighted_hinge_of_the_first_violation():
    model = small("warp")
    model.allocate(users=2, items=5)
    model.b.data = torch.tensor([0.0, -3.0, 0.5, 2.0, 0.9])
    batch = (
        torch.tensor([0, 1]),
        torch.tensor([0, 3]),  # they score 0 and 2
        torch.tensor([[1, 2, 3], [1, 0, 2]]),  # the first's second draw violates; the second's none
        torch.zeros(2, 3, dtype=torch.bool),
    )

    [(_, loss)] = model.objectives(batch)

    assert loss.item() == pytest.approx(math.log(4 // 2) * (1 - 0 + 0.5) / 2)


def test_what_a_user_took_is_marked_among_the_drawn():
    train = toy_interactions().leave_one_out().train
    model = small("warp")

    users, chosen, drawn, taken = next(iter(model.batches(data_for("warp"), torch.Generator().manual_seed(0))))

    own = [set(train.by_user[user]) for user in users.tolist()]
    assert all(item in items for item, items in zip(chosen.tolist(), own, strict=True))
    assert taken.tolist() == [[item in items for item in row] for row, items in zip(drawn.tolist(), own, strict=True)]
    assert drawn.shape == (16, 10) and taken.any()


def test_the_loss_falls():
    epochs = exhaust(fit(small("warp"), data_for("warp"), TrainConfig(epochs=20)))

    assert epochs[-1].losses["all"] < 0.5 * epochs[0].losses["all"]
