"""warp: matrix factorisation by WARP, a loss that weighs the top of the list."""

from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor

from ml.configs.personal import WarpConfig
from ml.contract import Batches
from ml.data.interactions import Interactions, PersonalData
from ml.data.sampling import Triples
from ml.models.matrix_factorisation import MatrixFactorisation
from ml.nn.losses import sum_squares

HEAVIEST = 10.0  # LightFM's bound on a weight


class Warp(MatrixFactorisation[WarpConfig]):
    """The scores and vectors of `bpr-mf`, with another loss. Weston et al. 2011 (WSABIE), much as in LightFM.

    For each positive (u, i) items are drawn until one that u has not taken violates x_uj <= x_ui - 1. The later in the
    draws it is found, the nearer i is to the top and the less the hinge weighs: ln((|I| - 1) / draws), at most 10. If
    none is found in `max_sampled` draws, the positive is skipped. Here a batch is drawn at once, before any of it
    changes a vector, in place of one positive after another; and users are drawn evenly, as by `bpr-mf`.
    """

    method = "warp"
    epochs = 30

    def optimizers(self) -> dict[str, torch.optim.Optimizer]:
        return {"all": torch.optim.Adagrad(self.parameters(), lr=self.config.learning_rate)}

    def lr_factor(self, done: float) -> float:
        return 1.0  # Adagrad slows by itself

    def batches(self, data: PersonalData, generator: torch.Generator) -> Batches:
        return _PositivesAndDraws(data.train, self.config.batch_size, generator, self.config.max_sampled)

    def objectives(self, batch: tuple[Tensor, ...]) -> Iterator[tuple[str, Tensor]]:
        u, i, drawn, taken = batch
        w, v_i = self.w[u], self.v[i]  # (B, K)
        x_ui = self.b[i] + (w * v_i).sum(dim=1)
        with torch.no_grad():
            x_drawn = self.b[drawn] + (w[:, None] * self.v[drawn]).sum(dim=2)  # (B, max_sampled)
            weight, draw = warp_weight(x_drawn > x_ui[:, None] - 1, taken, n_items=len(self.v))
            j = drawn.gather(1, draw[:, None])[:, 0]
        v_j = self.v[j]
        x_uj = self.b[j] + (w * v_j).sum(dim=1)
        loss = (weight * F.relu(1 - x_ui + x_uj)).sum()
        yield "all", (loss + 0.5 * self.config.decay * sum_squares(w, v_i, v_j)) / len(u)


def warp_weight(violates: Tensor, taken: Tensor, n_items: int) -> tuple[Tensor, Tensor]:
    """Compute each positive's weight, 0 if no draw violates it, and the index of the first draw that does: both (B,).

    violates: (B, S) whether each item drawn scores within 1 of the positive or above. taken: (B, S) whether the user
    has taken it; then it is no violation, but still counts as a draw.
    """
    found = violates & ~taken
    draw = found.float().argmax(dim=1)  # the first
    rank = torch.div(n_items - 1, draw + 1, rounding_mode="floor")
    weight = rank.clamp(min=1).float().log().clamp(max=HEAVIEST)
    return torch.where(found.any(dim=1), weight, 0.0), draw


class _PositivesAndDraws:
    """One epoch of (users, positives, draws, taken): (B,), (B,), then (B, S) items drawn evenly and who has taken them.

    Users and positives are drawn as by Triples.
    """

    def __init__(self, train: Interactions, batch_size: int, generator: torch.Generator, draws: int) -> None:
        self.triples = Triples(train, batch_size, generator)
        self.draws, self.generator = draws, generator

    def __len__(self) -> int:
        return len(self.triples)

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor, Tensor, Tensor]]:
        for users, positives, _ in self.triples:
            drawn = torch.randint(self.triples.n_items, (len(users), self.draws), generator=self.generator)
            taken = self.triples.is_taken(users.repeat_interleave(self.draws), drawn.flatten()).view_as(drawn)
            yield users, positives, drawn, taken
