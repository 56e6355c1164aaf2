"""Worker only: rows -> ml -> a new version. One of the doors to ml."""

from functools import partial

import numpy as np
import torch
from django.conf import settings

from ml.errors import MlError
from ml.evaluation import metrics
from ml.models.factory import create
from ml.nn.inference import embed_items
from ml.training import checkpoints
from ml.training.loop import TrainConfig, fit
from recommender import leases
from recommender.errors import TrainingFailed, TrainingRefused
from recommender.models import SEEING, ModelVersion, Role, State
from recommender.serving import fold_in
from recommender.versions import lifecycle, previews, queries
from recommender.versions.vectors import index, store
from recommender.workers import embedding
from recommender.workers.training_data import Known, catalogue, check_shop, garments, personal_data

ACTIVATION_TRIES = 10  # an upload between embedding and activation makes the first fail


def run(version: ModelVersion, *, progress: bool = False) -> ModelVersion:
    """Train a claimed version to the end: fit, embed the catalogue, index, and activate if that was asked for.

    Goes on where an earlier, interrupted run left off. Raises TrainingFailed with the reason, which the version then
    tells as well.
    """
    try:
        with leases.renewing(partial(lifecycle.renew, version), interval=settings.TRAINING_LEASE / 4, row=version):
            train(version, progress)
            if version.role in SEEING:
                embed(version, progress)
            else:
                lifecycle.finish(version)
    except (MlError, TrainingRefused) as error:
        lifecycle.fail(version, error)
        raise TrainingFailed(f"{version}: {error}") from error
    except (KeyboardInterrupt, SystemExit):
        lifecycle.release(version)
        raise
    if version.activate_when_ready:
        activate(version)
    return version


def train(version: ModelVersion, progress: bool) -> None:
    """Up to the checkpoint on disk; does nothing if that is complete."""
    folder = version.folder
    if version.dimensions and (folder / checkpoints.CONFIG).exists():
        return
    check_shop(version.method)
    folder.mkdir(parents=True, exist_ok=True)
    lifecycle.follow(version, stage="reading the catalogue")
    model = create(version.method, **version.settings)
    known = personal_data(version, model, progress) if version.role == Role.PERSONAL else None
    if known:
        data = known.data
    else:
        data = garments(version, model, progress) if version.role == Role.DESIGN else catalogue(model, folder, progress)
    losses = list(version.metrics.get("losses", []))
    config = TrainConfig(epochs=version.epochs, seed=version.seed)
    lifecycle.follow(version, stage="training", done=len(losses))  # an epoch may take minutes
    for epoch in fit(model, data, config, folder=folder / "training", progress=progress):
        losses.append({"epoch": epoch.number, **{name: round(loss, 5) for name, loss in epoch.losses.items()}})
        speed = round(epoch.samples_per_second, 1)
        metrics = version.metrics | {"losses": losses, "samples per second": speed}
        lifecycle.follow(version, stage="training", done=epoch.number, of=epoch.of, metrics=metrics)
        draw(version, model, epoch.number)
    metrics = version.metrics | model.summary()
    if warnings := [*version.metrics.get("warnings", []), *model.warnings()]:
        metrics["warnings"] = warnings
    if known:
        metrics |= ranking_report(model, known)
        tastes = model.user_vectors().cpu().numpy()
        store.store_tastes(version, zip(known.shoppers, tastes.tolist(), strict=True))
        prior = fold_in.Prior.of(tastes)
        version.taste = {"mean": prior.mean.tolist(), "precision": prior.precision.tolist()}
    # The row before the file: whoever finds the checkpoint must find all that belongs to it.
    facts = {"dimensions": model.dimensions, "metric": model.metric, "taste": version.taste, "metrics": metrics}
    lifecycle.follow(version, stage="trained", **facts)
    checkpoints.save(model.cpu(), folder)
    for file in folder.glob("*.npy"):
        file.unlink()


def draw(version: ModelVersion, model, epoch: int) -> None:
    """What it makes out of nothing by now, of the same latents after every epoch, if it makes anything."""
    if version.role == Role.PERSONAL:
        return
    pictures = model.eval().sample(previews.COLUMNS, torch.Generator().manual_seed(version.seed))
    if pictures is not None:
        pixels = (pictures.clamp(0, 1) * 255).round().byte().permute(0, 2, 3, 1)
        previews.keep(version, epoch, pixels.cpu().numpy())


def embed(version: ModelVersion, progress: bool) -> None:
    lifecycle.follow(version, stage="embedding", state=State.EMBEDDING)
    for done, of in embedding.embed_all(version, progress=progress):
        lifecycle.follow(version, stage="embedding", done=done, of=of)
    lifecycle.follow(version, stage="building the index")
    index.build_index(version)
    embedding.calibrate(version)
    lifecycle.finish(version)


def activate(version: ModelVersion) -> None:
    """Put it into service, embedding once more whatever was uploaded in between."""
    for _ in range(ACTIVATION_TRIES - 1):
        if queries.images_without_embedding(version).exists():
            for _ in embedding.embed_all(version):
                pass
            continue
        break
    lifecycle.activate(version)


def ranking_report(model, known: Known) -> dict:
    """Full-ranking figures on each shopper's held-back product, beside popularity's, with 95 % intervals."""
    if not len(known.split.test):
        return {}
    items = embed_items(model, known.data.images, known.data.train.n_items)
    ranking = metrics.rank_held_out(model.user_vectors().cpu(), items, known.split)
    counts = torch.from_numpy(known.data.train.popularity).float()[:, None]
    popular = metrics.rank_held_out(torch.ones(len(known.shoppers), 1), counts, known.split)
    cold = ranking.cold
    measures = {
        "auc": ranking.auc,
        "auc/cold": ranking.auc[cold],
        "hr@10": metrics.hit_rate_at_k(ranking.rank, 10),
        "ndcg@10": metrics.ndcg_at_k(ranking.rank, 10),
        "auc of popularity": popular.auc,
        "auc/cold of popularity": popular.auc[cold],
        "auc above popularity": ranking.auc - popular.auc,
        "auc/cold above popularity": ranking.auc[cold] - popular.auc[cold],
    }
    report = {name: round(float(np.nanmean(values)), 4) for name, values in measures.items() if len(values)}
    intervals = {
        name: [round(bound, 4) for bound in metrics.bootstrap(values)]
        for name, values in measures.items()
        if len(values)
    }
    return report | {"intervals": intervals, "shoppers": len(known.shoppers), "cold shoppers": int(cold.sum())}
