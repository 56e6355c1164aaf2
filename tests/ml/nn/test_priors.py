import torch
from torch.testing import assert_close

from ml.nn.priors import INITIAL, Prior

KEPT = 0.995


def followed(codes, y, steps=800, size=64):
    prior = Prior(y.shape[1], codes.shape[1])
    chance = torch.Generator().manual_seed(0)
    for _ in range(steps):
        chosen = torch.randint(len(codes), (size,), generator=chance)
        prior.update(codes[chosen], y[chosen], KEPT)
    return prior


def test_until_anything_is_followed_it_is_the_standard_normal():
    z, y = torch.randn(5, 8), torch.eye(3)[[0, 1, 2, 0, 1]]

    assert torch.equal(Prior(3, 8).transform(z, y), z)


def test_latents_are_placed_where_the_codes_of_their_category_are():
    chance = torch.Generator().manual_seed(1)
    y = torch.eye(2)[torch.arange(4000) % 2]
    middles = torch.tensor([[3.0, 0.0, -1.0], [-2.0, 1.0, 0.0]])
    mixed = torch.tensor([[2.0, 0.0, 0.0], [1.0, 0.5, 0.0], [0.0, 0.0, 0.1]])
    prior = followed(y @ middles + torch.randn(4000, 3, generator=chance) @ mixed.T, y)

    placed = prior.transform(torch.randn(20_000, 3, generator=chance), y[:1].expand(20_000, 2))

    assert_close(placed.mean(dim=0), middles[0], atol=0.15, rtol=0)
    known = 64 / (1 - KEPT)  # latents that the average remembers, beside those that it began with
    expected = (known * mixed @ mixed.T + INITIAL * torch.eye(3)) / (known + INITIAL)
    assert_close(torch.cov(placed.T), expected, atol=0.2, rtol=0.05)


def test_what_was_placed_is_found_again():
    y = torch.eye(2)[torch.arange(300) % 2]
    prior = followed(torch.randn(300, 16) @ torch.randn(16, 16) + 5 * y[:, :1], y, steps=50)
    z = torch.randn(300, 16)

    assert_close(prior.invert(prior.transform(z, y), y), z, atol=1e-3, rtol=1e-3)


def test_a_category_that_has_not_come_yet_has_the_middle_of_the_standard_normal():
    y = torch.eye(2)[torch.zeros(100, dtype=torch.long)]
    prior = followed(torch.randn(100, 4) + 3, y, steps=20)

    assert prior.means[1].tolist() == [0, 0, 0, 0]
    assert_close(prior.means[0], torch.full((4,), 3.0), atol=0.5, rtol=0)


def test_codes_that_are_no_numbers_are_left_to_the_losses_to_tell():
    prior = Prior(1, 4)

    prior.update(torch.full((2, 4), torch.nan), torch.ones(2, 1), KEPT)

    assert prior.transform(torch.randn(3, 4), torch.ones(3, 1)).isnan().all()


def test_few_latents_leave_a_covariance_that_can_be_drawn_from():
    prior = Prior(1, 64)

    prior.update(torch.ones(2, 64), torch.ones(2, 1), KEPT)

    assert torch.isfinite(prior.transform(torch.randn(3, 64), torch.ones(3, 1))).all()
