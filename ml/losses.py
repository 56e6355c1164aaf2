"""The losses that more than one method uses."""

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
