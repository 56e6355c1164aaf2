import math

import pytest
import torch
from torch.testing import assert_close

from ml.nn.losses import bpr_loss, contrastive_loss, shared_bpr_loss, taste_loss


def numbers(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_bpr_is_the_sum_over_pairs():
    chosen, other = numbers(5), numbers(5, seed=1)

    naive = sum(-math.log(1 / (1 + math.exp(-(i - j)))) for i, j in zip(chosen.tolist(), other.tolist(), strict=True))

    assert_close(bpr_loss(chosen, other).item(), naive)


def test_bpr_of_scores_that_tell_nothing_is_ln_2_a_pair():
    assert bpr_loss(torch.zeros(128), torch.zeros(128)).item() == pytest.approx(88.72, abs=0.01)


def test_bpr_of_a_huge_mistake_is_finite():
    assert bpr_loss(torch.tensor([-1e4]), torch.tensor([1e4])).item() == 2e4


def test_bpr_refuses_what_would_broadcast():
    with pytest.raises(ValueError, match=r"chosen has shape \(3, 1\), other \(3,\)"):
        bpr_loss(torch.zeros(3, 1), torch.zeros(3))


def test_shared_bpr_compares_with_whatever_of_the_batch_the_user_has_not_taken():
    scores, places = numbers(3, 4), torch.tensor([0, 2, 3])
    taken = torch.tensor([[1, 0, 1, 0], [0, 0, 1, 0], [1, 1, 1, 1]], dtype=torch.bool)

    naive = 0.0
    for row in range(3):
        others = [j for j in range(4) if not taken[row, j]]
        terms = [math.log1p(math.exp(scores[row, j] - scores[row, places[row]])) for j in others]
        naive += sum(terms) / len(terms) if terms else 0.0

    assert_close(shared_bpr_loss(scores, places, taken).item(), naive)


def test_a_row_of_twice_the_weight_counts_twice():
    scores, places = numbers(2, 3), torch.tensor([0, 2])
    taken = torch.zeros(2, 3, dtype=torch.bool).scatter(1, places[:, None], True)

    doubled = shared_bpr_loss(*(part[[0, 0, 1]] for part in (scores, places, taken)))

    assert_close(shared_bpr_loss(scores, places, taken, torch.tensor([2.0, 1.0])), doubled)


def test_a_batch_s_loss_is_that_of_its_triples_or_of_all_that_share_it():
    theta, phi = numbers(2, 3), numbers(4, 3, seed=1)
    places, taken = torch.tensor([0, 2]), torch.zeros(2, 4, dtype=torch.bool)
    taken[0, 0] = taken[1, 2] = True

    triples = bpr_loss((theta * phi[:2]).sum(dim=1), (theta * phi[2:]).sum(dim=1))

    assert_close(taste_loss(theta, phi), triples)
    assert_close(taste_loss(theta, phi, places, taken), shared_bpr_loss(theta @ phi.T, places, taken))


def test_contrastive_finds_each_partner_among_all_others():
    one, two = (torch.nn.functional.normalize(numbers(4, 3, seed=seed), dim=1) for seed in (0, 1))

    views, naive = torch.cat([one, two]), 0.0
    for i in range(8):
        similar = [math.exp(float(views[i] @ views[j]) / 0.5) for j in range(8)]
        naive -= math.log(similar[(i + 4) % 8] / (sum(similar) - similar[i])) / 8

    assert_close(contrastive_loss(one, two, 0.5).item(), naive)
