"""Generation of designs: a taste, through ml, to images. Workers only."""

import io
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import torch
from PIL import Image

from catalog.models import Category, ProductImage
from ml.contract import DesignModel, PersonalModel
from ml.data.images import ImageArray
from ml.data.spacing import pick_evenly
from ml.errors import BadCheckpoint, MlError
from ml.generation.gaps import Embedded
from ml.generation.search import Step, design, reconstruct, tailor
from recommender import leases
from recommender.designs import lifecycle
from recommender.designs.lifecycle import GeneratedImage
from recommender.errors import DesignCancelled, DesignFailed, RecommenderError
from recommender.models import Design, DesignImage, ModelVersion, Role
from recommender.versions import queries
from recommender.workers import devices, embedding
from recommender.workers.reading import source_of

SPARE = 8  # latents from which the search starts beyond the images to generate: some end in the same image
SHOWN_STEPS = 8  # of all that tailoring took
BATCH = 64  # images embedded together
RANDOM, SEARCHED, SEARCH_STEPS = 192, 12, 20  # of a gap search: random images, images for each taste, steps for these
REPORT_SECONDS = 0.5  # between two reports of progress, at each of which a cancelled design is noticed

Progress = Callable[[float, float], None]  # (done, of)


def run(request: Design) -> None:
    """Generate a claimed design's images. Raises DesignFailed with the reason, which is saved in the design too.

    Where the images cannot be stored it is tried again once its lease ends; the OSError is raised.
    """
    interval = lifecycle.LEASE.total_seconds() / 4
    try:
        renewing = leases.renewing(partial(lifecycle.renew, request), interval=interval, row=request)
        with renewing, devices.ending_if_gpu_fails():
            lifecycle.finish(request, embed_generated(request, generate(request)))
    except DesignCancelled:
        raise
    except BadCheckpoint as error:  # names folders, which are not for shoppers
        lifecycle.fail(request, "a model of this shop cannot be loaded; its staff find the reason in the workers' log")
        raise DesignFailed(f"{request}: {error}") from error
    except (MlError, RecommenderError) as error:
        lifecycle.fail(request, str(error))
        raise DesignFailed(f"{request}: {error}") from error
    except OSError:  # a full disk, say
        lifecycle.postpone(request)
        raise
    except (KeyboardInterrupt, SystemExit):
        lifecycle.release(request)
        raise


@dataclass(frozen=True)
class Inputs:
    """Models and taste that a design is generated with."""

    generator: DesignModel[Any]
    scorer: PersonalModel[Any]
    category: int  # its index among the generator's classes
    taste: torch.Tensor  # (K,)


def generate(request: Design) -> list[GeneratedImage]:
    """Generate the images, and set the versions that did so on the design."""
    request.generator, request.scorer = queries.active_or_raise(Role.DESIGN), lifecycle.active_scorer()
    inputs = Inputs(
        generator=embedding.model_of(request.generator, DesignModel),
        scorer=embedding.model_of(request.scorer, PersonalModel),
        category=lifecycle.class_index(request.category, request.generator),
        taste=torch.from_numpy(lifecycle.taste_of(request.shopper, request.scorer)).float(),
    )
    progress = progress_reporter(request)
    found = tailor_product(request, inputs, progress) if request.product else search(request, inputs, progress)
    return list(found)


def progress_reporter(request: Design) -> Progress:
    """Return a function that saves the progress now and then, and raises DesignCancelled if the design is cancelled."""
    last = 0.0

    def report(done: float, of: float) -> None:
        nonlocal last
        if time.monotonic() - last > REPORT_SECONDS:
            lifecycle.follow(request, done / of)
            last = time.monotonic()

    return report


def search(request: Design, inputs: Inputs, progress: Progress) -> Iterator[GeneratedImage]:
    """Yield new images of a category for the taste, none that looks less like a product than the generator's floor."""
    (found,) = design(
        inputs.generator,
        inputs.scorer,
        inputs.taste[None],
        inputs.category,
        count=request.count,
        eta=request.eta,
        seed=request.seed,
        starts=request.count + SPARE,
        floor=inputs.generator.floor(inputs.category),
        progress=progress,
    )
    for image, score, realism in zip(found.images, found.score.tolist(), found.realism.tolist(), strict=True):
        yield GeneratedImage(DesignImage.Kind.DESIGN, encode_png(image), score, realism)


def tailor_product(request: Design, inputs: Inputs, progress: Progress) -> Iterator[GeneratedImage]:
    """Yield the product's image, its approximation by the generator, and some steps from there towards the taste."""
    assert request.product is not None and request.budget is not None  # a constraint of the database
    primary = request.product.primary_image
    if primary is None:
        raise DesignFailed(f"{request.product} has no picture")
    size = inputs.generator.image_size
    image = ImageArray.decode([source_of(primary)], size, most_pixels=None).batch([0])[0]
    found = tailor(
        inputs.generator,
        inputs.scorer,
        inputs.taste,
        image,
        inputs.category,
        budget=request.budget,
        seed=request.seed,
        progress=progress,
    )
    yield image_of_step(DesignImage.Kind.ORIGINAL, found.original)
    yield image_of_step(DesignImage.Kind.APPROXIMATION, found.approximation)
    floor = min(inputs.generator.floor(inputs.category), found.approximation.realism)
    steps = [(number, step) for number, step in enumerate(found.steps, 1) if step.realism >= floor]
    for index in pick_evenly(len(steps), SHOWN_STEPS):
        number, step = steps[index]
        yield image_of_step(DesignImage.Kind.STEP, step, number)


def image_of_step(kind: DesignImage.Kind, step: Step, number: int | None = None) -> GeneratedImage:
    """Convert a step of tailoring."""
    return GeneratedImage(kind, encode_png(step.image), step.score, step.realism, step.change, number)


def embed_generated(request: Design, images: Sequence[GeneratedImage]) -> list[GeneratedImage]:
    """Return the images with embeddings by the active similarity version, which is set on the design; or as they are.

    Without such a version a design has no embeddings.
    """
    request.embedding_version = queries.active_version(Role.SIMILAR)
    if request.embedding_version is None:
        return list(images)
    vectors = embed_encoded(request.embedding_version, [image.png for image in images])
    return [replace(image, embedding=vector) for image, vector in zip(images, vectors, strict=True)]


def embed_encoded(version: ModelVersion, images: Sequence[bytes]) -> list[list[float]]:
    """Embed encoded images that belong to no product."""
    model, _ = embedding.load_model(version.folder)
    assert model.image_size is not None  # both similarity versions and scorers take images
    rows: list[list[float]] = []
    with torch.inference_mode():
        for begin in range(0, len(images), BATCH):
            some = images[begin : begin + BATCH]
            pixels = ImageArray.decode(some, model.image_size).batch(range(len(some)))
            rows += embedding.embed_pixels(model, pixels, [-1] * len(some)).tolist()
    return rows


@dataclass(frozen=True)
class Trials:
    """Generated images of a category, with scores and embeddings."""

    images: list[bytes]  # PNG
    realism: np.ndarray  # (N,)
    embedded: Embedded  # by the personal and by the similarity version


def generate_trials(
    generator: ModelVersion, scorer: ModelVersion, embedder: ModelVersion, category: Category, tastes: np.ndarray
) -> Trials:
    """Generate random images of the category, and some that are searched for each of these tastes (T, K)."""
    model = embedding.model_of(generator, DesignModel)
    index, rng = lifecycle.class_index(category, generator), torch.Generator().manual_seed(0)
    classes = torch.full((RANDOM,), index, device=model.device)
    with torch.inference_mode():
        random = model.generate(torch.randn(RANDOM, model.latent, generator=rng).to(model.device), classes)
        realism = [model.realism(random, classes).cpu()]
    images = [encode_png(image) for image in random]
    found = design(
        model,
        embedding.model_of(scorer, PersonalModel),
        torch.from_numpy(tastes).float(),
        index,
        count=SEARCHED,
        eta=1.0,
        seed=0,
        starts=SEARCHED,
        steps=SEARCH_STEPS,
    )
    for designs in found:
        images += [encode_png(image) for image in designs.images]
        realism.append(designs.realism)
    return Trials(
        images,
        torch.cat(realism).numpy(),
        Embedded(
            np.asarray(embed_encoded(scorer, images), dtype=np.float32),
            np.asarray(embed_encoded(embedder, images), dtype=np.float32),
        ),
    )


def reconstruct_products(
    generator: ModelVersion, embedder: ModelVersion, category: Category, images: Sequence[ProductImage]
) -> np.ndarray:
    """Embed products as the generator reconstructs them: (N, D)."""
    model = embedding.model_of(generator, DesignModel)
    sources = [source_of(image) for image in images]
    pixels = ImageArray.decode(sources, model.image_size, most_pixels=None)
    index = lifecycle.class_index(category, generator)
    reconstructions = reconstruct(model, pixels.batch(range(len(images))), index, seed=0)
    encoded = [encode_png(image) for image in reconstructions]
    return np.asarray(embed_encoded(embedder, encoded), dtype=np.float32)


def encode_png(image: torch.Tensor) -> bytes:
    """Encode an image (3, H, W) in [0, 1] as PNG."""
    pixels = (image.clamp(0, 1) * 255).round().byte().permute(1, 2, 0).cpu().numpy()
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()
