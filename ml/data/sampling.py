"""Pairs and triples out of interactions."""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from ml.data.interactions import Interactions


class Triples:
    """One epoch of (users, chosen, others), each (B,): as many triples as there are pairs of user and item.

    A user drawn evenly, one of that user's items drawn evenly, or in proportion to the pairs' weights if they have any,
    and an item drawn evenly from all that the user has not taken. DVBPR's sampling (kang205/DVBPR); an implicit `other`
    may be a held-out item, as there.
    """

    def __init__(self, train: Interactions, batch_size: int, generator: torch.Generator) -> None:
        pairs = train.distinct
        self.n_items, self.batch_size, self.generator = train.n_items, batch_size, generator
        self.keys, self.items = torch.from_numpy(pairs.keys), torch.from_numpy(pairs.items)
        counts = np.bincount(pairs.users, minlength=train.n_users)
        weights = np.ones(len(pairs)) if pairs.weights is None else pairs.weights
        summed = np.concatenate([[0.0], np.cumsum(weights)])
        ends = np.cumsum(counts)
        self.last = torch.from_numpy(ends - 1)  # place of each user's last pair
        self.summed = torch.from_numpy(summed[1:])  # (N,) weights up to and with each pair
        self.before = torch.from_numpy(summed[ends - counts])  # of all users before
        self.own = torch.from_numpy(summed[ends] - summed[ends - counts])
        # Whoever took everything has nothing to be compared with.
        self.users = torch.from_numpy(np.flatnonzero((counts > 0) & (counts < train.n_items)))

    def __len__(self) -> int:
        return -(-len(self.items) // self.batch_size) if len(self.users) else 0

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        for _ in range(len(self)):
            users = self.users[torch.randint(len(self.users), (self.batch_size,), generator=self.generator)]
            yield users, self._chosen(users), self._others(users)

    def _chosen(self, users: Tensor) -> Tensor:
        share = torch.rand(len(users), generator=self.generator, dtype=torch.float64)
        places = torch.searchsorted(self.summed, self.before[users] + share * self.own[users], right=True)
        return self.items[torch.minimum(places, self.last[users])]  # what rounds up is still the user's

    def _others(self, users: Tensor) -> Tensor:
        others = torch.randint(self.n_items, users.shape, generator=self.generator)
        while len(again := self.taken(users, others).nonzero()[:, 0]):
            others[again] = torch.randint(self.n_items, again.shape, generator=self.generator)
        return others

    def taken(self, users: Tensor, items: Tensor) -> Tensor:
        """Whether each user has each item in training, element by element."""
        keys = users * self.n_items + items
        places = torch.searchsorted(self.keys, keys).clamp_(max=len(self.keys) - 1)
        return self.keys[places] == keys


class SharedBatches:
    """One epoch of (pictures, users, places, taken): each picture that anybody took once, with everyone who took it.

    pictures (P,) item indices; then a row for each of the M pairs of a user and a picture of the batch: users (M,),
    places (M,) where among the P the picture is, taken (M, P) which of the P the user has taken in training. The
    other pictures serve as negatives, so P forward passes give M x P comparisons in place of one each. Each item comes
    equally often whatever its popularity, so negatives are drawn evenly over items, as by Triples; but not over those
    that nobody took. They may be new, and a network that is told again and again that they lose learns their pictures
    by heart: no new product of a small shop came into anybody's first twelve. Where the pairs have weights a fifth part
    follows: (M,) each row's, as a multiple of the mean weight.
    """

    def __init__(self, train: Interactions, batch_size: int, generator: torch.Generator) -> None:
        pairs = train.distinct
        self.generator = generator
        self.known = torch.from_numpy(np.flatnonzero(train.popularity))
        self.count = max(1, round(len(self.known) / batch_size))
        order = np.argsort(pairs.items, kind="stable")
        self.users = torch.from_numpy(pairs.users[order])  # (N,) each item's takers together
        self.takers = torch.from_numpy(train.popularity)  # (n_items,) how many these are
        self.first = self.takers.cumsum(dim=0) - self.takers
        self.weights = None
        if pairs.weights is not None:
            self.weights = torch.from_numpy((pairs.weights / pairs.weights.mean())[order].astype(np.float32))

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[tuple[Tensor, ...]]:
        shuffled = self.known[torch.randperm(len(self.known), generator=self.generator)]
        for pictures in shuffled.tensor_split(self.count):
            takers = self.takers[pictures]
            places = torch.repeat_interleave(takers)
            before = takers.cumsum(dim=0) - takers
            rows = (self.first[pictures] - before)[places] + torch.arange(len(places))
            users = self.users[rows]
            batch = (pictures, users, places, _taken(users, places, len(pictures)))
            if self.weights is not None:
                batch += (self.weights[rows],)
            yield batch


def _taken(users: Tensor, places: Tensor, count: int) -> Tensor:
    """(M, count) which of the batch's pictures each row's user has taken: all such pairs are rows themselves."""
    who, which = torch.unique(users, return_inverse=True)
    marks = torch.zeros(len(who), count, dtype=torch.bool)
    marks[which, places] = True
    return marks[which]


class PairedTriples(Triples):
    """The same triples as (items, users), so that one forward pass sees both legs: (2B,) chosen, then others; (B,)."""

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        for users, chosen, others in super().__iter__():
            yield torch.cat([chosen, others]), users
