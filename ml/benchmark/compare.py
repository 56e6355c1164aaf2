"""What all comparisons share: what is asked, the models, and the document that answers."""

import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import torch

from ml.benchmark.runs import Runs, Trained, say
from ml.configs.methods import METHODS
from ml.contract import Model
from ml.errors import BadSetting, BadWeights, UnknownMethod
from ml.models.factory import create
from ml.training.loop import TrainConfig


@dataclass(frozen=True)
class Options:
    methods: Sequence[str]
    training: TrainConfig = TrainConfig()
    settings: dict[str, str] = field(default_factory=dict)  # each goes to the methods that have it
    results: Path | None = None  # folder for each method's figures, so that a second run goes on after a stop
    models: Path | None = None  # folder for what was trained
    pictures: Path | None = None  # folder for a contact sheet of each method
    labels: Sequence[str] = ()  # those to measure by, "a+b" where both must agree; none: all there are
    where: Sequence[tuple[str, str]] = ()  # (label, value): measured again on the pictures that have it, alone
    form: str = "figures"  # what the table shows: "figures", "table-2" or "probes"
    against: str | None = None  # the method from which each user's figures are subtracted
    select: bool = False  # keep the epoch that ranks validation items best in place of the last
    sampled: bool = False  # also the AUC over 100 items drawn, as published figures have it
    progress: bool = False

    @property
    def runs(self) -> Runs:
        return Runs(self.training, self.results, self.models, self.progress)


def models(options: Options, role: str) -> list[Model]:
    fitting = [name for name, method in METHODS.items() if method.role == role]
    if unknown := [name for name in options.methods if name not in fitting]:
        raise UnknownMethod(f"no {role} method is called {unknown[0]!r}; there are: {', '.join(fitting)}")
    settings = {name: _meant_for(name, options.settings) for name in options.methods}
    heard = {key for each in settings.values() for key in each} | {
        f"{name}.{key}" for name, each in settings.items() for key in each
    }
    if unheard := [setting for setting in options.settings if setting not in heard]:
        known = "; ".join(f"{name} has {', '.join(known_to(name)) or 'none'}" for name in options.methods)
        raise BadSetting(f"{unheard[0]} is not a setting of {', '.join(options.methods)}: {known}")
    return [create(name, **settings[name]) for name in options.methods]


def _meant_for(method: str, settings: Mapping[str, str]) -> dict[str, str]:
    """Those settings that the method has, and those that name it, METHOD.KEY, which come first."""
    general = {key: value for key, value in settings.items() if key in known_to(method)}
    own = {key.removeprefix(f"{method}."): value for key, value in settings.items() if key.startswith(f"{method}.")}
    return general | own


def known_to(method: str) -> list[str]:
    """The names of the settings that the method has."""
    return list(METHODS[method].config.model_fields)


class Study(Protocol):
    """A method that is to be trained and measured, or was before."""

    model: Model

    def check(self) -> None:
        """Raises BadWeights if it is to be trained, and cannot be."""


def without_weights(studies: Sequence[Study], progress: bool) -> dict[str, str]:
    """By method, why it cannot be trained: asked before any is. The others are compared all the same.

    Raises BadWeights if there are no others.
    """
    reasons = {}
    for study in studies:
        try:
            study.check()
        except BadWeights as error:
            reasons[study.model.method] = str(error)
    if len(reasons) == len(studies):
        raise BadWeights("; ".join(f"{method}: {reason}" for method, reason in reasons.items()))
    for method, reason in reasons.items():
        say(f"{method}: not run: {reason}", progress)
    return reasons


def result(trained: Trained, figures: dict[str, Any], seconds: dict[str, float]) -> dict[str, Any]:
    model = trained.model
    return {
        "method": model.method,
        "config": model.config.model_dump(),
        "epochs": trained.epochs,
        **figures,
        "seconds": {"train": trained.seconds, **seconds},
        "dimensions": model.dimensions,
        "losses": trained.losses,
        "summary": model.summary(),
        "warnings": model.warnings(),
        **({"selected": trained.selected} if trained.selected else {}),
    }


def document(task: str, options: Options, results: list[dict[str, Any]], told: dict[str, Any]) -> dict[str, Any]:
    """told: "data", "chance" and whatever else the task has to say."""
    machine = {
        "processor": platform.machine(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        "python": platform.python_version(),
        "torch": torch.__version__,
    }
    return {"task": task, "seed": options.training.seed, "machine": machine, **told, "results": results}
