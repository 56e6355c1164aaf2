"""Training: rows, through ml, to a new version. Workers only."""

import errno
import logging
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from django.conf import settings
from django.db import InterfaceError, OperationalError

from ml.configs.methods import check_indexable
from ml.contract import DesignModel, Model, PersonalModel, SimilarModel
from ml.errors import MlError, ProcessLost
from ml.evaluation import calibration, metrics
from ml.models.factory import create
from ml.nn.inference import embed_items
from ml.training import cards, checkpoints, resume
from ml.training.events import EventFile
from ml.training.loop import TrainConfig, fit
from recommender import leases
from recommender.audits import together
from recommender.errors import TrainingCancelled, TrainingFailed, TrainingRefused
from recommender.models import EMBEDDING_ROLES, TRAINING_STATE, ModelVersion, Role, State
from recommender.operations import training_checks
from recommender.serving import fold_in
from recommender.versions import lifecycle, previews, training_log
from recommender.versions.vectors import index, store
from recommender.workers import devices, embedding, label_measures, photo_calibration
from recommender.workers.training_data import (
    PersonalTraining,
    left_out,
    load_catalogue,
    load_labelled_images,
    load_personal_data,
)

log = logging.getLogger(__name__)

EVENTS = "tensorboard"  # the folder, in a version's, of what TensorBoard reads
CHECK_SECONDS = 1.0  # between two checks, in an epoch, that the training is still this process's


def run_queued(version_id: int) -> ModelVersion:
    """Claim the queued version with this id and train it. Raises VersionNotReady and the errors of `run`."""
    return run(lifecycle.claim(version_id))


def run(version: ModelVersion, *, progress: bool = False, calibrates: bool = True) -> ModelVersion:
    """Train a claimed version to the end: fit, embed the catalogue, build the index, and activate if requested.

    calibrates: whether to measure a similarity version, and to fit the chances of a search by photo; without them, any
    score counts as a match.

    Goes on where an earlier, interrupted run stopped. Raises TrainingFailed with the reason, which is saved in the
    version too, as any other error is, but for one of a database that is away. On a full disk a worker tries it again
    until there is room, and some times after a process that shares the training was lost. Raises TrainingCancelled if
    the training was cancelled, or another process has it.
    """
    try:
        renewing = leases.renewing(partial(lifecycle.renew, version), interval=settings.TRAINING_LEASE / 4, row=version)
        with training_log.recording(version), renewing, devices.ending_if_gpu_fails():
            log.info("it computes on: %s", devices.describe())
            fit_model(version, progress)
            if version.role in EMBEDDING_ROLES:
                embed_catalogue(version, progress, calibrates)
            else:
                lifecycle.finish(version)
    except ProcessLost as error:
        lifecycle.postpone(version, error, counts=True)
        raise TrainingFailed(f"{version}: {error}") from error
    except (MlError, TrainingRefused) as error:
        lifecycle.fail(version, error)
        raise TrainingFailed(f"{version}: {error}") from error
    except (KeyboardInterrupt, SystemExit):
        lifecycle.release(version)
        raise
    except TrainingCancelled:
        shutil.rmtree(work_folder(version), ignore_errors=True)
        raise
    except (OperationalError, InterfaceError):  # the sweep finds the version when its lease ends
        raise
    except Exception as error:
        has_no_room = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
        (lifecycle.postpone if has_no_room else lifecycle.fail)(version, error)
        raise
    if version.activate_when_ready:
        embed_rest_and_activate(version)
    return version


def fit_model(version: ModelVersion, progress: bool) -> None:
    """Train the model and save its checkpoint; does nothing if that is complete."""
    folder = version.folder
    if version.dimensions and (folder / checkpoints.CONFIG).exists():
        return
    training_checks.check_shop(version.method)
    lifecycle.follow(version, stage="reading the catalogue")
    work = take_over(version)
    model = create(version.method, **version.settings)
    if version.role == Role.SIMILAR:
        check_indexable(model.dimensions)
    personal = load_personal_data(version, model, work, progress) if version.role == Role.PERSONAL else None
    if personal:
        data: Any = personal.data  # what `fit` takes depends on the model
    elif version.role == Role.DESIGN:
        data = load_labelled_images(version, model, work, progress)
    else:
        data = load_catalogue(model, work, progress)
    # Of a backup the losses are restored, but not the state after these epochs.
    losses = [each for each in version.metrics.get("losses", []) if each["epoch"] <= resume.last_epoch(work)]
    config = TrainConfig(epochs=version.epochs, seed=version.seed)
    lifecycle.follow(version, stage="training", done=len(losses))  # an epoch may take minutes
    processes = cards.count_cards(model)
    events = EventFile(version.folder / EVENTS)
    how: dict[str, Any] = {"folder": work, "progress": progress, "check": checker(version)}
    if processes == 1:
        epochs = fit(model, data, config, **how)
    else:
        epochs = cards.fit_on_cards(model, data, config, processes=processes, **how)
    with noticing_takeover(version), closing(epochs):  # closed, it writes nothing to the folder any more
        for epoch in epochs:
            losses.append({"epoch": epoch.number, **{name: round(loss, 5) for name, loss in epoch.losses.items()}})
            speed = round(epoch.samples_per_second, 1)
            device = devices.describe(processes)
            results = version.metrics | {"losses": losses, "samples per second": speed, "device": device}
            lifecycle.follow(version, stage="training", done=epoch.number, of=epoch.of, metrics=results, tries=1)
            log.info("epoch %d of %s: %s", epoch.number, epoch.of or "?", losses[-1])
            events.add(epoch.number, {**epoch.losses, "samples per second": epoch.samples_per_second})
            if processes == 1:  # of several the model is complete in the end
                save_preview(version, model, epoch.number)
    results = version.metrics | model.summary()
    if warnings := [*version.metrics.get("warnings", []), *model.warnings(), *left_out()]:
        results["warnings"] = warnings
    if personal:
        assert isinstance(model, PersonalModel)
        items = embed_items(model, personal.data.images, personal.data.train.n_items, texts=personal.data.texts)
        results |= evaluate_ranking(model, items, personal)
        chances, version.match_curves = calibrate_scores(model, items, personal)
        results |= chances
        trained = model.user_vectors().cpu().numpy()
        prior = fold_in.Prior.from_tastes(trained)
        version.taste = prior.to_json()
        tastes = learn_held_out(trained, items.numpy(), personal, prior)
    facts = {"dimensions": model.dimensions, "metric": model.metric, "taste": version.taste, "metrics": results}
    facts["match_curves"] = version.match_curves
    checkpoints.save(model.cpu(), work)
    with lifecycle.writing(version):
        if personal:
            store.store_tastes(version, zip(personal.shoppers, tastes.tolist(), strict=True))
        lifecycle.follow(version, stage="trained", **facts)
        for name in (embedding.PRODUCTS_FILE, checkpoints.WEIGHTS, checkpoints.CONFIG):  # the last makes it complete
            if (work / name).exists():
                (work / name).replace(folder / name)
    for former in folder.glob(f"{TRAINING_STATE}*"):
        shutil.rmtree(former)


def work_folder(version: ModelVersion) -> Path:
    """Return the folder in which this claim saves the state of the training.

    A former holder that is alive after all writes into a folder of its own name, which nobody reads.
    """
    return version.folder / f"{TRAINING_STATE}-{version.claims:05d}"


def take_over(version: ModelVersion) -> Path:
    """Create the folder of this claim, with what the last holder of the training has saved, and return its path."""
    folder, own = version.folder, work_folder(version)
    with lifecycle.writing(version):
        folder.mkdir(parents=True, exist_ok=True)
        former = max(folder.glob(f"{TRAINING_STATE}*"), key=resume.last_epoch, default=None)
        if former is None:
            own.mkdir()
        else:
            former.rename(own)
    return own


def checker(version: ModelVersion) -> Callable[[], None]:
    """Return a function that checks now and then that the training is still this process's (lifecycle.check)."""
    last = time.monotonic()

    def check() -> None:
        nonlocal last
        if time.monotonic() - last > CHECK_SECONDS:
            lifecycle.check(version)
            last = time.monotonic()

    return check


@contextmanager
def noticing_takeover(version: ModelVersion) -> Iterator[None]:
    """Raise TrainingCancelled in place of an error of files if another process has the training, and its folder."""
    try:
        yield
    except OSError:
        lifecycle.check(version)
        raise


def save_preview(version: ModelVersion, model: Model[Any], epoch: int) -> None:
    """Save images that the model generates, from the same latents after every epoch, if it generates any."""
    if not isinstance(model, SimilarModel | DesignModel):
        return
    images = model.eval().sample(previews.COLUMNS, torch.Generator().manual_seed(version.seed))
    if images is not None:
        pixels = (images.clamp(0, 1) * 255).round().byte().permute(0, 2, 3, 1)
        with lifecycle.writing(version):
            previews.save_sheet(version, epoch, pixels.cpu().numpy())


def embed_catalogue(version: ModelVersion, progress: bool, calibrates: bool) -> None:
    """Embed all images, build the index and mark the version as ready."""
    lifecycle.follow(version, stage="embedding", state=State.EMBEDDING)
    for done, of in embedding.embed_all(version, progress=progress, writing=lifecycle.writing):
        lifecycle.follow(version, stage="embedding", done=done, of=of, tries=1)
    lifecycle.follow(version, stage="building the index")
    index.build_index(version, partial(follow_index, version))
    if calibrates:
        if version.role == Role.SIMILAR:
            lifecycle.follow(version, stage="measuring", metrics=version.metrics | measure_similar(version))
        photo_calibration.calibrate(version)
        with lifecycle.writing(version):
            photo_calibration.save(version)
    lifecycle.finish(version)


def measure_similar(version: ModelVersion) -> dict[str, object]:
    """Return the measures of a similarity version against labels and against people, as `metrics` has them."""
    by_labels: dict[str, Any] = label_measures.measure(version)
    by_people: dict[str, Any] = together.measure(version)
    intervals = by_labels.get("intervals", {}) | by_people.get("intervals", {})
    return by_labels | by_people | ({"intervals": intervals} if intervals else {})


def follow_index(version: ModelVersion, done: int, of: int) -> None:
    """Save how much of the table is indexed; a training that was cancelled notices when the index is built."""
    with suppress(TrainingCancelled):
        lifecycle.follow(version, stage="building the index", done=done, of=of)


def embed_rest_and_activate(version: ModelVersion) -> None:
    """Activate the version, once the images that were uploaded in between are embedded too.

    What ends this early leaves the request, which the sweep sends to another worker.
    """
    if version.role in EMBEDDING_ROLES:
        for _ in embedding.embed_all(version):
            pass
    lifecycle.activate_as_requested(version)


def learn_held_out(
    tastes: np.ndarray, items: np.ndarray, personal: PersonalTraining, prior: fold_in.Prior
) -> np.ndarray:
    """Return the shoppers' tastes (U, K) moved by the product that was held out from each to evaluate the version.

    items: (I, K). Without it the latest product that a shopper took would never count.
    """
    moved, train, test = tastes.copy(), personal.data.train.distinct, personal.split.test
    begins = np.searchsorted(train.users, np.arange(train.n_users + 1))
    known, later = (np.ones(len(part)) if part.weights is None else part.weights for part in (train, test))
    moves = items @ prior.covariance
    for user, item, weight in zip(test.users, test.items, later, strict=True):
        own = slice(begins[user], begins[user + 1])
        products = np.append(train.items[own], item)
        weights = np.append(known[own], weight)
        moved[user] = fold_in.learn_last(tastes[user], items[products], weights, moves[products])
    return moved


def evaluate_ranking(model: PersonalModel[Any], items: torch.Tensor, personal: PersonalTraining) -> dict[str, Any]:
    """Measure how the shoppers' held-out products rank among all, also by popularity, with 95 % intervals.

    items: (I, K) the products' vectors.
    """
    if not len(personal.split.test):
        return {}
    ranking = metrics.rank_held_out(model.user_vectors().cpu(), items, personal.split)
    counts = torch.from_numpy(personal.data.train.popularity).float()[:, None]
    popular = metrics.rank_held_out(torch.ones(len(personal.shoppers), 1), counts, personal.split)
    cold = ranking.cold
    measures = {
        "auc": ranking.auc,
        "auc/cold": ranking.auc[cold],
        "hr@10": metrics.hit_rate_at_k(ranking.rank, 10),
        "ndcg@10": metrics.ndcg_at_k(ranking.rank, 10),
        "auc of popularity": popular.auc,
        "auc/cold of popularity": popular.auc[cold],
        "ndcg@10 of popularity": metrics.ndcg_at_k(popular.rank, 10),
        "auc above popularity": ranking.auc - popular.auc,
        "auc/cold above popularity": ranking.auc[cold] - popular.auc[cold],
    }
    report = {name: round(float(np.nanmean(values)), 4) for name, values in measures.items() if len(values)}
    intervals = {
        name: [round(bound, 4) for bound in metrics.bootstrap(values)]
        for name, values in measures.items()
        if len(values)
    }
    return report | {"intervals": intervals, "shoppers": len(personal.shoppers), "cold shoppers": int(cold.sum())}


def calibrate_scores(
    model: PersonalModel[Any], items: torch.Tensor, personal: PersonalTraining
) -> tuple[dict[str, Any], dict[str, list[float]]]:
    """Fit the chance of a score to the shoppers' held-out products; return how reliable it is, and the curve.

    items: (I, K) the products' vectors. The reliability is that of chances fitted to half of the shoppers, among the
    others; the curve is fitted to all.
    """
    trials = calibration.Trials.draw(model.user_vectors().cpu(), items, personal.split, "test", seed=0)
    if not len(trials.scores):
        return {}, {}
    bins = calibration.cross_fitted_reliability(trials)
    reliability = [[round(each.probability, 4), round(each.share, 4), each.count] for each in bins]
    measured = {"calibration error": round(calibration.calibration_error(bins), 4), "reliability": reliability}
    return measured, {"taken": [round(value, 6) for value in calibration.fit_curve(trials)]}
