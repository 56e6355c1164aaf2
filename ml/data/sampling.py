"""Samplers of triples and batches of interactions, for ranking losses."""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from ml.data.interactions import Interactions


class Triples:
    """One epoch of (users, chosen, others), each (B,): as many triples as there are pairs of user and item.

    A user is drawn evenly, one of the user's items evenly, or in proportion to the pairs' weights if there are any,
    and a negative evenly from all items that the user has not taken. This is DVBPR's sampling (kang205/DVBPR); a
    negative may be a held-out item, as there.
    """

    def __init__(self, train: Interactions, batch_size: int, generator: torch.Generator) -> None:
        pairs = train.distinct
        self.n_items, self.batch_size, self.generator = train.n_items, batch_size, generator
        self.keys, self.items = torch.from_numpy(pairs.keys), torch.from_numpy(pairs.items)
        counts = np.bincount(pairs.users, minlength=train.n_users)
        weights = np.ones(len(pairs)) if pairs.weights is None else pairs.weights
        summed = np.concatenate([[0.0], np.cumsum(weights)])
        ends = np.cumsum(counts)
        self.last = torch.from_numpy(ends - 1)  # index of each user's last pair
        self.summed = torch.from_numpy(summed[1:])  # (N,) cumulative weights of the pairs
        self.before = torch.from_numpy(summed[ends - counts])  # cumulative weight before each user
        self.total = torch.from_numpy(summed[ends] - summed[ends - counts])
        # A user who took everything has no negatives.
        self.users = torch.from_numpy(np.flatnonzero((counts > 0) & (counts < train.n_items)))

    def __len__(self) -> int:
        return -(-len(self.items) // self.batch_size) if len(self.users) else 0

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        for _ in range(len(self)):
            users = self.users[torch.randint(len(self.users), (self.batch_size,), generator=self.generator)]
            yield users, self._draw_chosen(users), self._draw_negatives(users)

    def _draw_chosen(self, users: Tensor) -> Tensor:
        share = torch.rand(len(users), generator=self.generator, dtype=torch.float64)
        indices = torch.searchsorted(self.summed, self.before[users] + share * self.total[users], right=True)
        return self.items[torch.minimum(indices, self.last[users])]  # rounding may lead beyond the user's last pair

    def _draw_negatives(self, users: Tensor) -> Tensor:
        others = torch.randint(self.n_items, users.shape, generator=self.generator)
        while len(again := self.is_taken(users, others).nonzero()[:, 0]):
            others[again] = torch.randint(self.n_items, again.shape, generator=self.generator)
        return others

    def is_taken(self, users: Tensor, items: Tensor) -> Tensor:
        """Return whether each user has the item in training, element by element."""
        keys = users * self.n_items + items
        indices = torch.searchsorted(self.keys, keys).clamp_(max=len(self.keys) - 1)
        return self.keys[indices] == keys


class SharedBatches:
    """One epoch of (items, users, indices, taken): each item that anybody took once, with all users who took it.

    items (P,); then a row for each of the M pairs of a user and an item of the batch: users (M,), indices (M,) of the
    row's item among the P, taken (M, P) marks of those that the user has taken in training. The other items serve as
    negatives, so that P forward passes give M x P comparisons in place of one each. Each item comes equally often
    whatever its popularity, so negatives are drawn evenly over items, as by Triples; but not over items that nobody
    took. These may be new, and a network that sees them as negatives again and again memorizes their images: no new
    product of a small shop came into anybody's first twelve. Where the pairs have weights a fifth tensor follows: (M,)
    each row's, as a multiple of the mean weight.
    """

    def __init__(self, train: Interactions, batch_size: int, generator: torch.Generator) -> None:
        pairs = train.distinct
        self.generator = generator
        self.known = torch.from_numpy(np.flatnonzero(train.popularity))
        self.count = max(1, round(len(self.known) / batch_size))
        order = np.argsort(pairs.items, kind="stable")
        self.users = torch.from_numpy(pairs.users[order])  # (N,) grouped by item
        self.takers = torch.from_numpy(train.popularity)  # (n_items,) number of users of each item
        self.first = self.takers.cumsum(dim=0) - self.takers
        self.weights = None
        if pairs.weights is not None:
            self.weights = torch.from_numpy((pairs.weights / pairs.weights.mean())[order].astype(np.float32))

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[tuple[Tensor, ...]]:
        shuffled = self.known[torch.randperm(len(self.known), generator=self.generator)]
        for items in shuffled.tensor_split(self.count):
            takers = self.takers[items]
            indices = torch.repeat_interleave(takers)
            before = takers.cumsum(dim=0) - takers
            rows = (self.first[items] - before)[indices] + torch.arange(len(indices))
            users = self.users[rows]
            batch = (items, users, indices, _mark_taken(users, indices, len(items)))
            yield batch if self.weights is None else (*batch, self.weights[rows])


def _mark_taken(users: Tensor, indices: Tensor, count: int) -> Tensor:
    """Mark (M, count) the items of the batch that each row's user has taken: all such pairs are rows themselves."""
    distinct, which = torch.unique(users, return_inverse=True)
    marks = torch.zeros(len(distinct), count, dtype=torch.bool)
    marks[which, indices] = True
    return marks[which]


class UserTriples(Triples):
    """One epoch of one triple for each user, in random order; the last batch may be short."""

    def __len__(self) -> int:
        return -(-len(self.users) // self.batch_size)

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        order = torch.randperm(len(self.users), generator=self.generator)
        for users in self.users[order].split(self.batch_size):
            yield users, self._draw_chosen(users), self._draw_negatives(users)


class PairedTriples:
    """Triples as (items, users), so that one forward pass embeds both items: (2B,) chosen, then negatives; (B,)."""

    def __init__(self, triples: Triples) -> None:
        self.triples = triples

    def __len__(self) -> int:
        return len(self.triples)

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        for users, chosen, others in self.triples:
            yield torch.cat([chosen, others]), users
