"""hybrid, our default for personal lists: interactions decide where an item has many, its image where it has few."""

import math
from collections.abc import Iterator
from dataclasses import replace
from functools import reduce
from itertools import chain, repeat
from operator import add
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from ml.configs.personal import BprMfConfig, DvbprConfig, HybridConfig
from ml.contract import Batches, PersonalModel
from ml.data.interactions import Interactions, PersonalData
from ml.data.sampling import Triples
from ml.models.bpr_mf import BprMf
from ml.models.dvbpr import Dvbpr
from ml.nn.encoders import DESCRIPTORS
from ml.nn.losses import fit_temperature

PASSES = 60  # over all pairs, for the identity factors: as many as bpr-mf makes
RIDGES = (3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2)  # as shares of the items' weights
FOLDS = 5
RIDGE = 3e-3  # during the training
SHARES = (0.0, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8)
HALF_WEIGHT = 10.0  # takers: an item with so many weighs half as much in the regression as one with infinitely many
HELD_OUT_USERS, NEGATIVES = 500, 2000  # by which the mixture is chosen


class Hybrid(PersonalModel[HybridConfig]):
    """x_ui = a [w_u, 1] . y_i + c theta_u . Phi(X_i), of `bpr-mf` and `dvbpr`, each with a loss of its own.

    mu(X_i) are the factors of an item as predicted from its image: by a ridge regression of factors on dvbpr's
    descriptors, fitted to other items than i, anew before each epoch. bpr-mf regularises an item's factors towards
    zero; here they are regularised towards mu(X_i), so v_i ~ N(mu(X_i), s^2), as in collaborative topic regression
    (Wang & Blei, KDD 2011): an item with few takers stays near its prediction, one with many is free of it. y_i is
    [v_i, b_i] of an item that anybody took; of any other, whose factors were only ever trained as a negative, it is the
    prediction of a regression on all items.

    How strong the last ridge is, and a to c, are chosen by the AUC of the last items of up to five hundred users in the
    training part, which both parts are trained without: the ridge as though all items were new, so by mu alone; a share
    of 0 leaves out what does not help.
    """

    method = "hybrid"
    use_bf16 = True
    image_size: tuple[int, int]
    expected: Tensor
    scales: Tensor
    centre: Tensor
    chosen: Tensor
    y: Tensor

    def __init__(self, config: HybridConfig) -> None:
        super().__init__(config)
        self.identities = _BprMfTowardsMeans(BprMfConfig(factors=config.factors))
        self.pictures = Dvbpr(DvbprConfig(dimensions=config.dimensions))
        self.image_size = self.pictures.image_size
        self.dimensions = self.identities.dimensions + self.pictures.dimensions
        self.batch_size = 0  # of triples; set by batches
        self.fitting_data: PersonalData | None = None  # the data without the held-out pairs; not saved with the model
        self.register_buffer("expected", torch.zeros(DESCRIPTORS + 1, self.identities.dimensions))  # mu, and its bias
        self.register_buffer("scales", torch.ones(2))  # a and c
        self.register_buffer("centre", torch.zeros(self.dimensions))
        self.register_buffer("chosen", torch.zeros(2))  # ridge and the image part's share, for the summary
        self.allocate(users=0, items=0)

    @property
    def state_shapes(self) -> dict[str, int]:
        return self.identities.state_shapes

    def allocate(self, users: int, items: int) -> None:
        self.identities.allocate(users, items)
        self.pictures.allocate(users)
        self.register_buffer("y", self.expected.new_zeros(items, self.identities.dimensions))

    def on_fit_start(self, data: PersonalData, generator: torch.Generator) -> None:
        self.fitting_data = None
        self.allocate(data.train.n_users, data.train.n_items)
        self.identities.on_fit_start(self._without_held_out(data), generator)
        self.pictures.on_fit_start(self._without_held_out(data), generator)
        self.epochs = self.pictures.epochs

    def optimizers(self) -> dict[str, torch.optim.Optimizer]:
        return {"pictures": self.pictures.optimizers()["all"], "identities": self.identities.optimizers()["all"]}

    def lr_factor(self, done: float) -> float:
        return self.pictures.lr_factor(done)

    def batches(self, data: PersonalData, generator: torch.Generator) -> Batches:
        fitting = self._without_held_out(data)
        self.batch_size = self.identities.batch_size(fitting.train)
        batches = self.pictures.batches(fitting, generator)  # computes the descriptors at the first call
        assert self.pictures.descriptors is not None
        self.identities.update_means(append_ones(self.pictures.descriptors.to(self.device)), fitting.train)
        return _JointBatches(batches, fitting.train, PASSES / self.epochs, generator)

    def objectives(self, batch: tuple[Tensor, ...]) -> Iterator[tuple[str, Tensor]]:
        triples, images_and_users = batch[:3], batch[3:]
        for _, loss in self.pictures.objectives(images_and_users):
            yield "pictures", loss
        for part in zip(*(column.split(self.batch_size) for column in triples), strict=True):
            for _, loss in self.identities.objectives(part):
                yield "identities", loss

    def on_fit_end(self, data: PersonalData, generator: torch.Generator) -> None:
        fitting, device = self._without_held_out(data), self.device
        self.fitting_data = None
        self.identities.on_fit_end(fitting, generator)
        descriptors = append_ones(self.pictures.catalogue_descriptors(data).to(device))
        phi = self.pictures.centre_on(data).to(device)
        self.pictures.descriptors = None
        factors = self.identities.embed(None, torch.arange(data.train.n_items, device=device))
        takers = torch.from_numpy(fitting.train.popularity).float().to(device)
        comparison = _Comparison(hold_out(data.train), data.train, generator, device)
        self._choose_mixture(descriptors, factors, phi, takers, comparison)

    @torch.no_grad()
    def _choose_mixture(
        self, descriptors: Tensor, factors: Tensor, phi: Tensor, takers: Tensor, comparison: "_Comparison"
    ) -> None:
        """Choose ridge, a and c by the held-out pairs, and set the buffers that follow from them."""
        w, theta = self.identities.user_vectors(), self.pictures.user_vectors()
        predictions = [cross_fit(descriptors, factors, takers, ridge) for ridge in RIDGES]
        ridge = RIDGES[int(np.argmax([comparison.auc(comparison.scores(w, mu)) for mu in predictions]))]
        self.expected.copy_(fit_ridge(descriptors, factors, takers, ridge))
        self.y.copy_(torch.where(takers[:, None] > 0, factors, descriptors @ self.expected))
        by_identity, by_image = comparison.scores(w, self.y), comparison.scores(theta, phi)
        spread, image_spread = by_identity.std().clamp(min=1e-6), by_image.std().clamp(min=1e-6)
        mixtures = [(1 - share) / spread * by_identity + share / image_spread * by_image for share in SHARES]
        best = int(np.argmax([comparison.auc(scores) for scores in mixtures]))
        scale, share = comparison.temperature(mixtures[best]), SHARES[best]
        self.scales.copy_(torch.stack([scale * (1 - share) / spread, scale * share / image_spread]))
        self.chosen.copy_(torch.tensor([ridge, share]))
        self.centre.zero_()
        self.centre.copy_(self._concatenate(self.y, phi).mean(dim=0))

    def summary(self) -> dict[str, float]:
        ridge, share = self.chosen.tolist()
        return {"ridge": ridge, "pictures' share": round(share, 2)}

    def embed(self, images: Tensor | None, items: Tensor) -> Tensor:
        assert images is not None
        descriptors = self.pictures.encoder.describe(images)
        phi = self.pictures.encoder(images, descriptors).float() - self.pictures.centre
        known = (items >= 0)[:, None]
        y = torch.where(known, self.y[items.clamp(min=0)], append_ones(descriptors) @ self.expected)
        return self._concatenate(y, phi)

    def _concatenate(self, y: Tensor, phi: Tensor) -> Tensor:
        return torch.cat([self.scales[0] * y, self.scales[1] * phi], dim=1) - self.centre

    def user_vectors(self) -> Tensor:
        return torch.cat([self.identities.user_vectors(), self.pictures.user_vectors()], dim=1)

    def _without_held_out(self, data: PersonalData) -> PersonalData:
        if self.fitting_data is None:
            fitting = ~np.isin(data.train.keys, hold_out(data.train).keys)
            self.fitting_data = replace(data, train=data.train.select(fitting))
        return self.fitting_data


def hold_out(train: Interactions) -> Interactions:
    """Choose the last item of every n-th user: of a third of the users with three items or more, at most 500."""
    last = train.leave_one_out().test
    step = max(3, math.ceil(len(last) / HELD_OUT_USERS))
    return last.select(np.arange(len(last))[::step])


def append_ones(descriptors: Tensor) -> Tensor:
    """Append a column of ones, (N, F) to (N, F + 1), by which a regression learns a bias."""
    return torch.cat([descriptors, torch.ones_like(descriptors[:, :1])], dim=1)


def fit_ridge(descriptors: Tensor, factors: Tensor, takers: Tensor, ridge: float) -> Tensor:
    """Fit the map (F, K) from descriptors (I, F) to factors (I, K) by ridge regression.

    takers: (I,) how many users took each item: its weight grows with them up to 1.
    """
    return _Moments.of(descriptors, factors, takers).solve(ridge)


def cross_fit(descriptors: Tensor, factors: Tensor, takers: Tensor, ridge: float) -> Tensor:
    """Predict the factors (I, K) of each item by a regression on four fifths of the items, without the item itself.

    A regression that includes an item can memorise it, since there are hundreds of descriptors.
    """
    folds = torch.arange(len(factors), device=factors.device) % FOLDS
    parts = [
        _Moments.of(descriptors[folds == fold], factors[folds == fold], takers[folds == fold]) for fold in range(FOLDS)
    ]
    mu = torch.empty_like(factors)
    for fold in range(FOLDS):
        others = _Moments.sum([*parts[:fold], *parts[fold + 1 :]])
        mu[folds == fold] = descriptors[folds == fold] @ others.solve(ridge)
    return mu


class _Moments(NamedTuple):
    """The sufficient statistics of a weighted ridge regression; those of several parts add up."""

    gram: Tensor  # (F, F)
    cross: Tensor  # (F, K)
    weight: Tensor  # () of all items

    @classmethod
    def of(cls, descriptors: Tensor, factors: Tensor, takers: Tensor) -> "_Moments":
        """Compute the moments of some items."""
        weights = takers / (takers + HALF_WEIGHT)
        weighted = descriptors * weights[:, None]
        return cls(descriptors.T @ weighted, weighted.T @ factors, weights.sum())

    @classmethod
    def sum(cls, parts: "list[_Moments]") -> "_Moments":
        """Add the moments of parts."""
        return cls(*(reduce(add, column) for column in zip(*parts, strict=True)))

    def solve(self, ridge: float) -> Tensor:
        """Solve for the coefficients (F, K). ridge: the penalty, as a share of the items' weight."""
        penalty = (ridge * self.weight).clamp(min=1e-6) * torch.eye(len(self.gram), device=self.gram.device)
        return torch.linalg.solve(self.gram + penalty, self.cross)


class _BprMfTowardsMeans(BprMf):
    """bpr-mf whose item factors are regularised towards the means mu instead of zero."""

    mu: Tensor

    def allocate(self, users: int, items: int) -> None:
        super().allocate(users, items)
        self.register_buffer("mu", torch.zeros(items, self.dimensions), persistent=False)

    @torch.no_grad()
    def update_means(self, descriptors: Tensor, train: Interactions) -> None:
        """Predict mu from the items' descriptors (I, F), by a regression of the present factors."""
        takers = torch.from_numpy(train.popularity).float().to(self.device)
        factors = torch.cat([self.v, self.b[:, None]], dim=1)
        self.mu.copy_(cross_fit(descriptors, factors, takers, RIDGE))

    def penalty(self, items: Tensor, v: Tensor, b: Tensor) -> Tensor:
        return super().penalty(items, v - self.mu[items, :-1], b - self.mu[items, -1])


class _Comparison:
    """Held-out items compared with random items that others have taken and their user has not."""

    def __init__(
        self, held_out: Interactions, train: Interactions, generator: torch.Generator, device: torch.device
    ) -> None:
        self.users = torch.from_numpy(held_out.users).to(device)
        self.items = torch.from_numpy(held_out.items).to(device)
        known = torch.from_numpy(np.flatnonzero(train.popularity))  # an item without takers need not be a worse one
        others = known[torch.randperm(len(known), generator=generator)[:NEGATIVES]]
        rows = self.users.cpu()[:, None].expand(-1, len(others))
        taken = Triples(train, 1, generator).is_taken(rows.reshape(-1), others.repeat(len(held_out)))
        self.others, self.counted = others.to(device), (~taken.view(len(held_out), -1)).to(device)

    def scores(self, users: Tensor, items: Tensor) -> Tensor:
        """Compute (V, 1 + N) scores from all users' and items' vectors: the held-out item's first, then the others'."""
        held_out = (users[self.users] * items[self.items]).sum(dim=1, keepdim=True)
        return torch.cat([held_out, users[self.users] @ items[self.others].T], dim=1)

    def auc(self, scores: Tensor) -> float:
        """Compute the mean over users of the share of others that the held-out item outranks; .5 without users."""
        held_out, others = scores[:, :1], scores[:, 1:]
        below = ((others < held_out) + 0.5 * (others == held_out)) * self.counted
        return (below.sum(dim=1) / self.counted.sum(dim=1).clamp(min=1)).mean().item() if len(scores) else 0.5

    def temperature(self, scores: Tensor) -> Tensor:
        """Fit the factor on the scores by which the sigmoids of their differences are the best probabilities."""
        margins = (scores[:, :1] - scores[:, 1:])[self.counted]
        return fit_temperature(margins[:: max(1, len(margins) // 100_000)])


class _JointBatches:
    """Batches of dvbpr, each after as many triples for bpr-mf as make `passes` over all pairs in an epoch."""

    def __init__(self, batches: Batches, train: Interactions, passes: float, generator: torch.Generator) -> None:
        self.batches = batches
        each = max(1, math.ceil(passes * len(train.distinct) / len(batches)))
        self.triples = Triples(train, each, generator)

    def __len__(self) -> int:
        return len(self.batches)

    def __iter__(self) -> Iterator[tuple[Tensor, ...]]:
        triples = chain.from_iterable(repeat(self.triples))  # drawn anew each time round
        for batch in self.batches:
            yield *next(triples), *batch
