"""Ridge regressions of items' factors on their descriptors."""

import torch
from torch.testing import assert_close

from ml.nn.ridge import FOLDS, append_ones, cross_fit, fit_ridge


def test_regression_finds_the_map_that_made_the_factors():
    generator = torch.Generator().manual_seed(0)
    descriptors, truth = torch.randn(200, 5, generator=generator), torch.randn(6, 3, generator=generator)
    factors = append_ones(descriptors) @ truth

    found = fit_ridge(append_ones(descriptors), factors, torch.full((200,), 20.0), ridge=1e-6)

    assert_close(found, truth, rtol=0, atol=1e-3)


def test_items_weigh_by_their_takers_and_those_that_nobody_took_not_at_all():
    descriptors = torch.ones(3, 1)
    factors, takers = torch.tensor([[0.0], [1.0], [100.0]]), torch.tensor([10.0, 30.0, 0.0])

    found = fit_ridge(descriptors, factors, takers, ridge=1e-6)

    assert_close(found, torch.tensor([[0.75 / 1.25]]), rtol=0, atol=1e-3)


def test_an_item_is_predicted_by_a_regression_without_it():
    generator = torch.Generator().manual_seed(0)
    descriptors, own = append_ones(torch.randn(10, 3, generator=generator)), torch.randn(10, 2, generator=generator)
    takers = torch.full((10,), 20.0)

    mu = cross_fit(descriptors, own, takers, ridge=0.1)

    others = torch.tensor([n for n in range(10) if n % FOLDS != 3])
    assert_close(mu[[3, 8]], descriptors[[3, 8]] @ fit_ridge(descriptors[others], own[others], takers[others], 0.1))
