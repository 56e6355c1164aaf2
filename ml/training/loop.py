"""The only training loop."""

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer
from tqdm import tqdm

from ml.contract import Model
from ml.errors import TrainingDiverged
from ml.runtime import best_device, bf16_pays, seeded
from ml.training import resume


@dataclass(frozen=True)
class TrainConfig:
    epochs: int | None = None  # None: model.epochs, or without limit if there are `seconds`
    seed: int = 0
    seconds: float | None = None  # stop after so long; the learning rates' schedule is spread over it

    def __post_init__(self) -> None:
        if self.epochs is not None and self.epochs < 1:
            raise ValueError(f"{self.epochs} epochs; it takes a whole number from 1")
        if self.seconds is not None and not self.seconds > 0:
            raise ValueError(f"{self.seconds} seconds")


@dataclass(frozen=True)
class Epoch:
    number: int  # the first is 1
    of: int | None  # None where seconds alone decide
    losses: dict[str, float]  # means over the epoch's moves: of each "player", and of each "player/part" it told
    seconds: float
    samples_per_second: float


def fit(
    model: Model, data: Any, config: TrainConfig | None = None, *, folder: Path | None = None, progress: bool = False
) -> Iterator[Epoch]:
    """Train the model, handing over after each epoch, once its checkpoint is in `folder`; then finish it.

    Called again with the same folder it goes on after the last complete epoch and ends with the same weights as if it
    had never stopped: all chance in an epoch follows from the seed and the epoch's number. Uses a GPU where there is
    one. Run the iterator to its end: only then is the model finished, in eval mode, and worth saving.

    data: an ImageArray for a similar model, a PersonalData for a personal one.
    Raises TrainingDiverged at a loss that is not finite, BadCheckpoint if the folder holds another training.
    """
    config = config or TrainConfig()
    run = _Run(model, data, config, progress)
    done = 0 if folder is None else resume.newest(folder)
    if done:
        run.began -= resume.restore_model(model, config.seed, folder, done)
    else:
        with seeded(config.seed, 0) as generator:
            model.apply(_draw_weights)
            model.on_fit_start(data, generator)
    model.to(run.device)
    run.optimizers = model.optimizers()
    if done:
        resume.restore_optimizers(run.optimizers, folder, done)
    while run.optimizers and run.share(done) < 1:
        epoch = run.epoch(done + 1)
        done += 1
        if folder is not None:
            resume.keep(model, run.optimizers, config.seed, folder, done, elapsed=time.monotonic() - run.began)
        yield epoch
    model.eval()
    with seeded(config.seed, done + 1) as generator:
        model.on_fit_end(data, generator)


def _draw_weights(module: torch.nn.Module) -> None:
    # Drawn when the layer was made, with whatever chance there was; now they follow from the seed.
    if hasattr(module, "reset_parameters"):
        module.reset_parameters()


@dataclass
class _Run:
    model: Model
    data: Any
    config: TrainConfig
    progress: bool
    device: torch.device = field(default_factory=best_device)
    optimizers: dict[str, Optimizer] = field(default_factory=dict)
    began: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self.model.to(self.device)

    @property
    def epochs(self) -> int | None:
        if self.config.epochs is None and self.config.seconds is None:
            return self.model.epochs
        return self.config.epochs

    def share(self, epochs_done: float) -> float:
        """How much of the training is behind us, 0 to 1."""
        shares = [0.0]
        if self.epochs is not None:
            shares.append(epochs_done / self.epochs if self.epochs else 1.0)
        if self.config.seconds is not None:
            shares.append((time.monotonic() - self.began) / self.config.seconds)
        return max(shares)

    def epoch(self, number: int) -> Epoch:
        began = time.monotonic()
        means: dict[str, float] = {}  # of a player that rests there is none
        told: Counter[str] = Counter()  # a player may move more than once a batch
        samples = steps = 0
        self.model.train()
        with seeded(self.config.seed, number) as generator:
            batches = self.model.batches(self.data, generator)
            title = f"{self.model.method} epoch {number}" + (f"/{self.epochs}" if self.epochs else "")
            for batch in (bar := tqdm(batches, title, unit=" batches", disable=not self.progress)):
                share = self.share(number - 1 + steps / len(batches))
                if share >= 1:
                    break
                self._set_lr_factor(self.model.lr_factor(share))
                batch = tuple(part.to(self.device, non_blocking=True) for part in batch)
                for name, loss in self._step(batch):
                    if not loss.isfinite():
                        where = f"epoch {number}, batch {steps + 1}"
                        raise TrainingDiverged(f"{self.model.method}, {name}: loss {loss.item()} at {where}")
                    told[name] += 1
                    means[name] = means.get(name, 0.0) + (loss.item() - means.get(name, 0.0)) / told[name]
                steps, samples = steps + 1, samples + len(batch[0])
                bar.set_postfix({name: f"{mean:.4g}" for name, mean in means.items()}, refresh=False)
        seconds = time.monotonic() - began
        return Epoch(number, self.epochs, means, seconds, samples / seconds)

    def _step(self, batch: tuple[Tensor, ...]) -> Iterator[tuple[str, Tensor]]:
        """Each player's loss before it moves by it, then the parts of that loss."""
        use_bf16 = self.model.use_bf16 and bf16_pays(self.device)
        objectives = self.model.objectives(batch)  # lazy: the second player sees the first's step
        while True:
            with torch.autocast(self.device.type, torch.bfloat16, enabled=use_bf16):
                objective = next(objectives, None)
            if objective is None:
                return
            optimizer_name, loss, parts = (*objective, {})[:3]
            yield optimizer_name, loss
            yield from ((f"{optimizer_name}/{part}", value) for part, value in parts.items())
            self.optimizers[optimizer_name].zero_grad()
            loss.backward()
            self.optimizers[optimizer_name].step()

    def _set_lr_factor(self, lr_factor: float) -> None:
        for optimizer in self.optimizers.values():
            for group in optimizer.param_groups:
                group["lr"] = group.setdefault("full_lr", group["lr"]) * lr_factor
