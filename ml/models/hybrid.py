"""The default: who took the same things where that is known, what the pictures show where it is not."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import chain, repeat
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from ml.configs.personal import BprMfConfig, DvbprConfig, HybridConfig
from ml.contract import PersonalModel
from ml.data.interactions import Interactions, PersonalData
from ml.data.sampling import Triples
from ml.models.bpr_mf import BprMf
from ml.models.dvbpr import Dvbpr
from ml.nn.encoders import DESCRIPTORS
from ml.nn.inference import compute_features, embed_items
from ml.nn.losses import fit_temperature

PASSES = 60  # over all pairs, for the identities: as many as bpr-mf makes
RIDGES = (3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2)  # as shares of the items' weights
FOLDS = 5
RIDGE = 3e-3  # while the identities learn
SHARES = (0.0, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8)
HALF = 10.0  # takers with whom an item counts half as much in the regression as one with any number of them
ASKED, AMONG = 500, 2000  # users who say how to mix, and items that theirs are compared with


class Hybrid(PersonalModel[HybridConfig]):
    """x_ui = a [w_u, 1] . y_i + c theta_u . Phi(X_i), of `bpr-mf` and `dvbpr`, each learned for itself.

    mu(X_i) is what its picture makes one expect of an item's factors: their ridge regression on dvbpr's descriptors, of
    other items than i, found anew before each epoch. bpr-mf draws an item's factors to zero, here they are drawn to
    mu(X_i), so under v_i ~ N(mu(X_i), s^2), as in collaborative topic regression (Wang & Blei, KDD 2011): an item with
    few takers stays near what its picture says, a hit goes where its takers lead. y_i is [v_i, b_i] of an item that
    anybody took; of any other, whatever it has learned by losing, it is what all items' regression tells.

    How strong the last ridge is, and a to c, are chosen by the AUC of what up to five hundred users took last in the
    training part, which for this is held back from both: the ridge as though all items were new, so by mu alone; a
    share of 0 leaves out what is of no use.
    """

    method = "hybrid"
    use_bf16 = True

    def __init__(self, config: HybridConfig) -> None:
        super().__init__(config)
        self.identities = _Drawn(BprMfConfig(factors=config.factors))
        self.pictures = Dvbpr(DvbprConfig(dimensions=config.dimensions))
        self.image_size = self.pictures.image_size
        self.dimensions = self.identities.dimensions + self.pictures.dimensions
        self.batch_size = 0  # of triples; known once the data are
        self.kept: PersonalData | None = None  # the data less what is held back; no part of the model
        self.register_buffer("expected", torch.zeros(DESCRIPTORS + 1, self.identities.dimensions))  # mu, and its bias
        self.register_buffer("scales", torch.ones(2))  # a and c
        self.register_buffer("centre", torch.zeros(self.dimensions))
        self.register_buffer("chosen", torch.zeros(2))  # ridge and the pictures' share, for those who wonder
        self.allocate(users=0, items=0)

    @property
    def state_shapes(self) -> dict[str, int]:
        return self.identities.state_shapes

    def allocate(self, users: int, items: int) -> None:
        self.identities.allocate(users, items)
        self.pictures.allocate(users)
        self.register_buffer("y", self.expected.new_zeros(items, self.identities.dimensions))

    def on_fit_start(self, data: PersonalData, generator: torch.Generator) -> None:
        self.kept = None
        self.allocate(data.train.n_users, data.train.n_items)
        self.identities.on_fit_start(self._kept(data), generator)
        self.pictures.on_fit_start(self._kept(data), generator)
        self.epochs = self.pictures.epochs

    def optimizers(self) -> dict[str, torch.optim.Optimizer]:
        return {"pictures": self.pictures.optimizers()["all"], "identities": self.identities.optimizers()["all"]}

    def lr_factor(self, done: float) -> float:
        return self.pictures.lr_factor(done)

    def batches(self, data: PersonalData, generator: torch.Generator) -> Iterable[tuple[Tensor, ...]]:
        kept = self._kept(data)
        self.batch_size = self.identities.batch_size(kept.train)
        batches = self.pictures.batches(kept, generator)  # which describes the pictures
        self.identities.draw_to(with_bias(self.pictures.descriptors.to(self.device)), kept.train)
        return _Both(batches, kept.train, PASSES / self.epochs, generator)

    def objectives(self, batch: tuple[Tensor, ...]) -> Iterator[tuple[str, Tensor]]:
        *triples, images, descriptors, users, places, taken = batch[:8]
        for _, loss in self.pictures.objectives((images, descriptors, users, places, taken, *batch[8:])):
            yield "pictures", loss
        for part in zip(*(column.split(self.batch_size) for column in triples), strict=True):
            for _, loss in self.identities.objectives(part):
                yield "identities", loss

    def on_fit_end(self, data: PersonalData, generator: torch.Generator) -> None:
        kept, device = self._kept(data), self.device
        self.kept = None
        self.identities.on_fit_end(kept, generator)
        self.pictures.on_fit_end(kept, generator)
        encoder = self.pictures.encoder
        described = with_bias(compute_features(encoder.describe, data.images, device=device)).to(device)
        phi = embed_items(self.pictures, data.images, data.train.n_items).to(device)
        own = self.identities.embed(None, torch.arange(data.train.n_items, device=device))
        takers = torch.from_numpy(kept.train.popularity).float().to(device)
        asked = _Asked(held_back(data.train), data.train, generator, device)
        self._mix(described, own, phi, takers, asked)

    @torch.no_grad()
    def _mix(self, described: Tensor, own: Tensor, phi: Tensor, takers: Tensor, asked: "_Asked") -> None:
        """Choose, by what was held back, and keep the vectors that follow."""
        w, theta = self.identities.user_vectors(), self.pictures.user_vectors()
        unseen = [cross_fitted(described, own, takers, ridge) for ridge in RIDGES]
        ridge = RIDGES[int(np.argmax([asked.auc(asked.scores(w, mu)) for mu in unseen]))]
        self.expected.copy_(regression(described, own, takers, ridge))
        self.y.copy_(torch.where(takers[:, None] > 0, own, described @ self.expected))
        by_identity, by_picture = asked.scores(w, self.y), asked.scores(theta, phi)
        spread, other = by_identity.std().clamp(min=1e-6), by_picture.std().clamp(min=1e-6)
        mixtures = [(1 - share) / spread * by_identity + share / other * by_picture for share in SHARES]
        aucs = [asked.auc(scores) for scores in mixtures]
        place = int(np.argmax(aucs))
        scale = asked.temperature(mixtures[place])
        share = SHARES[place]
        self.scales.copy_(torch.stack([scale * (1 - share) / spread, scale * share / other]))
        self.chosen.copy_(torch.tensor([ridge, share]))
        self.centre.zero_()
        self.centre.copy_(self._joined(self.y, phi).mean(dim=0))

    def summary(self) -> dict[str, float]:
        ridge, share = self.chosen.tolist()
        return {"ridge": ridge, "pictures' share": round(share, 2)}

    def embed(self, images: Tensor, items: Tensor) -> Tensor:
        described = self.pictures.encoder.describe(images)
        phi = self.pictures.encoder(images, described).float() - self.pictures.centre
        known = (items >= 0)[:, None]
        y = torch.where(known, self.y[items.clamp(min=0)], with_bias(described) @ self.expected)
        return self._joined(y, phi)

    def _joined(self, y: Tensor, phi: Tensor) -> Tensor:
        return torch.cat([self.scales[0] * y, self.scales[1] * phi], dim=1) - self.centre

    def user_vectors(self) -> Tensor:
        return torch.cat([self.identities.user_vectors(), self.pictures.user_vectors()], dim=1)

    def _kept(self, data: PersonalData) -> PersonalData:
        if self.kept is None:
            held = held_back(data.train)
            left = ~np.isin(data.train.keys, held.keys)
            self.kept = replace(data, train=data.train.select(left))
        return self.kept


def held_back(train: Interactions) -> Interactions:
    """What every so-many-th user took last: of a third of the users with three items or more, five hundred at most."""
    last = train.leave_one_out().test
    step = max(3, math.ceil(len(last) / ASKED))
    return last.select(np.arange(len(last))[::step])


def with_bias(described: Tensor) -> Tensor:
    return torch.cat([described, torch.ones_like(described[:, :1])], dim=1)


def regression(described: Tensor, own: Tensor, takers: Tensor, ridge: float) -> Tensor:
    """(F, K) by which descriptors (I, F) tell factors (I, K); an item counts by its takers (I,), soon less so."""
    return _Moments.of(described, own, takers).solved(ridge)


def cross_fitted(described: Tensor, own: Tensor, takers: Tensor, ridge: float) -> Tensor:
    """(I, K): what is expected of each item by a regression on four fifths of the items, of which it is none.

    One that has seen an item may know it by heart, there being hundreds of descriptors.
    """
    folds = torch.arange(len(own), device=own.device) % FOLDS
    parts = [_Moments.of(described[folds == fold], own[folds == fold], takers[folds == fold]) for fold in range(FOLDS)]
    mu = torch.empty_like(own)
    for fold in range(FOLDS):
        others = _Moments(*map(sum, zip(*parts[:fold], *parts[fold + 1 :], strict=True)))
        mu[folds == fold] = described[folds == fold] @ others.solved(ridge)
    return mu


class _Moments(NamedTuple):
    """All that a ridge regression needs to know of its items."""

    gram: Tensor  # (F, F)
    cross: Tensor  # (F, K)
    weight: Tensor  # () of all items

    @classmethod
    def of(cls, described: Tensor, own: Tensor, takers: Tensor) -> "_Moments":
        weights = takers / (takers + HALF)
        weighted = described * weights[:, None]
        return cls(described.T @ weighted, weighted.T @ own, weights.sum())

    def solved(self, ridge: float) -> Tensor:
        penalty = (ridge * self.weight).clamp(min=1e-6) * torch.eye(len(self.gram), device=self.gram.device)
        return torch.linalg.solve(self.gram + penalty, self.cross)


class _Drawn(BprMf):
    """bpr-mf whose items are drawn to what is expected of them, in place of zero."""

    def allocate(self, users: int, items: int) -> None:
        super().allocate(users, items)
        self.register_buffer("mu", torch.zeros(items, self.dimensions), persistent=False)

    @torch.no_grad()
    def draw_to(self, described: Tensor, train: Interactions) -> None:
        """described: (I, F) of the items' pictures, by which the factors as they are now are told."""
        takers = torch.from_numpy(train.popularity).float().to(self.device)
        factors = torch.cat([self.v, self.b[:, None]], dim=1)
        self.mu.copy_(cross_fitted(described, factors, takers, RIDGE))

    def penalty(self, items: Tensor, v: Tensor, b: Tensor) -> Tensor:
        return super().penalty(items, v - self.mu[items, :-1], b - self.mu[items, -1])


class _Asked:
    """What was held back, against items drawn at random that others have taken and its user has not."""

    def __init__(
        self, held: Interactions, train: Interactions, generator: torch.Generator, device: torch.device
    ) -> None:
        self.users = torch.from_numpy(held.users).to(device)
        self.items = torch.from_numpy(held.items).to(device)
        known = torch.from_numpy(np.flatnonzero(train.popularity))  # of the others nobody can say that they lose
        others = known[torch.randperm(len(known), generator=generator)[:AMONG]]
        rows = self.users.cpu()[:, None].expand(-1, len(others))
        taken = Triples(train, 1, generator).taken(rows.reshape(-1), others.repeat(len(held)))
        self.others, self.counted = others.to(device), (~taken.view(len(held), -1)).to(device)

    def scores(self, users: Tensor, items: Tensor) -> Tensor:
        """(V, 1 + N): of what was held back, then of the others."""
        own = (users[self.users] * items[self.items]).sum(dim=1, keepdim=True)
        return torch.cat([own, users[self.users] @ items[self.others].T], dim=1)

    def auc(self, scores: Tensor) -> float:
        own, others = scores[:, :1], scores[:, 1:]
        below = ((others < own) + 0.5 * (others == own)) * self.counted
        return (below.sum(dim=1) / self.counted.sum(dim=1).clamp(min=1)).mean().item() if len(scores) else 0.5

    def temperature(self, scores: Tensor) -> Tensor:
        """The factor on the scores under which their sigmoids are the likeliest chances."""
        lead = (scores[:, :1] - scores[:, 1:])[self.counted]
        return fit_temperature(lead[:: max(1, len(lead) // 100_000)])


class _Both:
    """Each of dvbpr's batches with as many triples for bpr-mf as make so many passes over all pairs an epoch."""

    def __init__(self, batches: Iterable, train: Interactions, passes: float, generator: torch.Generator) -> None:
        self.batches = batches
        each = max(1, math.ceil(passes * len(train.distinct) / len(batches)))
        self.triples = Triples(train, each, generator)

    def __len__(self) -> int:
        return len(self.batches)

    def __iter__(self) -> Iterator[tuple[Tensor, ...]]:
        triples = chain.from_iterable(repeat(self.triples))  # drawn anew each time round
        for batch in self.batches:
            yield *next(triples), *batch
