"""Losses that several methods share."""

import torch
import torch.nn.functional as F
from torch import Tensor


def bpr_loss(chosen: Tensor, other: Tensor) -> Tensor:
    """Compute the Bayesian personalized ranking loss, summed over pairs.

    chosen, other: (B,) scores of the item a user interacted with and of a sampled negative.
    Returns a scalar in nats; B ln 2 when the model cannot tell them apart.
    Raises ValueError if the shapes differ: broadcasting would sum pairs that never met.

    Rendle et al. 2009, arXiv:1205.2618, section 4.1, without the regulariser.
    """
    if chosen.shape != other.shape:
        raise ValueError(f"chosen has shape {tuple(chosen.shape)}, other {tuple(other.shape)}; they must be equal")
    return F.softplus(other - chosen).sum()  # softplus(-x) is -log sigmoid(x), without the overflow


def shared_bpr_loss(scores: Tensor, chosen_indices: Tensor, taken: Tensor, weights: Tensor | None = None) -> Tensor:
    """Compute the BPR loss with the other items of the batch as negatives: the mean over these, summed over rows.

    scores: (M, P) of each row's user for all P items of the batch. chosen_indices: (M,) the chosen item among the P.
    taken: (M, P) marks of items that the user has interacted with; these are no negatives. A row without any
    negative counts 0. weights: (M,) of the rows; 1 by default.
    """
    chosen = scores.gather(1, chosen_indices[:, None])
    losses = F.softplus(scores - chosen).masked_fill(taken, 0)
    means = losses.sum(dim=1) / (~taken).sum(dim=1).clamp(min=1)
    return (means if weights is None else means * weights).sum()


def taste_loss(theta: Tensor, phi: Tensor, *indices_taken_and_weights: Tensor) -> Tensor:
    """Compute the BPR loss of a batch of ml.data.sampling, of users' vectors theta (M, K) and items' phi (P, K).

    With further arguments, those of `shared_bpr_loss`, the batch is one of SharedBatches; without, one of triples:
    P = 2M, the chosen items before the negatives.
    """
    if indices_taken_and_weights:
        return shared_bpr_loss(theta @ phi.T, *indices_taken_and_weights)
    chosen, other = phi.chunk(2)
    return bpr_loss((theta * chosen).sum(dim=1), (theta * other).sum(dim=1))


def contrastive_loss(one: Tensor, two: Tensor, temperature: float) -> Tensor:
    """Compute the NT-Xent loss of SimCLR: each view must find its partner among all other views of the batch.

    one, two: (B, D) vectors of length 1; row i of both is a view of image i.
    Returns the mean over views, a scalar in nats; ln(2B - 1) for random vectors.

    Chen et al. 2020, arXiv:2002.05709, equation 1.
    """
    views = torch.cat([one, two])
    similar = views @ views.T / temperature
    similar.fill_diagonal_(-torch.inf)
    partners = torch.arange(len(views), device=views.device).roll(len(one))
    return F.cross_entropy(similar, partners)


def sum_squares(*tensors: Tensor) -> Tensor:
    """Return |A|^2 + |B|^2 + ...; lambda/2 times this is the papers' L2 regulariser."""
    total = tensors[0].square().sum()
    for tensor in tensors[1:]:
        total = total + tensor.square().sum()
    return total


def fit_temperature(margins: Tensor) -> Tensor:
    """Return the factor, .01 to 100, for which sigmoids of these margins have the highest likelihood; 1 without any.

    margins: (N,) scores of an item that a user chose, minus scores of another.
    """
    factors = torch.logspace(-2, 2, 81, device=margins.device)
    if not len(margins):
        return factors.new_ones(())
    return factors[torch.stack([F.softplus(-factor * margins).mean() for factor in factors]).argmin()]
