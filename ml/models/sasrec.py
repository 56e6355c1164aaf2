"""sasrec: a transformer over what a user took, in order; items have factors of their own and some from their image."""

import math
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from ml.configs.personal import SasrecConfig
from ml.contract import Batches
from ml.data.interactions import Interactions, PersonalData
from ml.models.frozen import FeatureModel, FrozenFeatures
from ml.nn.losses import sum_squares


class Sasrec(FeatureModel[SasrecConfig]):
    """x_ui = h_u . e_i, where e_i = v_i + E f_i and h_u is the transformer's last output for the e of what u took.

    Kang & McAuley 2018, arXiv:1808.09781, with the loss of Klenitskiy & Vasilev 2023, arXiv:2309.07602: at each
    position the next item is told by a softmax from items that are drawn from all that anybody took, the same for a
    batch. e_i has a part by the image f_i, so that a new item has a score: a share of the items in training, and for
    good those that nobody took or that were added later, have one common vector v_0 in place of their own.
    """

    method = "sasrec"
    epochs = 50
    users: Tensor  # (U, K) h of all that each took; zeros without any
    known: Tensor  # (I,) whether anybody took the item
    centre: Tensor  # (K,) mean of e over the catalogue

    def __init__(self, config: SasrecConfig) -> None:
        frozen = FrozenFeatures.of(config)
        super().__init__(config, frozen, frozen.width)
        self.dimensions = config.factors
        self.E = nn.Parameter(torch.zeros(config.factors, self.width))
        self.v_0 = nn.Parameter(torch.zeros(config.factors))
        self.positions = nn.Parameter(torch.zeros(config.length, config.factors))
        block = nn.TransformerEncoderLayer(
            config.factors, 1, config.factors, config.dropout, batch_first=True, norm_first=True
        )
        norm = nn.LayerNorm(config.factors)
        self.transformer = nn.TransformerEncoder(block, config.blocks, norm, enable_nested_tensor=False)
        self.dropout = nn.Dropout(config.dropout)
        self.sequences = torch.zeros(0, 0, dtype=torch.long)  # while it is trained
        self.register_buffer("centre", torch.zeros(config.factors))
        self.allocate(users=0, items=0)

    @property
    def state_shapes(self) -> dict[str, int]:
        return {"users": len(self.users), "items": len(self.v)}

    def allocate(self, users: int, items: int) -> None:
        self.v = nn.Parameter(self.E.new_zeros(items, self.dimensions))
        self.register_buffer("users", self.centre.new_zeros(users, self.dimensions))
        self.register_buffer("known", torch.zeros(items, dtype=torch.bool, device=self.E.device))

    def on_fit_start(self, data: PersonalData, generator: torch.Generator) -> None:
        super().on_fit_start(data, generator)
        self.allocate(data.train.n_users, data.train.n_items)
        for table in (self.v, self.positions):
            nn.init.normal_(table, std=1 / math.sqrt(self.dimensions))
        nn.init.xavier_uniform_(self.E)
        for name, table in self.transformer.named_parameters():
            if table.dim() > 1:
                nn.init.xavier_uniform_(table)
            else:
                nn.init.constant_(table, 1.0 if "norm" in name and "weight" in name else 0.0)
        self.known.copy_(torch.from_numpy(data.train.popularity > 0))

    def optimizers(self) -> dict[str, torch.optim.Optimizer]:
        parameters = [self.v, self.v_0, self.E, self.positions, *self.transformer.parameters()]
        return {"all": torch.optim.Adam(parameters, lr=self.config.learning_rate, betas=(0.9, 0.98))}

    def lr_factor(self, done: float) -> float:
        return (1 + math.cos(math.pi * done)) / 2

    def batches(self, data: PersonalData, generator: torch.Generator) -> Batches:
        self.catalogue_features(data)
        self.sequences = latest_items(data.train, self.config.length + 1).to(self.device)
        return _SequenceBatches(self.sequences, self.known, self.config, generator)

    def objectives(self, batch: tuple[Tensor, ...]) -> Iterator[tuple[str, Tensor]]:
        sequences, others, rows = batch
        inputs, targets = sequences[:, :-1], sequences[:, 1:]
        e = self._embed_known(rows)
        counted = targets >= 0
        h = self.encode(e[torch.searchsorted(rows, inputs.clamp(min=0))], counted.sum(dim=1))
        chosen = (h * e[torch.searchsorted(rows, targets.clamp(min=0))]).sum(dim=2)
        rest = h @ e[torch.searchsorted(rows, others)].T  # (B, L, N)
        taken = (sequences[:, :, None] == others).any(dim=1)[:, None, :]
        rest = rest.masked_fill(taken, -torch.inf)
        losses = torch.cat([chosen[:, :, None], rest], dim=2).logsumexp(dim=2) - chosen
        loss = (losses * counted).sum() / counted.sum().clamp(min=1)
        yield "all", loss + 0.5 * self.config.lambda_e * sum_squares(self.E)

    def _embed_known(self, items: Tensor) -> Tensor:
        """Compute e (N, K) of items of the training data (N,), of some with v_0 during the training."""
        own = self.known[items]
        if self.training:
            own = own & (torch.rand(len(items), device=self.device) >= self.config.without_factors)
        return torch.where(own[:, None], self.v[items], self.v_0) + (self.item_features(items) - self.mean) @ self.E.T

    def encode(self, e: Tensor, counts: Tensor) -> Tensor:
        """Compute h (B, L, K) after each of a user's items, with vectors e (B, L, K), of which `counts` (B,) matter.

        Positions count from the last of these, so that it has the same in long and in short histories.
        """
        steps = torch.arange(e.shape[1], device=self.device)
        indices = (steps + self.config.length - counts[:, None]) % self.config.length
        inputs = self.dropout(e * math.sqrt(self.dimensions) + self.positions[indices])
        mask = steps > steps[:, None]  # True: not looked at
        found: Tensor = self.transformer(inputs, mask, is_causal=True)  # or else torch reads the mask to find out
        return found

    @torch.no_grad()
    def on_fit_end(self, data: PersonalData, generator: torch.Generator) -> None:
        self.catalogue_features(data)
        sequences = latest_items(data.train, self.config.length).to(self.device)
        for users in torch.arange(len(sequences), device=self.device).split(self.config.batch_size):
            items = sequences[users]
            count = (items >= 0).sum(dim=1)
            e = self._embed_known(items.flatten().clamp(min=0)).view(*items.shape, -1)
            h = self.encode(e, count)[torch.arange(len(users)), count.clamp(min=1) - 1]
            self.users[users] = h * (count > 0)[:, None]
        self.centre.copy_(torch.where(self.known[:, None], self.v, self.v_0).mean(dim=0))
        self.sequences = self.sequences[:0]
        super().on_fit_end(data, generator)

    def embed(self, images: Tensor | None, items: Tensor, texts: Sequence[str] | None = None) -> Tensor:
        assert images is not None
        rows = items.clamp(min=0)
        known = (self.known[rows] & (items >= 0))[:, None]
        own = torch.where(known, self.v[rows], self.v_0) - self.centre
        return (own + (self.extract(images, texts) - self.mean) @ self.E.T).detach()

    def user_vectors(self) -> Tensor:
        return self.users


def latest_items(train: Interactions, length: int) -> Tensor:
    """Return (U, length) of each user the latest items, each once, the earliest first; then -1."""
    pairs = train.distinct.select(train.distinct.by_time)
    pairs = pairs.select(np.argsort(pairs.users, kind="stable"))
    counts = np.bincount(pairs.users, minlength=train.n_users)
    index = np.arange(len(pairs)) - (np.cumsum(counts) - counts)[pairs.users]
    index -= np.maximum(counts - length, 0)[pairs.users]
    sequences = np.full((train.n_users, length), -1)
    sequences[pairs.users[index >= 0], index[index >= 0]] = pairs.items[index >= 0]
    return torch.from_numpy(sequences)


class _SequenceBatches:
    """One epoch of (sequences (B, L), others (N,), all items of both (M,)).

    Each user with two items comes once; others are drawn for the batch. All items are sorted, each once, with item 0
    in place of padding.
    """

    def __init__(self, sequences: Tensor, known: Tensor, config: SasrecConfig, generator: torch.Generator) -> None:
        self.sequences, self.config, self.generator = sequences.cpu(), config, generator
        self.users = (self.sequences[:, 1] >= 0).nonzero()[:, 0]
        self.known = known.cpu().nonzero()[:, 0]

    def __len__(self) -> int:
        return -(-len(self.users) // self.config.batch_size)

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        shuffled = self.users[torch.randperm(len(self.users), generator=self.generator)]
        for users in shuffled.split(self.config.batch_size):
            drawn = torch.randperm(len(self.known), generator=self.generator)[: self.config.negatives]
            sequences, others = self.sequences[users], self.known[drawn]
            yield sequences, others, torch.cat([sequences.flatten(), others]).clamp(min=0).unique()
