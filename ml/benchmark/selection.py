"""Which epoch of a training to keep: the one after which the validation items ranked highest."""

import time
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ml.contract import PersonalModel
from ml.data.interactions import PersonalData, Split
from ml.evaluation.metrics import rank_held_out
from ml.models.factory import create
from ml.nn.inference import embed_items
from ml.runtime import seeded
from ml.training.loop import Epoch

USERS = 2000  # at most so many are asked
SHARE = 0.1  # of the training's time that measuring may take, beyond the first epoch's and the last one's


@dataclass
class Selection:
    """Is told of each epoch of a training, and keeps the best of those that there was time to measure.

    Which these are depends on the machine's speed, and so may the outcome: `measured` has them all.
    """

    data: PersonalData
    split: Split
    seed: int
    best: PersonalModel | None = None
    epoch: int = 0  # of the best
    measured: dict[int, float] = field(default_factory=dict)  # by epoch: the validation AUC
    trained_seconds: float = 0.0
    measuring_seconds: float = 0.0

    def __post_init__(self) -> None:
        validation = self.split.validation
        asked = np.random.default_rng(self.seed).permutation(len(validation))[:USERS]
        self.split = replace(self.split, validation=validation.select(np.sort(asked)))

    def after(self, model: PersonalModel, epoch: Epoch) -> None:
        """Measure what the training would give, did it end here, if there is time for it."""
        self.trained_seconds += epoch.seconds
        once_more = self.measuring_seconds * (1 + 1 / max(1, len(self.measured)))
        if once_more <= SHARE * self.trained_seconds:
            began = time.monotonic()
            self._measure(_ended(model, self.data, self.seed, epoch.number), epoch.number)
            self.measuring_seconds += time.monotonic() - began

    def end(self, model: PersonalModel, epochs: int) -> PersonalModel:
        """The best model, or the one given, which is finished, if that is better; the earlier among equals."""
        if epochs not in self.measured:
            self._measure(model, epochs)
        return self.best

    def as_dict(self) -> dict[str, Any]:
        auc = {str(number): auc for number, auc in self.measured.items()}
        return {"epoch": self.epoch, "auc": auc, "users": len(self.split.validation)}

    def _measure(self, model: PersonalModel, number: int) -> None:
        items = embed_items(model, self.data.images, self.split.train.n_items)
        users = model.user_vectors().float().cpu()
        auc = float(np.nanmean(rank_held_out(users, items, self.split, on="validation").auc))
        if not self.measured or auc > max(self.measured.values()):
            self.best, self.epoch = model, number
        self.measured[number] = auc


def _ended(model: PersonalModel, data: PersonalData, seed: int, epoch: int) -> PersonalModel:
    """A finished copy; the model itself trains on as if nothing had been."""
    with seeded(seed, epoch + 1) as generator:
        copy = create(model.method, **model.config.model_dump())
        copy.allocate(**model.state_shapes)
        copy.load_state_dict(model.state_dict())
        copy = copy.to(model.device).eval()
        copy.on_fit_end(data, generator)
    return copy
