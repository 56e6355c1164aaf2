"""`python -m ml compare design` without the command line."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ml.benchmark import compare
from ml.benchmark.compare import Options
from ml.benchmark.designs.measures import Classifier, Critic
from ml.benchmark.designs.study import Study, World
from ml.benchmark.runs import Runs, Trained, fingerprint, stamps
from ml.contract import DesignModel, PersonalModel
from ml.data.images import ImageArray
from ml.data.interaction_files import InteractionFile, read_interaction_file
from ml.data.interactions import PersonalData, Split
from ml.data.labelled_images import LabelledImages
from ml.errors import BadData, BadSetting
from ml.generation.search import STEPS
from ml.training.loop import TrainConfig

LEAST = 40  # pictures of a category, for it to be learned
HISTORY = 10  # products that a user must have taken more of: of few, a taste is mostly noise
Figures = dict[str, Any]


@dataclass(frozen=True)
class Asked:
    scorer: str = "hybrid"  # the personal method whose score is sought
    judge: str = "vbpr"  # the one that judges too: trained apart, with another seed
    categories: Sequence[str] = ()  # those designed in; none: all with enough pictures
    users: int = 10  # of each category
    steps: int = STEPS  # of each search


def compare_design(data: Path, options: Options, asked: Asked) -> Figures:
    """Train a scorer, a judge and each generator; design and tailor for some users, and measure what comes of it."""
    generators, (scorer,), (judge,) = _models(options, asked)
    journal = read_interaction_file(data)
    if journal.categories is None:
        raise BadData(f"{data}: there is no items.csv that tells each item's category")
    read = fingerprint(stamps(journal.sources or ()), journal.interactions.users.tolist())
    journal, images = journal.decode(DesignModel.image_size, options.progress)
    split = journal.split()
    garments, left_out = _garments(journal, images, asked.categories)
    critics = []
    for role, model, seed in (("scorer", scorer, options.training.seed), ("judge", judge, options.training.seed + 1)):
        trained = _personal(role, model, seed, journal, split, options, read)
        critics.append(Critic(trained.model.cpu(), garments))
    users = _users(journal, split, garments, asked.users, options.training.seed)
    classifier = Classifier(garments, options.training.seed)
    world = World(garments, *critics, classifier, users, options.training.seed, asked.steps, options.progress)
    results = [_result(world, model, options, asked, fingerprint(read, garments.names)) for model in generators]
    counts = {name: len(garments.indices_of(number)) for number, name in enumerate(garments.names)}
    told = {
        "data": {
            "pictures": counts,
            "users": {name: len(users[number]) for number, name in enumerate(garments.names)},
            "left_out": left_out,
            "failed": journal.failed,
        },
        "scorer": asked.scorer,
        "judge": asked.judge,
        "classifier": {"accuracy": classifier.accuracy},
    }
    return compare.document("design", options, results, told)


def _models(options: Options, asked: Asked) -> list[Sequence[Any]]:
    """Generators, scorer and judge, each with the settings that name it; the rest are the generators'."""
    roles = ((options.methods, "design"), ([asked.scorer], "personal"), ([asked.judge], "personal"))
    made = []
    for methods, role in roles:
        others = {name for names, _ in roles for name in names} - set(methods)
        settings = {key: value for key, value in options.settings.items() if key.partition(".")[0] not in others}
        if role == "personal":
            settings = {key: value for key, value in settings.items() if "." in key}
        made.append(compare.models(replace(options, methods=methods, settings=settings), role))
    for (model,) in made[1:]:
        if model.image_size is None:
            raise BadSetting(f"{model.method} never looks at pictures, so that it can say nothing of a new one")
    return made


def _garments(
    journal: InteractionFile, images: ImageArray, wanted: Sequence[str]
) -> tuple[LabelledImages, dict[str, int]]:
    """The pictures of the categories that are wanted and large enough, and what was left out."""
    if unknown := [name for name in wanted if name not in journal.category_names]:
        raise BadData(f"no item is of the category {unknown[0]!r}; there are: {', '.join(journal.category_names)}")
    counts = np.bincount(journal.categories[journal.categories >= 0], minlength=len(journal.category_names))
    known = dict(zip(journal.category_names, counts.tolist(), strict=True))
    asked = {name: count for name, count in known.items() if not wanted or name in wanted}
    names = tuple(name for name, count in asked.items() if count >= LEAST)
    if not names:
        counted = ", ".join(f"{name} {count}" for name, count in asked.items())
        raise BadData(f"no category has {LEAST} pictures: {counted}")
    numbers = {journal.category_names.index(name): number for number, name in enumerate(names)}
    items = np.flatnonzero(np.isin(journal.categories, list(numbers)))
    classes = np.array([numbers[category] for category in journal.categories[items].tolist()])
    left_out = {name: count for name, count in asked.items() if count < LEAST}
    return LabelledImages(ImageArray(images.pixels[items]), classes, names), left_out


def _personal(
    role: str, model: PersonalModel, seed: int, journal: InteractionFile, split: Split, options: Options, read: str
) -> Trained:
    models = options.models / role if options.models else None
    runs = Runs(TrainConfig(seed=seed), None, models, options.progress)

    def data() -> PersonalData:
        _, images = journal.decode(model.image_size, options.progress)
        return PersonalData(images, split.train, journal.categories)

    return runs.train(model, runs.key(model, fingerprint(read, role)), data)


def _users(journal: InteractionFile, split: Split, garments: LabelledImages, count: int, seed: int) -> list[np.ndarray]:
    """For each category users with a history whose last product is of it, drawn by chance."""
    histories = np.bincount(split.train.users, minlength=split.train.n_users)
    known = histories[split.test.users] > HISTORY
    rng = np.random.default_rng(seed)
    found = []
    for name in garments.names:
        of_category = journal.categories[split.test.items] == journal.category_names.index(name)
        users = split.test.users[known & of_category]
        found.append(rng.permutation(users)[:count])
    if not any(len(users) for users in found):
        raise BadData(f"no user has taken more than {HISTORY} items and, last, one of these categories")
    return found


def _result(world: World, model: DesignModel, options: Options, asked: Asked, read: str) -> Figures:
    runs = options.runs
    run = runs.key(model, read)
    measured = fingerprint(run, asked, options.pictures)
    if (kept := runs.result(model.method, measured)) is not None:
        return kept
    trained = runs.train(model, run, lambda: world.garments)
    study = Study(world, trained.model.cpu().eval())
    result = compare.result(trained, *study.figures())
    if options.pictures:
        study.draw(options.pictures)
    runs.keep(model.method, measured, result)
    return result
