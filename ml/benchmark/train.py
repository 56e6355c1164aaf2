"""One method trained on all of the data, in one process or in those of `torchrun`: `python -m ml train`."""

import os
from pathlib import Path
from typing import Any

from ml.benchmark import compare
from ml.benchmark.compare import Options
from ml.configs.methods import METHODS
from ml.contract import Model, PersonalModel, SimilarModel
from ml.data import vision_sets
from ml.data.conversion import ensure_converted
from ml.data.interaction_files import read_interaction_file
from ml.data.interactions import PersonalData
from ml.errors import BadSetting
from ml.group import launched
from ml.training import checkpoints, resume
from ml.training.cards import train_in


def train(data: str, options: Options, folder: Path) -> str:
    """Train the options' one method and save it in the folder; return a line about it.

    Called again after an interruption it continues. Of several processes the first alone reports. Raises BadSetting if
    the folder has a model already.
    """
    is_first = os.environ.get("RANK", "0") == "0"
    progress = options.progress and is_first
    (method,) = options.methods
    kind = PersonalModel if method in METHODS and METHODS[method].role == "personal" else SimilarModel
    (model,) = compare.create_models(options, kind)
    if (folder / checkpoints.CONFIG).exists():
        raise BadSetting(f"{folder} has a trained model already; name another folder")
    model.check()
    folder.mkdir(parents=True, exist_ok=True)
    epochs = train_in(folder, model, read_data(model, data, progress), options.training, progress)
    if not is_first:
        return ""
    resume.forget(folder)
    last = epochs[-1] if epochs else None
    figures = ", ".join(f"{name} {loss:.4g}" for name, loss in last.losses.items()) if last else "no epochs"
    speed = f", {last.samples_per_second:,.0f} samples a second" if last else ""
    count = f"{launched()} processes" if launched() > 1 else "one process"
    return f"{folder}: {method} of {count}, {figures}{speed}"


def read_data(model: Model, data: str, progress: bool) -> Any:
    """Read all that this model can be trained on. Any: what `fit` takes."""
    if isinstance(model, SimilarModel):
        return vision_sets.read(data, vision_sets.TRAIN).decode(model.image_size, progress)[1]
    path = Path(data)
    file, images = read_interaction_file(ensure_converted(path) if path.suffix == ".npy" else path), None
    if model.image_size:
        file, images = file.decode(model.image_size, progress)
    return PersonalData(images, file.interactions, file.categories, texts=file.texts)
