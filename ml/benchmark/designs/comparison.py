"""Comparison of generators: `python -m ml compare design` without the command line."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ml.benchmark import compare
from ml.benchmark.compare import Document, Options
from ml.benchmark.designs.measures import Classifier, Critic
from ml.benchmark.designs.study import Setup, Study
from ml.benchmark.runs import Runs, Trained, fingerprint, stamp_images
from ml.contract import DesignModel, PersonalModel
from ml.data.images import ImageArray
from ml.data.interaction_files import InteractionFile, read_interaction_file
from ml.data.interactions import PersonalData, Split
from ml.data.labelled_images import LabelledImages
from ml.errors import BadData, BadSetting
from ml.generation.search import STEPS
from ml.training.loop import TrainConfig

LEAST = 40  # images that a category needs
HISTORY = 10  # products of which a user must have taken more: from few, a taste is mostly noise


@dataclass(frozen=True)
class DesignOptions:
    """Options of a comparison of generators, beside those of all comparisons."""

    scorer: str = "hybrid"  # the personal method whose score is maximized
    judge: str = "vbpr"  # a personal method that scores the designs too, trained separately with another seed
    categories: Sequence[str] = ()  # to design in; by default all with enough images
    users: int = 10  # of each category
    steps: int = STEPS  # of each search


def compare_design(data: Path, options: Options, design_options: DesignOptions) -> Document:
    """Train a scorer, a judge and each generator; design and tailor for some users, and measure the results."""
    generators, scorer, judge = _create_models(options, design_options)
    file = read_interaction_file(data)
    if file.categories is None:
        raise BadData(f"{data}: there is no items.csv with each item's category")
    data_fingerprint = fingerprint(stamp_images(file.sources or ()), file.interactions.users.tolist())
    file, images = file.decode(DesignModel.image_size, options.progress)
    split = file.split()
    products, left_out = _select_products(file, images, design_options.categories)
    seed = options.training.seed
    scorer_critic, judge_critic = (
        Critic(_train_personal(role, model, role_seed, file, split, options, data_fingerprint).model.cpu(), products)
        for role, model, role_seed in (("scorer", scorer, seed), ("judge", judge, seed + 1))
    )
    users = _choose_users(file, split, products, design_options.users, seed)
    classifier = Classifier(products, seed)
    setup = Setup(
        products, scorer_critic, judge_critic, classifier, users, seed, design_options.steps, options.progress
    )
    key = fingerprint(data_fingerprint, products.names)
    results = [_evaluate(setup, model, options, design_options, key) for model in generators]
    counts = {name: len(products.indices_of(number)) for number, name in enumerate(products.names)}
    facts = {
        "data": {
            "pictures": counts,
            "users": {name: len(users[number]) for number, name in enumerate(products.names)},
            "left_out": left_out,
            "failed": file.failed,
        },
        "scorer": design_options.scorer,
        "judge": design_options.judge,
        "classifier": {"accuracy": classifier.accuracy},
    }
    return compare.build_document("design", options, results, facts)


def _create_models(
    options: Options, design_options: DesignOptions
) -> tuple[list[DesignModel], PersonalModel, PersonalModel]:
    """Create generators, scorer and judge, each with the settings that name it; the rest are the generators'."""
    scorer, judge = [design_options.scorer], [design_options.judge]
    all_methods = {*options.methods, *scorer, *judge}

    def settings_of(methods: Sequence[str]) -> dict[str, str]:
        others = all_methods - set(methods)
        return {key: value for key, value in options.settings.items() if key.partition(".")[0] not in others}

    def create_personal(methods: Sequence[str]) -> PersonalModel:
        named = {key: value for key, value in settings_of(methods).items() if "." in key}
        (model,) = compare.create_models(replace(options, methods=methods, settings=named), PersonalModel)
        return model

    generator_options = replace(options, settings=settings_of(options.methods))
    generators = compare.create_models(generator_options, DesignModel)
    personal = create_personal(scorer), create_personal(judge)
    for model in personal:
        if model.image_size is None:
            raise BadSetting(
                f"{model.method} ignores pictures, so it cannot score generated ones; choose another scorer or judge"
            )
    return generators, *personal


def _select_products(
    file: InteractionFile, images: ImageArray, wanted: Sequence[str]
) -> tuple[LabelledImages, dict[str, int]]:
    """Return the images of the wanted categories that are large enough, and the counts of the others."""
    assert file.categories is not None  # compare_design has checked it
    if unknown := [name for name in wanted if name not in file.category_names]:
        raise BadData(f"no item is of the category {unknown[0]!r}; there are: {', '.join(file.category_names)}")
    numbers_of_items = np.bincount(file.categories[file.categories >= 0], minlength=len(file.category_names))
    known = dict(zip(file.category_names, numbers_of_items.tolist(), strict=True))
    counts = {name: count for name, count in known.items() if not wanted or name in wanted}
    names = tuple(name for name, count in counts.items() if count >= LEAST)
    if not names:
        counted = ", ".join(f"{name} {count}" for name, count in counts.items())
        raise BadData(f"no category has {LEAST} pictures: {counted}")
    numbers = {file.category_names.index(name): number for number, name in enumerate(names)}
    items = np.flatnonzero(np.isin(file.categories, list(numbers)))
    classes = np.array([numbers[category] for category in file.categories[items].tolist()])
    left_out = {name: count for name, count in counts.items() if count < LEAST}
    return LabelledImages(ImageArray(images.pixels[items]), classes, names), left_out


def _train_personal(
    role: str,
    model: PersonalModel,
    seed: int,
    file: InteractionFile,
    split: Split,
    options: Options,
    data_fingerprint: str,
) -> Trained[PersonalModel]:
    models = options.models / role if options.models else None
    runs = Runs(TrainConfig(seed=seed), None, models, options.progress)
    size = model.image_size
    assert size is not None  # _create_models has checked it

    def read_data() -> PersonalData:
        _, images = file.decode(size, options.progress)
        return PersonalData(images, split.train, file.categories, texts=file.texts)

    return runs.train(model, runs.compute_key(model, fingerprint(data_fingerprint, role)), read_data)


def _choose_users(
    file: InteractionFile, split: Split, products: LabelledImages, count: int, seed: int
) -> list[np.ndarray]:
    """Draw for each category users with a history whose held-out product is of it."""
    assert file.categories is not None  # compare_design has checked it
    histories = np.bincount(split.train.users, minlength=split.train.n_users)
    known = histories[split.test.users] > HISTORY
    rng = np.random.default_rng(seed)
    found = []
    for name in products.names:
        of_category = file.categories[split.test.items] == file.category_names.index(name)
        users = split.test.users[known & of_category]
        found.append(rng.permutation(users)[:count])
    if not any(len(users) for users in found):
        raise BadData(f"no user has taken more than {HISTORY} items and, last, one of these categories")
    return found


def _evaluate(
    setup: Setup, model: DesignModel, options: Options, design_options: DesignOptions, data_fingerprint: str
) -> Document:
    """Return the saved result, or train and measure the generator."""
    runs = options.runs
    run = runs.compute_key(model, data_fingerprint)
    measured = fingerprint(run, design_options, options.pictures)
    if (saved := runs.find_result(model.method, measured)) is not None:
        return saved
    trained = runs.train(model, run, lambda: setup.products)
    study = Study(setup, trained.model.cpu().eval())
    result = compare.build_result(trained, *study.measure())
    if options.pictures:
        study.draw(options.pictures)
    runs.save_result(model.method, measured, result)
    return result
