"""Worker only: a taste -> ml -> pictures. One of the doors to ml."""

import io
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from catalog.models import Category, ProductImage
from ml.contract import DesignModel, PersonalModel
from ml.data.images import ImageArray
from ml.data.spacing import evenly_spaced
from ml.errors import BadCheckpoint, MlError
from ml.generation.search import Step, design, reconstruct, tailor
from recommender.designs import lifecycle
from recommender.designs.lifecycle import Made
from recommender.errors import DesignCancelled, DesignFailed, RecommenderError
from recommender.models import Design, DesignImage, ModelVersion, Role
from recommender.versions import queries
from recommender.workers import embedding

SPARE = 8  # latents from which the search sets out beyond the pictures to make: some come to the same
SHOWN_STEPS = 8  # of all that tailoring took
BATCH = 64  # pictures looked at together
RANDOM, SOUGHT, SEARCH = 192, 12, 20  # of demand: random pictures, pictures sought for a taste, steps of that
NOTED = 0.5  # seconds between two notes of how far it is, at each of which a cancelled design is given up


def run(request: Design) -> None:
    """Make a claimed design's pictures. Raises DesignFailed with the reason, which the design then tells as well."""
    try:
        lifecycle.finish(request, seen(request, made(request)))
    except DesignCancelled:
        raise
    except BadCheckpoint as error:  # names folders, which are not for shoppers
        lifecycle.fail(request, "a model of this shop cannot be loaded; its staff find the reason in the workers' log")
        raise DesignFailed(f"{request}: {error}") from error
    except (MlError, RecommenderError) as error:
        lifecycle.fail(request, str(error))
        raise DesignFailed(f"{request}: {error}") from error
    except (KeyboardInterrupt, SystemExit):
        lifecycle.release(request)
        raise


@dataclass(frozen=True)
class Studio:
    """All that a picture is made with."""

    generator: DesignModel
    scorer: PersonalModel
    category: int  # the generator's number of it
    taste: torch.Tensor  # (K,)


def made(request: Design) -> list[Made]:
    """Notes in the design what it was made by."""
    request.generator, request.scorer = queries.active_or_raise(Role.DESIGN), lifecycle.active_scorer()
    studio = Studio(
        generator=embedding.loaded(request.generator.folder)[0],
        scorer=embedding.loaded(request.scorer.folder)[0],
        category=lifecycle.number_of(request.category, request.generator),
        taste=torch.from_numpy(lifecycle.taste_of(request.shopper, request.scorer)).float(),
    )
    progress = noted(request)
    return list(tailored(request, studio, progress) if request.product else new(request, studio, progress))


def noted(request: Design) -> Callable[[float, float], None]:
    """Tells the database every now and then how far it is; raises DesignCancelled there."""
    last = 0.0

    def progress(done: float, of: float) -> None:
        nonlocal last
        if time.monotonic() - last > NOTED:
            lifecycle.follow(request, done / of)
            last = time.monotonic()

    return progress


def new(request: Design, studio: Studio, progress: Callable) -> Iterator[Made]:
    (found,) = design(
        studio.generator,
        studio.scorer,
        studio.taste[None],
        studio.category,
        count=request.count,
        eta=request.eta,
        seed=request.seed,
        starts=request.count + SPARE,
        progress=progress,
    )
    for picture, score, realism in zip(found.pictures, found.score.tolist(), found.realism.tolist(), strict=True):
        yield Made(DesignImage.Kind.DESIGN, png(picture), score, realism)


def tailored(request: Design, studio: Studio, progress: Callable) -> Iterator[Made]:
    image = request.product.primary_image
    if image is None:
        raise DesignFailed(f"{request.product} has no picture")
    picture = ImageArray.decode([Path(image.file.path)], studio.generator.image_size).batch([0])[0]
    found = tailor(
        studio.generator,
        studio.scorer,
        studio.taste,
        picture,
        studio.category,
        budget=request.budget,
        seed=request.seed,
        progress=progress,
    )
    yield told(DesignImage.Kind.ORIGINAL, found.original)
    yield told(DesignImage.Kind.APPROXIMATION, found.approximation)
    for number in evenly_spaced(len(found.steps), SHOWN_STEPS):
        yield told(DesignImage.Kind.STEP, found.steps[number], number + 1)


def told(kind: DesignImage.Kind, step: Step, number: int | None = None) -> Made:
    return Made(kind, png(step.picture), step.score, step.realism, step.change, number)


def seen(request: Design, pictures: Sequence[Made]) -> list[Made]:
    """The same, each with how it looks to whoever says what is similar; without such a version, as they are."""
    request.embedding_version = queries.active_version(Role.SIMILAR)
    if request.embedding_version is None:
        return list(pictures)
    vectors = embeddings_of(request.embedding_version, [made.picture for made in pictures])
    return [replace(made, embedding=vector) for made, vector in zip(pictures, vectors, strict=True)]


def embeddings_of(version: ModelVersion, pictures: Sequence[bytes]) -> list[list[float]]:
    """How the version sees pictures that are no product's."""
    model, _ = embedding.loaded(version.folder)
    rows = []
    with torch.inference_mode():
        for begin in range(0, len(pictures), BATCH):
            some = pictures[begin : begin + BATCH]
            pixels = ImageArray.decode(some, model.image_size).batch(range(len(some)))
            rows += embedding.embedded(model, version, pixels, [-1] * len(some)).tolist()
    return rows


@dataclass(frozen=True)
class Tried:
    """Pictures of a category, as three versions see them."""

    pictures: list[bytes]  # PNG
    realism: np.ndarray  # (N,)
    vectors: np.ndarray  # (N, K), of the personal version
    embeddings: np.ndarray  # (N, D), of the similar one


def tried(
    generator: ModelVersion, scorer: ModelVersion, embedder: ModelVersion, category: Category, tastes: np.ndarray
) -> Tried:
    """Random pictures of the category, and some that were sought for each of these tastes (T, K)."""
    model, _ = embedding.loaded(generator.folder)
    number, chance = lifecycle.number_of(category, generator), torch.Generator().manual_seed(0)
    which = torch.full((RANDOM,), number, device=model.device)
    with torch.inference_mode():
        random = model.generate(torch.randn(RANDOM, model.latent, generator=chance).to(model.device), which)
        realism = [model.realism(random, which).cpu()]
    made = [png(picture) for picture in random]
    asked = {"count": SOUGHT, "eta": 1.0, "seed": 0, "starts": SOUGHT, "steps": SEARCH}
    judge, _ = embedding.loaded(scorer.folder)
    for found in design(model, judge, torch.from_numpy(tastes).float(), number, **asked):
        made += [png(picture) for picture in found.pictures]
        realism.append(found.realism)
    return Tried(
        made,
        torch.cat(realism).numpy(),
        np.asarray(embeddings_of(scorer, made), dtype=np.float32),
        np.asarray(embeddings_of(embedder, made), dtype=np.float32),
    )


def copies(
    generator: ModelVersion, embedder: ModelVersion, category: Category, images: Sequence[ProductImage]
) -> np.ndarray:
    """(N, D): how products look once the generator has made them as near as it can."""
    model, _ = embedding.loaded(generator.folder)
    pixels = ImageArray.decode([Path(image.file.path) for image in images], model.image_size)
    pictures = reconstruct(model, pixels.batch(range(len(images))), lifecycle.number_of(category, generator), seed=0)
    return np.asarray(embeddings_of(embedder, [png(picture) for picture in pictures]), dtype=np.float32)


def png(picture: torch.Tensor) -> bytes:
    """picture: (3, H, W) in [0, 1]."""
    pixels = (picture.clamp(0, 1) * 255).round().byte().permute(1, 2, 0).cpu().numpy()
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()
