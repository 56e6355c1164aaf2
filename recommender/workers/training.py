"""Worker only: rows -> ml -> a new version. One of the doors to ml."""

import logging
import threading
from collections.abc import Container, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from pathlib import Path

import numpy as np
import torch
from django.conf import settings
from django.db import OperationalError, connection
from django.db.models import Max, Min

from catalog.models import Category, Interaction, Kind, ProductImage
from ml.data.images import ImageArray
from ml.data.interactions import Interactions, PersonalData, Split
from ml.data.labelled_images import Garments
from ml.errors import MlError
from ml.evaluation import metrics
from ml.models import METHODS, create
from ml.nn.inference import embed_items
from ml.training import checkpoints
from ml.training.loop import TrainConfig, fit
from recommender.errors import TrainingFailed, TrainingRefused
from recommender.models import SEEING, ModelVersion, Role, State
from recommender.serving import fold_in, history
from recommender.versions import lifecycle, previews, queries
from recommender.workers import embedding

log = logging.getLogger(__name__)

LEAST_PICTURES, LEAST_SHOPPERS = 10, 2  # with fewer there is nothing to learn
ENOUGH_PICTURES = 20  # of a category; of fewer a generator learns each by heart
ACTIVATION_TRIES = 10  # an upload between embedding and activation makes the first fail


def check(method: str, method_settings: dict) -> None:
    """Raises TrainingRefused, with the reason, unless a model can be made of these."""
    try:
        create(method, **method_settings)
    except MlError as error:
        raise TrainingRefused(f"{method}: {error}") from error


def check_shop(method: str) -> None:
    """Raises TrainingRefused if the shop has too little for this method to learn from."""
    if METHODS[method].role == Role.SIMILAR:
        pictures = ProductImage.objects.count()
        if pictures < LEAST_PICTURES:
            raise TrainingRefused(
                f"{pictures} pictures are too few to learn from; upload at least {LEAST_PICTURES} products"
            )
        return
    if METHODS[method].role == Role.DESIGN:
        if not enough(pictures_by_category()):
            raise TrainingRefused(
                f"no category has the {ENOUGH_PICTURES} visible products with pictures that a generator learns from"
            )
        return
    pictured = set(ProductImage.objects.values_list("product", flat=True))
    products, shoppers = len(pictured), len({shopper for shopper, *_ in taken_by_shoppers(pictured)})
    if shoppers < LEAST_SHOPPERS or products < LEAST_PICTURES:
        raise TrainingRefused(
            f"{shoppers} shoppers' interactions with {products} products are too few to learn tastes from"
        )


def run(version: ModelVersion, *, progress: bool = False) -> ModelVersion:
    """Train a claimed version to the end: fit, embed the catalogue, index, and activate if that was asked for.

    Goes on where an earlier, interrupted run left off. Raises TrainingFailed with the reason, which the version then
    tells as well.
    """
    try:
        with lease_kept(version):
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
        lifecycle.store_tastes(version, zip(known.shoppers, tastes.tolist(), strict=True))
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
    lifecycle.build_index(version)
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


def catalogue(model, folder: Path, progress: bool) -> ImageArray:
    """Every picture of the shop, hidden products' too."""
    return decoded(list(ProductImage.objects.order_by("pk")), model, folder, progress)


def decoded(images: list[ProductImage], model, folder: Path, progress: bool) -> ImageArray | None:
    if model.image_size is None:
        return None
    paths = [Path(image.file.path) for image in images]
    return ImageArray.decode(paths, model.image_size, folder / "pictures.npy", progress)


def garments(version: ModelVersion, model, progress: bool) -> Garments:
    """Visible products' primary pictures, a class a category; of categories that have enough of them.

    A training that is resumed keeps the categories that it began with. Raises TrainingRefused if one has gone.
    """
    pictures = pictures_by_category()
    if not version.categories:
        counts = {category: len(images) for category, images in pictures.items()}
        named = Category.objects.in_bulk(counts)
        told = {pk: f"{named[pk]} ({count})" for pk, count in sorted(counts.items())}
        chosen = enough(pictures)
        metrics = {"categories": ", ".join(told[pk] for pk in chosen)}
        if few := [told[pk] for pk in counts if pk not in chosen]:
            metrics["warnings"] = [
                f"categories with fewer than {ENOUGH_PICTURES} pictures are left out: {', '.join(few)}"
            ]
        lifecycle.follow(version, stage="reading the catalogue", categories=chosen, metrics=version.metrics | metrics)
    if lost := [pk for pk in version.categories if pk not in pictures]:
        raise TrainingRefused(f"no picture is left of {len(lost)} of the categories that the training began with")
    names = Category.objects.in_bulk(version.categories)
    images = [image for pk in version.categories for image in pictures[pk]]
    which = np.repeat(np.arange(len(version.categories)), [len(pictures[pk]) for pk in version.categories])
    known = tuple(names[pk].name for pk in version.categories)
    return Garments(decoded(images, model, version.folder, progress), which, known)


def pictures_by_category() -> dict[int, list[ProductImage]]:
    """What a generator may learn from, by the category's id."""
    rows = queries.primary_images().filter(product__is_hidden=False).select_related("product")
    found: dict[int, list[ProductImage]] = {}
    for image in rows.order_by("product__category", "pk"):
        found.setdefault(image.product.category_id, []).append(image)
    return found


def enough(pictures: dict[int, list[ProductImage]]) -> list[int]:
    return sorted(category for category, images in pictures.items() if len(images) >= ENOUGH_PICTURES)


@dataclass(frozen=True)
class Known:
    """What a personal model learns from, and what was held back to see how well it did."""

    data: PersonalData
    split: Split
    shoppers: list[int]  # ids, in the order of the model's users


def personal_data(version: ModelVersion, model, progress: bool) -> Known:
    """Every product with a picture, and who took to what; each shopper's last product is held back for the report."""
    images = list(queries.images_of_version(version).select_related("product").order_by("product_id"))
    products = [image.product_id for image in images]
    item_of = {product: item for item, product in enumerate(products)}
    taken = list(taken_by_shoppers(item_of))
    shoppers = sorted({shopper for shopper, *_ in taken})
    user_of = {shopper: user for user, shopper in enumerate(shoppers)}
    interactions = Interactions(
        users=np.array([user_of[shopper] for shopper, *_ in taken]),
        items=np.array([item_of[product] for _, product, *_ in taken]),
        timestamps=np.array([first.timestamp() for *_, first, _ in taken]),
        n_users=len(shoppers),
        n_items=len(products),
        weights=np.array([weight for *_, weight in taken]),
    )
    split = last_held_out(interactions)
    _, categories = np.unique([image.product.category_id for image in images], return_inverse=True)
    pictures = decoded(images, model, version.folder, progress)
    checkpoints.write_json(products, version.folder / embedding.PRODUCTS_FILE)
    return Known(PersonalData(pictures, split.train, categories), split, shoppers)


def taken_by_shoppers(products: Container[int]) -> Iterator[tuple[int, int, datetime, float]]:
    """(shopper, product, first time, weight) of each product that a shopper took to and did not dislike in the end.

    The weight is the one that serving gives it (histories.summary), as of the latest event there is.
    """
    rows = (
        Interaction.objects.filter(shopper__isnull=False)
        .values_list("shopper", "product", "kind")
        .annotate(first=Min("occurred_at"), last=Max("occurred_at"))
        .order_by("shopper", "product", "kind")
    )
    now = Interaction.objects.aggregate(now=Max("occurred_at"))["now"]
    for (shopper, product), kinds in groupby(rows.iterator(chunk_size=10_000), key=lambda row: row[:2]):
        kinds = list(kinds)
        _, weight = history.summary({Kind(kind): last for *_, kind, _, last in kinds}, now)
        if weight > 0 and product in products:
            yield shopper, product, min(first for *_, first, _ in kinds), weight


def last_held_out(interactions: Interactions) -> Split:
    """Nothing is chosen by validation here, so what `leave_one_out` sets aside for it is learnt from as well."""
    pairs, test = interactions.distinct, interactions.leave_one_out().test
    kept = ~np.isin(pairs.keys, test.keys)
    return Split(train=pairs.only(kept), validation=pairs.only(np.zeros(0, dtype=int)), test=test)


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


@contextmanager
def lease_kept(version: ModelVersion) -> Iterator[None]:
    """Renew the lease every so often from a thread: an epoch may take longer than a lease."""
    ended = threading.Event()

    def keep() -> None:
        try:
            while not ended.wait(settings.TRAINING_LEASE / 4):
                try:
                    if not lifecycle.renew(version):
                        return
                except OperationalError as error:  # the database restarts; the next turn finds it back
                    log.warning("the lease of %s could not be renewed: %s", version, error)
        finally:
            connection.close()

    thread = threading.Thread(target=keep, name=f"lease of version {version.pk}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(timeout=5)
