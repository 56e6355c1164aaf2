"""Contact sheets of similar methods: nearest images, reconstructions, samples and loss curves."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from torch import Tensor

from ml.benchmark import drawing
from ml.benchmark.drawing import GREEN, GREY, INK, PALE
from ml.contract import SimilarModel
from ml.data.decoding import StoredImage, read_image
from ml.data.images import ImageArray
from ml.evaluation.metrics import similarities

QUERIES, NEAREST, SAMPLES, CHARTS = 12, 5, 24, 4
THUMB, CAPTION, GAP, MARGIN = 104, 20, 8, 36  # pixels
BLOCK = 6 * THUMB + 4 * GAP + 20  # a query, a space and its nearest images
INNER = 2 * BLOCK + 40
ROW_GAP = (INNER - 12 * THUMB) // 11  # twelve in a row fill it
RUN = "run"  # key of the PNG's text that holds the fingerprint of the run


@dataclass(frozen=True)
class SheetImages:
    """Images that a sheet may show, and their classes."""

    sources: Sequence[StoredImage]
    pixels: ImageArray  # in the model's size
    class_names: Sequence[str]  # of each image, "" where it has none


def draw_sheet(
    file: Path,
    run: str,
    model: SimilarModel,
    vectors: Tensor,
    images: SheetImages,
    losses: Sequence[dict[str, float]],
    facts: str,
    seed: int,
) -> None:
    """Draw the sheet to a PNG that holds the fingerprint of its run.

    vectors: (N, D) of the images. losses: by epoch, each by name. facts: a line under the method's name.
    """
    labelled = [index for index, name in enumerate(images.class_names) if name]
    queries = np.random.default_rng(seed).permutation(labelled)[:QUERIES]
    strips = [
        drawing.draw_line(model.method, 36, INK, INNER),
        drawing.draw_line(facts, 18, GREY, INNER),
        *_draw_nearest(vectors, model.metric, images, queries),
        *_draw_reconstructions(model, images, queries),
        *_draw_samples(model, seed),
        *_draw_losses(losses),
    ]
    sheet = Image.new("RGB", (INNER + 2 * MARGIN, sum(strip.height for strip in strips) + 2 * MARGIN), "white")
    top = MARGIN
    for strip in strips:
        sheet.paste(strip, (MARGIN, top))
        top += strip.height
    note = PngInfo()
    note.add_text(RUN, run)
    sheet.save(file, pnginfo=note)


def read_run(file: Path) -> str | None:
    """Read the fingerprint of the sheet's run; None if there is no sheet."""
    if not file.exists():
        return None
    with Image.open(file) as sheet:
        run: str | None = sheet.info.get(RUN)
        return run


def _draw_heading(text: str) -> Image.Image:
    strip = Image.new("RGB", (INNER, 58), "white")
    strip.paste(drawing.draw_line(text, 20, INK, INNER), (0, 24))
    return strip


def _draw_nearest(vectors: Tensor, metric: str, images: SheetImages, queries: np.ndarray) -> Iterator[Image.Image]:
    yield _draw_heading("Queries, each with its five nearest, in green where the label is the query's")
    labelled = torch.tensor([bool(name) for name in images.class_names])
    similar = similarities(vectors[queries], vectors, metric).masked_fill(~labelled, -torch.inf)
    similar[torch.arange(len(queries)), queries] = -torch.inf
    nearest_of = similar.topk(min(NEAREST, int(labelled.sum()) - 1), dim=1).indices.tolist()
    blocks = []
    for query, nearest in zip(queries, nearest_of, strict=True):
        block = Image.new("RGB", (BLOCK + 40, THUMB + CAPTION + GAP), "white")
        block.paste(_draw_captioned(images, query, INK, 2), (0, 0))
        for rank, index in enumerate(nearest):
            correct = images.class_names[index] == images.class_names[query]
            tile = _draw_captioned(images, index, GREEN, 4) if correct else _draw_captioned(images, index, PALE, 1)
            block.paste(tile, (THUMB + 20 + rank * (THUMB + GAP), 0))
        blocks.append(block)
    yield drawing.tile(blocks, 2, 0, INNER)


def _draw_captioned(images: SheetImages, index: int, frame: str, thickness: int) -> Image.Image:
    image = Image.fromarray(read_image(images.sources[index], (2 * THUMB, 2 * THUMB)))
    tile = Image.new("RGB", (THUMB, THUMB + CAPTION), "white")
    tile.paste(drawing.draw_thumbnail(image, THUMB, frame, thickness), (0, 0))
    tile.paste(
        drawing.draw_line(images.class_names[index], 13, GREY if frame == PALE else frame, THUMB), (0, THUMB + 3)
    )
    return tile


def _draw_reconstructions(model: SimilarModel, images: SheetImages, queries: np.ndarray) -> Iterator[Image.Image]:
    with torch.inference_mode():
        originals = images.pixels.batch(queries)
        reconstructions = model.reconstruct(originals.to(model.device))
    if reconstructions is not None:
        yield _draw_heading("The same queries as the model sees them, and below what it rebuilds from their vectors")
        yield _draw_row([*originals, *reconstructions])


def _draw_samples(model: SimilarModel, seed: int) -> Iterator[Image.Image]:
    with torch.inference_mode():
        samples = model.sample(SAMPLES, torch.Generator().manual_seed(seed))
    if samples is not None:
        yield _draw_heading("Random samples")
        yield _draw_row([*samples])


def _draw_row(images: Sequence[Tensor]) -> Image.Image:
    arrays = ((image.clamp(0, 1) * 255).round().byte().permute(1, 2, 0).cpu().numpy() for image in images)
    return drawing.tile(
        [drawing.draw_thumbnail(Image.fromarray(a), THUMB, "white", 0) for a in arrays], 12, ROW_GAP, INNER
    )


def _draw_losses(losses: Sequence[dict[str, float]]) -> Iterator[Image.Image]:
    """Draw a curve for each loss and each part of one."""
    if len(losses) == 1:
        text = "   ".join(f"{name} {drawing.format_number(value)}" for name, value in losses[0].items())
        yield _draw_heading("Losses in the only epoch")
        yield drawing.draw_line(text, 16, GREY, INNER)
    if len(losses) > 1:
        yield _draw_heading("Losses by epoch")
        width = (INNER - (CHARTS - 1) * GAP) // CHARTS
        curves = [drawing.draw_chart(name, [epoch[name] for epoch in losses], width, 200) for name in losses[0]]
        yield drawing.tile(curves, CHARTS, GAP, INNER)
