"""Held-out items beside others: by their scores the parts of a mixture are weighed."""

import torch
from torch import Tensor

from ml.data.interactions import Interactions
from ml.data.sampling import Triples

NEGATIVES = 3000  # with which each held-out item is compared
STEPS = 50
PRIOR_ITEMS = 10.0  # whose evidence weighs as much as the presumption that predictions can be trusted


class Comparison:
    """Held-out items compared with random items that their user has not taken."""

    def __init__(
        self, held_out: Interactions, train: Interactions, generator: torch.Generator, device: torch.device
    ) -> None:
        others = torch.randperm(train.n_items, generator=generator)[:NEGATIVES]
        rows, items = torch.from_numpy(held_out.users), torch.from_numpy(held_out.items)
        pairs = rows[:, None].expand(-1, len(others)).reshape(-1), others.repeat(len(held_out))
        taken = Triples(train, 1, generator).is_taken(*pairs).view(len(held_out), -1) | (others == items[:, None])
        self.users, self.items = rows.to(device), items.to(device)
        self.others, self.counted = others.to(device), (~taken).to(device)

    def scores(self, users: Tensor, items: Tensor) -> Tensor:
        """Compute (V, 1 + N) scores from all users' and items' vectors: the held-out item's first, then the others'."""
        held_out = (users[self.users] * items[self.items]).sum(dim=1, keepdim=True)
        return torch.cat([held_out, users[self.users] @ items[self.others].T], dim=1)

    def trust(self, scores: Tensor) -> float:
        """Estimate by how much scores of predictions are to be multiplied, from 0 to 1, so that they say what is so.

        1 where a softmax of them gives the items taken their probabilities, and before any evidence; 0 where they say
        nothing of what is taken, or the opposite. The mode for a Gaussian prior around 1. Each item counts once however
        many took it: a prediction is of an item, and one that is right for a popular item is not evidence of others.
        """
        if not len(scores):
            return 1.0
        scores, left_out = scores.double(), torch.cat([torch.zeros_like(self.counted[:, :1]), ~self.counted], dim=1)
        weights = 1 / torch.bincount(self.items)[self.items].double()
        prior = PRIOR_ITEMS * scores.var().item()  # the precision; each item has about as much for one of it
        factor = 0.0
        for _ in range(STEPS):
            chances = (factor * scores).masked_fill(left_out, -torch.inf).softmax(dim=1)
            mean = (chances * scores).sum(dim=1)
            gradient = (weights * (scores[:, 0] - mean)).sum() - (factor - 1) * prior
            second = (weights * ((chances * scores.square()).sum(dim=1) - mean.square())).sum() + prior
            step = (gradient / second).item()
            factor += max(-1.0, min(1.0, step))
            if abs(step) < 1e-6:
                break
        return max(0.0, min(1.0, factor))

    def same_for_all(self, values: Tensor) -> Tensor:
        """Return (V, 1 + N) the items' values (I,), which are the same for all users, in the order of scores."""
        return torch.cat([values[self.items][:, None], values[self.others].expand(len(self.items), -1)], dim=1)

    def auc(self, scores: Tensor) -> float:
        """Compute the mean over users of the share of others that the held-out item outranks; .5 without users."""
        held_out, others = scores[:, :1], scores[:, 1:]
        below = ((others < held_out) + 0.5 * (others == held_out)) * self.counted
        return (below.sum(dim=1) / self.counted.sum(dim=1).clamp(min=1)).mean().item() if len(scores) else 0.5
