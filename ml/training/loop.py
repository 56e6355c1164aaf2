"""The training loop of all methods."""

import time
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic

import torch
from torch.optim import Optimizer
from tqdm import tqdm

from ml import group
from ml.configs.base import Config
from ml.contract import DataT, Model
from ml.data.batching import load, take_own
from ml.runtime import best_device, seeded
from ml.training import resume, sharing
from ml.training.steps import Losses, explaining_memory, take_steps

READ_EVERY = 20  # batches, after which losses are read: a GPU must end all its work before it can tell them


@dataclass(frozen=True)
class TrainConfig:
    epochs: int | None = None  # None: model.epochs, or no limit if there are `seconds`
    seed: int = 0
    seconds: float | None = None  # stop after so long; the learning rates' schedule is spread over it

    def __post_init__(self) -> None:
        if self.epochs is not None and self.epochs < 1:
            raise ValueError(f"epochs is {self.epochs}; it takes a whole number from 1")
        if self.seconds is not None and not self.seconds > 0:
            raise ValueError(f"seconds is {self.seconds}; it takes a number above 0")


@dataclass(frozen=True)
class Epoch:
    """The report of one epoch."""

    number: int  # the first is 1
    of: int | None  # None where only seconds limit the training
    losses: dict[
        str, float
    ]  # means over the epoch's steps, by "optimizer" and, for parts of the loss, "optimizer/part"
    seconds: float
    samples_per_second: float


def fit(
    model: Model[Config, DataT],
    data: DataT,
    config: TrainConfig | None = None,
    *,
    folder: Path | None = None,
    progress: bool = False,
    check: Callable[[], None] | None = None,
    save_every: float = 0.0,
) -> Generator[Epoch, None, None]:
    """Train the model, yield a report after each epoch, whose state is then written in `folder`, and finish the model.

    Called again with the same folder it resumes after the last epoch that was saved and ends with the same weights as
    without the interruption: all random numbers of an epoch follow from the seed and the epoch's number. Uses a GPU
    where there is one. Exhaust the iterator: only then is the model finished, in eval mode, and can be saved; or close
    it, which waits until the last state is written. An error of the writing is raised where the next state is saved.

    Processes that `torchrun` has started share the training (ml.group): each calls this with the same arguments, and
    process 0 alone saves states and finishes its model. `folder` must be one that all of them see.

    data: an ImageArray for a similar model, PersonalData for a personal one, LabelledImages for a design model.
    check: called before each batch, and before the state is saved; what it raises ends the training.
    save_every: seconds; an epoch that ends sooner after the last save is not saved.
    Raises TrainingDiverged at a loss that is not finite, up to `READ_EVERY` batches after it but before anything is
    saved, OutOfMemory if a batch does not fit in the GPU's memory, BadCheckpoint if the folder holds another training,
    NotShareable if several processes cannot train this method, ProcessLost if one of them is lost.
    """
    config = config or TrainConfig()
    with group.joined(), sharing.shared(model), resume.Writer() as writer:
        is_first = group.rank() == 0
        run = _Run(model, data, config, progress and is_first, check or (lambda: None))
        done = 0 if folder is None else sharing.agree_on_epoch(folder)
        if folder is not None and done:
            run.began -= resume.restore_model(model, config.seed, folder, done)
        else:
            with seeded(config.seed, 0) as generator:
                model.apply(_reset_parameters)
                model.on_fit_start(data, generator)
        model.to(run.device)
        group.broadcast(model.state_dict().values())
        run.optimizers = model.optimizers()
        if folder is not None and done:
            resume.restore_optimizers(run.optimizers, folder, done)
        saved = time.monotonic()
        while run.optimizers and run.progress_after(done) < 1:
            epoch = run.train_epoch(done + 1)
            done += 1
            if folder is not None and is_first and time.monotonic() - saved >= save_every:
                run.check()
                elapsed = time.monotonic() - run.began
                writer.save_epoch(resume.State.copy(model, run.optimizers, config.seed, done, elapsed), folder)
                saved = time.monotonic()
            yield epoch
    model.eval()
    if is_first:
        with seeded(config.seed, done + 1) as generator:
            model.on_fit_end(data, generator)


def _reset_parameters(module: torch.nn.Module) -> None:
    # Constructors draw weights from an unseeded generator; drawn again here they follow from the seed.
    if callable(reset := getattr(module, "reset_parameters", None)):
        reset()


@dataclass
class _Run(Generic[DataT]):
    model: Model[Config, DataT]
    data: DataT
    config: TrainConfig
    progress: bool
    check: Callable[[], None]
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

    def progress_after(self, epochs_done: float) -> float:
        """Return the share of the training that is done, from 0; at 1 it ends."""
        shares = [0.0]
        if self.epochs is not None:
            shares.append(epochs_done / self.epochs if self.epochs else 1.0)
        if self.config.seconds is not None:
            shares.append(group.agree((time.monotonic() - self.began) / self.config.seconds))
        return max(shares)

    def train_epoch(self, number: int) -> Epoch:
        began = time.monotonic()
        losses = Losses(self.model.method, number)
        samples = steps = 0
        self.model.train()
        with seeded(self.config.seed, number) as generator:
            sharing.draw_apart()
            batches = self.model.batches(self.data, generator)
            title = f"{self.model.method} epoch {number}" + (f"/{self.epochs}" if self.epochs else "")
            for batch in (bar := tqdm(batches, title, unit=" batches", disable=not self.progress)):
                done = self.progress_after(number - 1 + steps / len(batches))
                if done >= 1:
                    break
                self.check()
                self._set_lr_factor(self.model.lr_factor(done))
                steps, samples = steps + 1, samples + len(batch[0])
                with explaining_memory(self.model):
                    for name, loss in take_steps(self.model, self.optimizers, load(take_own(batch), self.device)):
                        losses.add(name, steps, loss)
                if steps % READ_EVERY == 0:
                    losses.read()
                    bar.set_postfix({name: f"{mean:.4g}" for name, mean in losses.means.items()}, refresh=False)
            losses.read()
        seconds = time.monotonic() - began
        return Epoch(number, self.epochs, losses.means, seconds, samples / seconds)

    def _set_lr_factor(self, lr_factor: float) -> None:
        for optimizer in self.optimizers.values():
            for parameters in optimizer.param_groups:
                parameters["lr"] = parameters.setdefault("full_lr", parameters["lr"]) * lr_factor
