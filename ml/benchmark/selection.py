"""Early stopping after the fact: selection of the epoch whose model ranks the validation items highest."""

import time
from dataclasses import dataclass, field, replace

import numpy as np

from ml.benchmark.runs import Selected
from ml.contract import PersonalModel
from ml.data.interactions import PersonalData, Split
from ml.evaluation.metrics import rank_held_out
from ml.models.factory import create
from ml.nn.inference import embed_items
from ml.runtime import seeded
from ml.training.loop import Epoch

USERS = 2000  # measured at most
SHARE = 0.1  # of the training's time that measuring may take, beyond the first epoch's and the last one's


@dataclass
class Selection:
    """Measures epochs of a training as time allows, and holds the best of their models.

    Which epochs are measured depends on the machine's speed, and so may the outcome: `measured` has them all.
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
        sample = np.random.default_rng(self.seed).permutation(len(validation))[:USERS]
        self.split = replace(self.split, validation=validation.select(np.sort(sample)))

    def after(self, model: PersonalModel, epoch: Epoch) -> None:
        """Measure the model as if the training ended with this epoch, if there is time for it."""
        self.trained_seconds += epoch.seconds
        expected = self.measuring_seconds * (1 + 1 / max(1, len(self.measured)))
        if expected <= SHARE * self.trained_seconds:
            began = time.monotonic()
            self._measure(_finish_copy(model, self.data, self.seed, epoch.number), epoch.number)
            self.measuring_seconds += time.monotonic() - began

    def choose(self, model: PersonalModel, epochs: int) -> PersonalModel:
        """Return the best model, or the given one, which is finished, if that is better; the earlier among equals."""
        if epochs not in self.measured:
            self._measure(model, epochs)
        assert self.best is not None  # the first that is measured is the best so far
        return self.best

    def as_dict(self) -> Selected:
        """Return what was measured and chosen, as it stands in a result document."""
        auc = {str(number): auc for number, auc in self.measured.items()}
        return {"epoch": self.epoch, "auc": auc, "users": len(self.split.validation)}

    def _measure(self, model: PersonalModel, number: int) -> None:
        items = embed_items(model, self.data.images, self.split.train.n_items, texts=self.data.texts)
        users = model.user_vectors().float().cpu()
        auc = float(np.nanmean(rank_held_out(users, items, self.split, on="validation").auc))
        if not self.measured or auc > max(self.measured.values()):
            self.best, self.epoch = model, number
        self.measured[number] = auc


def _finish_copy(model: PersonalModel, data: PersonalData, seed: int, epoch: int) -> PersonalModel:
    """Copy the model and finish the copy; the training of the model itself is not affected."""
    with seeded(seed, epoch + 1) as generator:
        copy = create(model.method, **model.config.model_dump())
        assert isinstance(copy, PersonalModel)
        copy.allocate(**model.state_shapes)
        copy.load_state_dict(model.state_dict())
        copy = copy.to(model.device).eval()
        copy.on_fit_end(data, generator)
    return copy
