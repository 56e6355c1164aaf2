"""hybrid, our default for personal lists: what interactions and images say of an item, weighed by evidence."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain, repeat
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from ml.configs.personal import BprMfConfig, DvbprConfig, HybridConfig, IalsConfig
from ml.contract import Batches, PersonalModel
from ml.data.batching import Batch
from ml.data.interactions import Interactions, PersonalData
from ml.data.sampling import Triples
from ml.models.bpr_mf import BprMf
from ml.models.dvbpr import Dvbpr
from ml.models.frozen import texts_of
from ml.nn.alternating import Penalties, factorise
from ml.nn.choice import fit_choice, lift_choice
from ml.nn.comparison import Comparison
from ml.nn.encoders import DESCRIPTORS
from ml.nn.item_regression import Regression
from ml.nn.ridge import append_ones, cross_fit, fit_ridge
from ml.nn.texts import WIDTH, TextFeatures

PASSES = 60  # over all pairs, for the identity factors: as many as bpr-mf makes
RIDGES = (3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2)  # as shares of the items' weights
RIDGE = 3e-3  # during the training
CLOSED_RIDGE = 1e-3  # of the factors by a closed form
# On the validation items of real people and of the drawn catalogue ridges of 50 and 100 are level and better than 20,
# 256 factors are no better than 100, and with 50 the lists of real people lose a third of what the part brings.
REGRESSION_RIDGE, REGRESSION_FACTORS = 50.0, 100
REGRESSED_ON = 5000  # items, the most taken: their matrix has 100 MB and is inverted in seconds; with 20,000, minutes
HELD_OUT_USERS = 1000  # by which the mixture is chosen
MEAN_RATE = 0.1  # weight, in exposures of a whole training, of the mean rate in an item's own


class Hybrid(PersonalModel[HybridConfig]):
    """x_ui = a [w_u, 1] . y_i + s r_u . q_i + h g_u . z_i + c theta_u . Phi(X_i) + d p_i + e n_i, weighed by evidence.

    - w and y are the factors of `bpr-mf`, theta and Phi those of `dvbpr`, each with a loss of its own;
    - r and q are factors by least squares, as of `ials`, which rank the first of a list better;
    - g and z are those of `ease`, which rank it better still: z_i of the items is fitted to which others were taken
      with them, g_u is a sum over what u took, by the root of their number, so that scores of long and of short
      histories compare;
    - p_i is the logarithm of the rate at which an item is taken: its takers by its exposure, the share of the
      interactions that came after it was listed, shrunk to the mean rate; n_i is the exposure of an item that nobody
      took. So a new item has the mean rate and n_i = 0, and one that was long there untaken may lose by both.

    mu(X_i) are the factors of an item as predicted from its image: by a ridge regression of factors on dvbpr's
    descriptors, fitted to other items than i, anew before each epoch. bpr-mf regularises an item's factors towards
    zero; here they are regularised towards mu(X_i), so v_i ~ N(mu(X_i), s^2), as in collaborative topic regression
    (Wang & Blei, KDD 2011), and those by least squares likewise: an item with few takers stays near its prediction, one
    with many is free of it. y_i is [v_i, b_i] of an item that anybody took; of any other, whose factors were only ever
    trained as a negative, it is the prediction of a regression on all items, and so are q_i and z_i.

    With text=yes mu is predicted from titles and attributes as well, and so are q_i and z_i of items that nobody took;
    Phi reads images alone.

    How strong the last ridge is, and the weights a, s, h, c, d and e, are chosen by the validation items of up to a
    thousand users; without any, by the last items of a third of the users, which both trained parts are trained
    without. The ridge is chosen by AUC as though all items were new, so by mu alone; the weights maximise the
    probability that a softmax of the scores gives to the items taken, and are then moved a little by how near to the
    top these come (ml/nn/choice.py). A part that would count against what it says is left out. What images alone say,
    of items that nobody took, is trusted as far as mu of the held-out items, each predicted without itself, foretells
    what is taken (`Comparison.trust`): where images say nothing, such items are nearly alike.
    """

    method = "hybrid"
    is_shareable = True  # what the processes share is the network; each computes the look-ups of factors in full
    use_bf16 = True
    image_size: tuple[int, int]
    expected: Tensor
    scales: Tensor
    centre: Tensor
    chosen: Tensor
    y: Tensor
    tastes: Tensor
    more: Tensor
    expected_more: Tensor
    picture_weights: Tensor

    def __init__(self, config: HybridConfig) -> None:
        super().__init__(config)
        self.identities = _BprMfTowardsMeans(BprMfConfig(factors=config.factors))
        self.pictures = Dvbpr(DvbprConfig(dimensions=config.dimensions))
        self.image_size = self.pictures.image_size
        self.batch_size = 0  # of triples; set by batches
        self.fitting_data: PersonalData | None = None  # the data without the held-out pairs; not saved with the model
        self.reads_texts = config.text == "yes"
        self.text = TextFeatures() if self.reads_texts else None
        self.words: Tensor | None = None  # features of the items' texts, once they are computed; not saved
        described = DESCRIPTORS + (WIDTH if self.reads_texts else 0) + 1  # F, by which factors are predicted
        self.register_buffer("expected", torch.zeros(described, self.identities.dimensions))  # mu, and its bias
        self.register_buffer("scales", torch.ones(2))  # a and c
        self.register_buffer("chosen", torch.zeros(2))  # ridge and the image part's share, for the summary
        self.allocate(users=0, items=0, more=self._more)

    @property
    def _more(self) -> int:
        """Return how many dimensions the closed forms add to those of the two trained parts."""
        return self.config.factors + REGRESSION_FACTORS + 1

    @property
    def state_shapes(self) -> dict[str, int]:
        weighed = len(self.picture_weights) if len(self.picture_weights) > 1 else 0
        return self.identities.state_shapes | {"more": self.more.shape[1], "weighed": weighed}

    def allocate(self, users: int, items: int, more: int = 0, weighed: int = 0) -> None:
        """Create what depends on the data.

        more: dimensions of [s q_i, h z_i, d p_i + e n_i]; fewer in models that were trained before it had z, or q.
        weighed: of how many items the image part has a weight, the last that of all new ones; none in models from
        before it had any.
        """
        self.identities.allocate(users, items)
        self.pictures.allocate(users)
        self.register_buffer("picture_weights", self.expected.new_ones(weighed or 1), persistent=weighed > 0)
        self.register_buffer("y", self.expected.new_zeros(items, self.identities.dimensions))
        self._allocate_mixture(users, items, more)

    def _allocate_mixture(self, users: int, items: int, more: int) -> None:
        self.dimensions = self.identities.dimensions + more + self.pictures.dimensions
        rows = {"tastes": users, "more": items, "expected_more": len(self.expected)}  # tastes: [r_u, g_u, 1]
        for name, count in rows.items():
            self.register_buffer(name, self.expected.new_zeros(count, more), persistent=more > 0)
        self.register_buffer("centre", self.expected.new_zeros(self.dimensions))

    def on_fit_start(self, data: PersonalData, generator: torch.Generator) -> None:
        self.fitting_data = None
        self.allocate(data.train.n_users, data.train.n_items, self._more)
        self.words = None
        if self.text:
            self.text.fit(texts_of(data, self.method), generator)
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
        self.identities.update_means(self._describe_catalogue(data), fitting.train)
        return _JointBatches(batches, fitting.train, PASSES / self.epochs, generator)

    def objectives(self, batch: tuple[Tensor, ...]) -> Iterator[tuple[str, Tensor]]:
        triples, images_and_users = batch[:3], batch[3:]
        for _, loss in self.pictures.objectives(images_and_users):
            yield "pictures", loss
        for part in zip(*(column.split(self.batch_size) for column in triples), strict=True):
            for _, loss in self.identities.objectives(part):
                yield "identities", loss

    @torch.no_grad()
    def on_fit_end(self, data: PersonalData, generator: torch.Generator) -> None:
        fitting, device = self._without_held_out(data), self.device
        self.fitting_data = None
        self.identities.on_fit_end(fitting, generator)
        descriptors = self._describe_catalogue(data)
        self.words = None
        phi = self.pictures.centre_on(data).to(device)
        self.pictures.descriptors = None
        comparison = Comparison(held_out_of(data), data.train, generator, device)
        trust = self._predict_new(descriptors, fitting.train, comparison)
        phi *= self._weigh_pictures(self._takers(fitting.train), trust)
        forms = self._fit_closed_forms(descriptors, fitting.train, generator, trust)
        weights = self._choose_mixture(forms, phi, fitting, comparison)
        if len(fitting.train) < len(data.train):  # what was held out for the choice is learned, too
            forms = self._fit_closed_forms(descriptors, data.train, generator, trust)
        self._set_vectors(weights, forms, phi, data)

    def _describe_catalogue(self, data: PersonalData) -> Tensor:
        """Return what the items' factors are predicted by, (I, F): of images, of texts if it reads them, and 1."""
        features = [self.pictures.catalogue_descriptors(data).to(self.device)]
        if self.text:
            if self.words is None:
                self.words = self.text.of_all(texts_of(data, self.method))
            features.append(self.words)
        return append_ones(torch.cat(features, dim=1))

    def _predict_new(self, descriptors: Tensor, train: Interactions, comparison: Comparison) -> float:
        """Choose the ridge by which mu ranks best, and set y of the items, of those that nobody took by it.

        Returns how far predictions from images are to be trusted, 0 to 1.
        """
        w, takers = self.identities.user_vectors(), self._takers(train)
        factors = self.identities.embed(None, torch.arange(train.n_items, device=self.device))
        predictions = [cross_fit(descriptors, factors, takers, ridge) for ridge in RIDGES]
        scores = [comparison.scores(w, mu) for mu in predictions]
        best = int(np.argmax([comparison.auc(each) for each in scores]))
        trust, ridge = comparison.trust(scores[best]), RIDGES[best]
        self.expected.copy_(_temper(fit_ridge(descriptors, factors, takers, ridge), trust, descriptors))
        self.y.copy_(torch.where(takers[:, None] > 0, factors, descriptors @ self.expected))
        self.chosen[0] = ridge
        return trust

    def _fit_closed_forms(
        self, descriptors: Tensor, train: Interactions, generator: torch.Generator, trust: float
    ) -> "tuple[_Factors, _Factors]":
        """Return r and q, by least squares, then g and z, by the regression of items on each other."""
        config, takers = IalsConfig(factors=self.config.factors), self._takers(train)
        predict = partial(_cross_fit_by, descriptors, takers)
        penalties = Penalties(config.unobserved, config.regularisation)
        squares = factorise(train, config.factors, penalties, generator, self.device, predict)
        regression = Regression.fit(train, REGRESSION_RIDGE, REGRESSION_FACTORS, REGRESSED_ON, self.device)
        histories = torch.from_numpy(np.bincount(train.distinct.users, minlength=train.n_users)).to(self.device)
        g = regression.users(train) / histories.clamp(min=1).sqrt()[:, None]
        return (
            _Factors.predicted(*squares, descriptors, takers, trust),
            _Factors.predicted(g, regression.items(train), descriptors, takers, trust),
        )

    def _weigh_pictures(self, takers: Tensor, trust: float) -> Tensor:
        """Set the weights of the image part, less where nobody took an item; return them, (I, 1)."""
        weights = torch.where(takers > 0, 1.0, trust)
        self.register_buffer("picture_weights", torch.cat([weights, weights.new_full((1,), trust)]))
        return weights[:, None]

    def _takers(self, train: Interactions) -> Tensor:
        return torch.from_numpy(train.popularity).float().to(self.device)

    def _choose_mixture(
        self, forms: "tuple[_Factors, _Factors]", phi: Tensor, fitting: PersonalData, comparison: Comparison
    ) -> Tensor:
        """Return a, s, h, c, d and e, by the held-out pairs."""
        rates = _Rates.of(fitting).to(self.device)
        by_taste = (
            comparison.scores(self.identities.user_vectors(), self.y),
            *(comparison.scores(form.users, form.items) for form in forms),
            comparison.scores(self.pictures.user_vectors(), phi),
        )
        columns = torch.stack([*by_taste, *map(comparison.same_for_all, (rates.p, rates.n))], dim=2)
        # Without evidence, bpr-mf's scores alone, whose loss makes probabilities of them.
        prior = torch.tensor([1.0, 0, 0, 0, 0, 0], device=self.device)
        is_taste = torch.tensor([True, True, True, True, False, False], device=self.device)
        weights = fit_choice(columns, comparison.counted, prior, is_taste)
        weights = lift_choice(columns, comparison.counted, weights, is_taste)
        parts = columns[:, :, :4].flatten(0, 1).std(dim=0).nan_to_num() * weights[:4]
        self.chosen[1] = parts[3] / parts.sum().clamp(min=1e-9)
        return weights.float()

    def _set_vectors(
        self, weights: Tensor, forms: "tuple[_Factors, _Factors]", phi: Tensor, data: PersonalData
    ) -> None:
        a, s, h, c, d, e = weights
        squares, regression = forms
        rates = _Rates.of(data).to(self.device)
        # Anew: a training that began before the model had z goes on with what it had.
        self._allocate_mixture(data.train.n_users, data.train.n_items, self._more)
        self.scales.copy_(torch.stack([a, c]))
        self.tastes.copy_(append_ones(torch.cat([squares.users, regression.users], dim=1)))
        by_rate = (d * rates.p + e * rates.n)[:, None]
        self.more.copy_(torch.cat([s * squares.items, h * regression.items, by_rate], dim=1))
        self.expected_more[:, :-1] = torch.cat([s * squares.expected, h * regression.expected], dim=1)
        self.centre.copy_(self._concatenate(self.y, self.more, phi).mean(dim=0))

    def summary(self) -> dict[str, float]:
        ridge, share = self.chosen.tolist()
        trust = self.picture_weights[-1].item()
        return {"ridge": ridge, "pictures' share": round(share, 2), "trust in pictures alone": round(trust, 2)}

    def embed(self, images: Tensor | None, items: Tensor, texts: Sequence[str] | None = None) -> Tensor:
        assert images is not None
        descriptors = self.pictures.encoder.describe(images)
        phi = self.pictures.encoder(images, descriptors).float() - self.pictures.centre
        phi = phi * self.picture_weights[items if len(self.picture_weights) > 1 else 0 * items][:, None]
        described = [descriptors, self.text(texts, len(items))] if self.text else [descriptors]
        known, rows, features = (items >= 0)[:, None], items.clamp(min=0), append_ones(torch.cat(described, dim=1))
        y = torch.where(known, self.y[rows], features @ self.expected)
        more = torch.where(known, self.more[rows], features @ self.expected_more)
        return self._concatenate(y, more, phi)

    def _concatenate(self, y: Tensor, more: Tensor, phi: Tensor) -> Tensor:
        return torch.cat([self.scales[0] * y, more, self.scales[1] * phi], dim=1) - self.centre

    def user_vectors(self) -> Tensor:
        return torch.cat([self.identities.user_vectors(), self.tastes, self.pictures.user_vectors()], dim=1)

    def _without_held_out(self, data: PersonalData) -> PersonalData:
        if self.fitting_data is None:
            self.fitting_data = replace(data, train=data.train.without(held_out_of(data)))
        return self.fitting_data


class _Factors(NamedTuple):
    """Factors by a closed form."""

    users: Tensor  # (U, K)
    items: Tensor  # (I, K), of items that nobody took as predicted
    expected: Tensor  # (F, K) the map from descriptors to items' factors

    @classmethod
    def predicted(cls, users: Tensor, items: Tensor, descriptors: Tensor, takers: Tensor, trust: float) -> "_Factors":
        """Predict the factors of the items that nobody took by a regression on the descriptors (I, F)."""
        expected = _temper(fit_ridge(descriptors, items, takers, CLOSED_RIDGE), trust, descriptors)
        return cls(users, torch.where(takers[:, None] > 0, items, descriptors @ expected), expected)


class _Rates(NamedTuple):
    """Scores of the items by takers and exposure, the same for all users."""

    p: Tensor  # (I,) the logarithm of the rate, less that of the mean: 0 without any exposure
    n: Tensor  # (I,) the exposure of an item that nobody took, else 0

    @classmethod
    def of(cls, data: PersonalData) -> "_Rates":
        """Compute them from the training part."""
        takers, exposure = (torch.from_numpy(a).float() for a in (data.train.popularity, data.exposure))
        mean = (takers.sum() / exposure.sum().clamp(min=1e-9)).clamp(min=1e-9)
        rate = (takers + MEAN_RATE * mean) / (exposure + MEAN_RATE)
        return cls((rate / mean).log(), exposure * (takers == 0))

    def to(self, device: torch.device) -> "_Rates":
        """Move them to a device."""
        return _Rates(*(part.to(device) for part in self))


def _temper(expected: Tensor, trust: float, descriptors: Tensor) -> Tensor:
    """Move the predictions of a regression (F, K) towards their mean. trust: 1 changes nothing, 0 leaves the mean."""
    tempered = trust * expected
    tempered[-1] += (1 - trust) * (descriptors.mean(dim=0) @ expected)
    return tempered


def _cross_fit_by(descriptors: Tensor, takers: Tensor, factors: Tensor) -> Tensor:
    return cross_fit(descriptors, factors, takers, CLOSED_RIDGE)


def held_out_of(data: PersonalData) -> Interactions:
    """Return the pairs by which the mixture is chosen: of up to a thousand users, validation's or else the last."""
    if data.validation is None or not len(data.validation):
        return hold_out(data.train)
    return every_nth(data.validation, 1)


def hold_out(train: Interactions) -> Interactions:
    """Choose the last item of every n-th user: of a third of the users with three items or more, at most a thousand."""
    return every_nth(train.leave_one_out().test, 3)


def every_nth(pairs: Interactions, least: int) -> Interactions:
    """Choose every n-th pair, at most a thousand in all. least: of n."""
    return pairs.select(np.arange(len(pairs))[:: max(least, math.ceil(len(pairs) / HELD_OUT_USERS))])


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


class _JointBatches:
    """Batches of dvbpr, each after as many triples for bpr-mf as make `passes` over all pairs in an epoch."""

    def __init__(self, batches: Batches, train: Interactions, passes: float, generator: torch.Generator) -> None:
        self.batches = batches
        each = max(1, math.ceil(passes * len(train.distinct) / len(batches)))
        self.triples = Triples(train, each, generator)

    def __len__(self) -> int:
        return len(self.batches)

    def __iter__(self) -> Iterator[Batch]:
        triples = chain.from_iterable(repeat(self.triples))  # drawn anew each time round
        for batch in self.batches:
            yield *next(triples), *batch
