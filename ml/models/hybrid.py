"""The default: who took the same things where that is known, what the pictures show where it is not."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain, repeat
from typing import Annotated

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ml.configs import Between, Config
from ml.embedding import embed_items, features_of
from ml.encoders import DESCRIPTORS
from ml.interactions import Interactions, PersonalData
from ml.models.base import PersonalModel
from ml.models.bpr_mf import BprMf, BprMfConfig
from ml.models.dvbpr import Dvbpr, DvbprConfig
from ml.sampling import Triples

PASSES = 60  # over all pairs, for the identities: as many as bpr-mf makes
RIDGES = (1.0, 10.0, 100.0)
EVIDENCE = (1.0, 3.0, 10.0, 30.0, 100.0)
SHARES = (0.0, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8)
HALF = 10.0  # takers with whom an item counts half as much in the regression as one with any number of them
ASKED, AMONG = 1000, 2000  # users who say how to mix, and items that theirs are compared with


@dataclass(frozen=True)
class HybridConfig(Config):
    factors: Annotated[int, Between(1, 1000)] = 50  # of identities
    dimensions: Annotated[int, Between(2, 1000)] = 50  # of pictures, K of dvbpr


class Hybrid(PersonalModel):
    """x_ui = a [w_u, 1] . y_i + c theta_u . Phi(X_i), of `bpr-mf` and `dvbpr`, each learned for itself.

    y_i = g_i [v_i, b_i] + (1 - g_i) mu(X_i) is an identity's factors as far as n_i users who took it vouch for them,
    g_i = n_i / (n_i + k), and for the rest what its picture makes one expect: mu is the ridge regression of the factors
    on dvbpr's descriptors. That is the posterior mean under v_i ~ N(mu(X_i), s^2), as in collaborative topic regression
    (Wang & Blei, KDD 2011); nobody's item is all mu, a hit's nearly all its own.

    How strong the ridge, how large k, and a to c are chosen by the AUC of what up to a thousand users took last in the
    training part, which for this is held back from both; so a share of 0 leaves out what is of no use.
    """

    method = "hybrid"
    Config = HybridConfig
    halves = True

    def __init__(self, config: HybridConfig) -> None:
        super().__init__(config)
        self.identities = BprMf(BprMfConfig(factors=config.factors))
        self.pictures = Dvbpr(DvbprConfig(dimensions=config.dimensions))
        self.image_size = self.pictures.image_size
        self.dimensions = self.identities.dimensions + self.pictures.dimensions
        self.batch_size = 0  # of triples; known once the data are
        self.kept: PersonalData | None = None  # the data less what is held back; no part of the model
        self.register_buffer("expected", torch.zeros(DESCRIPTORS + 1, self.identities.dimensions))  # mu, and its bias
        self.register_buffer("scales", torch.ones(2))  # a and c
        self.register_buffer("centre", torch.zeros(self.dimensions))
        self.register_buffer("chosen", torch.zeros(3))  # ridge, k and the pictures' share, for those who wonder
        self.resize(users=0, items=0)

    @property
    def sizes(self) -> dict[str, int]:
        return self.identities.sizes

    def resize(self, users: int, items: int) -> None:
        self.identities.resize(users, items)
        self.pictures.resize(users)
        self.register_buffer("y", self.expected.new_zeros(items, self.identities.dimensions))

    def start(self, data: PersonalData, generator: torch.Generator) -> None:
        self.kept = None
        self.resize(data.train.n_users, data.train.n_items)
        self.identities.start(self._kept(data), generator)
        self.pictures.start(self._kept(data), generator)
        self.epochs = self.pictures.epochs

    def players(self) -> dict[str, torch.optim.Optimizer]:
        return {"pictures": self.pictures.players()["all"], "identities": self.identities.players()["all"]}

    def pace(self, done: float) -> float:
        return self.pictures.pace(done)

    def batches(self, data: PersonalData, generator: torch.Generator) -> Iterable[tuple[Tensor, ...]]:
        kept = self._kept(data)
        self.batch_size = self.identities.batch_size(kept.train)
        return _Both(self.pictures.batches(kept, generator), kept.train, PASSES / self.epochs, generator)

    def objectives(self, batch: tuple[Tensor, ...]) -> Iterator[tuple[str, Tensor]]:
        *triples, images, descriptors, users, places, taken = batch[:8]
        for _, loss in self.pictures.objectives((images, descriptors, users, places, taken, *batch[8:])):
            yield "pictures", loss
        for part in zip(*(column.split(self.batch_size) for column in triples), strict=True):
            for _, loss in self.identities.objectives(part):
                yield "identities", loss

    def finish(self, data: PersonalData, generator: torch.Generator) -> None:
        kept, device = self._kept(data), self.device
        self.kept = None
        self.identities.finish(kept, generator)
        self.pictures.finish(kept, generator)
        encoder = self.pictures.encoder
        described = with_bias(features_of(encoder.describe, data.images, device=device)).to(device)
        phi = embed_items(self.pictures, data.images, data.train.n_items).to(device)
        own = self.identities.embed(None, torch.arange(data.train.n_items, device=device))
        takers = torch.from_numpy(kept.train.popularity).float().to(device)
        asked = _Asked(held_back(data.train), data.train, generator, device)
        self._mix(described, own, phi, takers, asked)

    @torch.no_grad()
    def _mix(self, described: Tensor, own: Tensor, phi: Tensor, takers: Tensor, asked: "_Asked") -> None:
        """Choose, by what was held back, and keep the vectors that follow."""
        w, theta = self.identities.user_vectors(), self.pictures.user_vectors()
        best = (-1.0,)
        for ridge in RIDGES:
            expected = regression(described, own, takers, ridge)
            mu = described @ expected
            for evidence in EVIDENCE:
                y = posterior(own, mu, takers, evidence)
                auc = asked.auc(asked.scores(w, y))
                best = max(best, (auc, ridge, evidence), key=lambda found: found[0])
        _, ridge, evidence = best
        self.expected.copy_(regression(described, own, takers, ridge))
        self.y.copy_(posterior(own, described @ self.expected, takers, evidence))
        by_identity, by_picture = asked.scores(w, self.y), asked.scores(theta, phi)
        spread, other = by_identity.std().clamp(min=1e-6), by_picture.std().clamp(min=1e-6)
        mixtures = [(1 - share) / spread * by_identity + share / other * by_picture for share in SHARES]
        aucs = [asked.auc(scores) for scores in mixtures]
        place = int(np.argmax(aucs))
        scale = asked.temperature(mixtures[place])
        share = SHARES[place]
        self.scales.copy_(torch.stack([scale * (1 - share) / spread, scale * share / other]))
        self.chosen.copy_(torch.tensor([ridge, evidence, share]))
        self.centre.zero_()
        self.centre.copy_(self._joined(self.y, phi).mean(dim=0))

    def summary(self) -> dict[str, float]:
        ridge, evidence, share = self.chosen.tolist()
        return {"ridge": ridge, "users who weigh as much as the picture": evidence, "pictures' share": round(share, 2)}

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
            self.kept = replace(data, train=data.train.only(left))
        return self.kept


def held_back(train: Interactions) -> Interactions:
    """What every so-many-th user took last: of a third of the users with three items or more, a thousand at most."""
    last = train.leave_one_out().test
    step = max(3, math.ceil(len(last) / ASKED))
    return last.only(np.arange(len(last))[::step])


def with_bias(described: Tensor) -> Tensor:
    return torch.cat([described, torch.ones_like(described[:, :1])], dim=1)


def regression(described: Tensor, own: Tensor, takers: Tensor, ridge: float) -> Tensor:
    """(F, K) by which descriptors (I, F) tell factors (I, K); an item counts by its takers (I,), soon less so."""
    weighted = described * (takers / (takers + HALF))[:, None]
    gram = described.T @ weighted + ridge * torch.eye(described.shape[1], device=described.device)
    return torch.linalg.solve(gram, weighted.T @ own)


def posterior(own: Tensor, mu: Tensor, takers: Tensor, evidence: float) -> Tensor:
    """(I, K): each item's own factors in so far as its takers (I,) outweigh the evidence of its picture."""
    g = (takers / (takers + evidence))[:, None]
    return g * own + (1 - g) * mu


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
        factors = torch.logspace(-2, 2, 81, device=scores.device)
        if not len(scores):
            return factors.new_ones(())
        lead = (scores[:, :1] - scores[:, 1:])[self.counted][:: max(1, self.counted.numel() // 100_000)]
        return factors[torch.stack([F.softplus(-factor * lead).mean() for factor in factors]).argmin()]


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
