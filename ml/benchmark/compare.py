"""Parts that all comparisons share: their options, the models, and the result document."""

import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeVar

import torch

from ml.benchmark.runs import Runs, Trained, report_progress
from ml.configs.methods import METHODS, is_network, method_of
from ml.contract import DesignModel, Model, PersonalModel, SimilarModel
from ml.errors import BadSetting, BadWeights, UnknownMethod
from ml.models.factory import create
from ml.training.loop import TrainConfig

# A result or a whole document as it is written to the JSON file: nested dicts, lists, numbers and text.
Document = dict[str, Any]
ModelT = TypeVar("ModelT", bound=Model)
ROLES: dict[type[Model], str] = {SimilarModel: "similar", PersonalModel: "personal", DesignModel: "design"}


@dataclass(frozen=True)
class Options:
    """Options of a comparison, as on the command line."""

    methods: Sequence[str]
    training: TrainConfig = TrainConfig()
    settings: dict[str, str] = field(default_factory=dict)  # each is passed to the methods that have it
    results: Path | None = (
        None  # folder for each method's figures, so that a second run continues after an interruption
    )
    models: Path | None = None  # folder for trained models
    pictures: Path | None = None  # folder for a contact sheet of each method
    labels: Sequence[str] = ()  # labels to measure by, "a+b" where both must agree; all by default
    where: Sequence[tuple[str, str]] = ()  # (label, value): measure again on the images that have it, alone
    sample: int | None = None  # test images that are measured, drawn at random; None: all, of table-2 at most 10,000
    form: str = "figures"  # of the table: "figures", "table-2" or "probes"
    altered: bool = False  # also search by altered images
    against: str | None = None  # the method from which each user's figures are subtracted
    select: bool = False  # take the epoch that ranks validation items best in place of the last
    positive: float | None = None  # the least value, such as a rating, of an interaction that counts
    moment: float | None = None  # in seconds: split all users there in place of each before the last two items
    share: float | None = None  # hold out so many of the items that anybody took, 0 to 1, in their place
    sampled: bool = False  # also the AUC over 100 sampled items, as in published figures
    progress: bool = False

    @property
    def runs(self) -> Runs:
        """Return the store of finished trainings and figures."""
        return Runs(self.training, self.results, self.models, self.progress)


def create_models(options: Options, kind: type[ModelT]) -> list[ModelT]:
    """Create the models of the options' methods, each with the settings that it has.

    Raises UnknownMethod for a method that is not of this kind, BadSetting for a setting that none of them has.
    """
    role = ROLES[kind]
    names = [name for name, method in METHODS.items() if method.role == role]
    for name in options.methods:
        if name not in names and not (is_network(name) and method_of(name).role == role):
            raise UnknownMethod(f"no {role} method is called {name!r}; there are: {', '.join(names)}")
    settings = {name: _select_settings(name, options.settings) for name in options.methods}
    used = {key for each in settings.values() for key in each} | {
        f"{name}.{key}" for name, each in settings.items() for key in each
    }
    if unused := [setting for setting in options.settings if setting not in used]:
        known = "; ".join(f"{name} has {', '.join(list_settings(name)) or 'none'}" for name in options.methods)
        raise BadSetting(f"{unused[0]} is not a setting of {', '.join(options.methods)}: {known}")
    models = [create(name, **settings[name]) for name in options.methods]
    return [model for model in models if isinstance(model, kind)]  # all of them: METHODS has their roles


def _select_settings(method: str, settings: Mapping[str, str]) -> dict[str, str]:
    """Return the settings that the method has; METHOD.KEY takes precedence over KEY."""
    general = {key: value for key, value in settings.items() if key in list_settings(method)}
    own = {key.removeprefix(f"{method}."): value for key, value in settings.items() if key.startswith(f"{method}.")}
    return general | own


def list_settings(method: str) -> list[str]:
    """Return the names of the method's settings."""
    return list(method_of(method).config.model_fields)


class Study(Protocol):
    """A method that is trained and measured, or was before."""

    @property
    def model(self) -> Model: ...

    def check(self) -> None:
        """Raise BadWeights if the method must be trained and its weights are missing."""


def find_missing_weights(studies: Sequence[Study], progress: bool) -> dict[str, str]:
    """Check all studies before any is trained; return by method why it cannot be trained.

    Raises BadWeights if none can be.
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
        report_progress(f"{method}: not run: {reason}", progress)
    return reasons


def build_result(trained: Trained[ModelT], figures: Mapping[str, Any], seconds: dict[str, float]) -> Document:
    """Build a method's entry of the document from its training and its figures."""
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


def build_document(task: str, options: Options, results: list[Document], facts: Mapping[str, Any]) -> Document:
    """Build the document of a comparison. facts: "data" and whatever else the task adds."""
    machine = {
        "processor": platform.machine(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        "python": platform.python_version(),
        "torch": torch.__version__,
    }
    return {"task": task, "seed": options.training.seed, "machine": machine, **facts, "results": results}
