"""The losses that more than one method uses."""

import torch
import torch.nn.functional as F
from torch import Tensor


def bpr_loss(chosen: Tensor, other: Tensor) -> Tensor:
    """How badly the items that users chose fail to outrank others, summed over pairs.

    chosen, other: (B,) scores of the item a user took and of one that user has not touched.
    Returns a scalar in nats; B ln 2 for a model that cannot tell them apart.
    Raises ValueError if the shapes differ: broadcasting would pair what never met.

    Rendle et al. 2009, arXiv:1205.2618, section 4.1, without the regulariser.
    """
    if chosen.shape != other.shape:
        raise ValueError(f"scores of shape {tuple(chosen.shape)} and {tuple(other.shape)}")
    return F.softplus(other - chosen).sum()  # softplus(-x) is -log sigmoid(x), without the overflow


def shared_bpr_loss(scores: Tensor, places: Tensor, taken: Tensor, weights: Tensor | None = None) -> Tensor:
    """How badly each chosen item fails to outrank the others of its batch: the mean over these, summed over rows.

    scores: (M, P) of each row's user for all P items of the batch. places: (M,) which of the P is the chosen one.
    taken: (M, P) which of the P the user has taken; these are no one to outrank. A row without any other counts 0.
    weights: (M,) how much each row counts; once if there are none.
    """
    chosen = scores.gather(1, places[:, None])
    losses = F.softplus(scores - chosen).masked_fill(taken, 0)
    means = losses.sum(dim=1) / (~taken).sum(dim=1).clamp(min=1)
    return (means if weights is None else means * weights).sum()


def taste_loss(theta: Tensor, phi: Tensor, *places_taken_and_weights: Tensor) -> Tensor:
    """The BPR loss of a batch of ml.data.sampling, of users' vectors theta (M, K) and items' phi (P, K).

    With places and what is taken the batch is shared; without, it is of triples: P = 2M, the chosen before the others.
    """
    if places_taken_and_weights:
        return shared_bpr_loss(theta @ phi.T, *places_taken_and_weights)
    chosen, other = phi.chunk(2)
    return bpr_loss((theta * chosen).sum(dim=1), (theta * other).sum(dim=1))


def contrastive_loss(one: Tensor, two: Tensor, temperature: float) -> Tensor:
    """How badly each view finds its partner among all other views of the batch, averaged.

    one, two: (B, D) vectors of length 1; row i of both shows picture i. Returns a scalar in nats; ln(2B - 1) by chance.

    NT-Xent of SimCLR, Chen et al. 2020, arXiv:2002.05709, equation 1.
    """
    both = torch.cat([one, two])
    similar = both @ both.T / temperature
    similar.fill_diagonal_(-torch.inf)
    partners = torch.arange(len(both), device=both.device).roll(len(one))
    return F.cross_entropy(similar, partners)


def sum_squares(*tensors: Tensor) -> Tensor:
    """|A|^2 + |B|^2 + ...: lambda/2 times this is what the papers call the regulariser."""
    return sum(tensor.square().sum() for tensor in tensors)


def fit_temperature(lead: Tensor) -> Tensor:
    """The factor from .01 to 100 under which sigmoids of these leads are the likeliest chances; 1 if there are none.

    lead: (N,) by how much the score of what a user took exceeds another's.
    """
    factors = torch.logspace(-2, 2, 81, device=lead.device)
    if not len(lead):
        return factors.new_ones(())
    return factors[torch.stack([F.softplus(-factor * lead).mean() for factor in factors]).argmin()]
