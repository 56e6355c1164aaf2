"""Contact sheets: what a method finds, what it rebuilds, what it dreams up and how it learned, on one picture."""

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
from ml.data.decoding import Source, read_image
from ml.data.images import ImageArray
from ml.evaluation.metrics import similarities

QUERIES, NEAREST, SAMPLES, CHARTS = 12, 5, 24, 4
THUMB, CAPTION, GAP, MARGIN = 104, 20, 8, 36  # pixels
BLOCK = 6 * THUMB + 4 * GAP + 20  # a query, and a little apart what it finds
INNER = 2 * BLOCK + 40
ROW_GAP = (INNER - 12 * THUMB) // 11  # twelve in a row fill it
RUN = "run"  # under which the sheet says what it was drawn of


@dataclass(frozen=True)
class Shown:
    """The pictures that may be shown, and which of them belong together."""

    sources: Sequence[Source]
    pixels: ImageArray  # as the model wants them
    words: Sequence[str]  # what the label says of each, "" where nothing


def draw(
    file: Path,
    run: str,
    model: SimilarModel,
    vectors: Tensor,
    shown: Shown,
    losses: Sequence[dict[str, float]],
    facts: str,
    seed: int,
) -> None:
    """Write the sheet as a PNG that says of which run it is.

    vectors: (N, D) of the pictures shown. losses: by epoch, each by name. facts: a line under the method's name.
    """
    labelled = [index for index, word in enumerate(shown.words) if word]
    asked = np.random.default_rng(seed).permutation(labelled)[:QUERIES]
    strips = [
        drawing.words(model.method, 36, INK, INNER),
        drawing.words(facts, 18, GREY, INNER),
        *_found(vectors, model.metric, shown, asked),
        *_rebuilt(model, shown, asked),
        *_dreamed(model, seed),
        *_learned(losses),
    ]
    sheet = Image.new("RGB", (INNER + 2 * MARGIN, sum(strip.height for strip in strips) + 2 * MARGIN), "white")
    top = MARGIN
    for strip in strips:
        sheet.paste(strip, (MARGIN, top))
        top += strip.height
    note = PngInfo()
    note.add_text(RUN, run)
    sheet.save(file, pnginfo=note)


def run_of(file: Path) -> str | None:
    """Of which run the sheet was drawn; None if there is none."""
    if not file.exists():
        return None
    with Image.open(file) as sheet:
        return sheet.info.get(RUN)


def _heading(text: str) -> Image.Image:
    strip = Image.new("RGB", (INNER, 58), "white")
    strip.paste(drawing.words(text, 20, INK, INNER), (0, 24))
    return strip


def _found(vectors: Tensor, metric: str, shown: Shown, asked: np.ndarray) -> Iterator[Image.Image]:
    yield _heading("Queries, each with its five nearest, in green where the label is the query's")
    labelled = torch.tensor([bool(word) for word in shown.words])
    similar = similarities(vectors[asked], vectors, metric).masked_fill(~labelled, -torch.inf)
    similar[torch.arange(len(asked)), asked] = -torch.inf
    nearest_of = similar.topk(min(NEAREST, int(labelled.sum()) - 1), dim=1).indices.tolist()
    blocks = []
    for query, nearest in zip(asked, nearest_of, strict=True):
        block = Image.new("RGB", (BLOCK + 40, THUMB + CAPTION + GAP), "white")
        block.paste(_captioned(shown, query, INK, 2), (0, 0))
        for place, index in enumerate(nearest):
            right = shown.words[index] == shown.words[query]
            tile = _captioned(shown, index, GREEN, 4) if right else _captioned(shown, index, PALE, 1)
            block.paste(tile, (THUMB + 20 + place * (THUMB + GAP), 0))
        blocks.append(block)
    yield drawing.tiled(blocks, 2, 0, INNER)


def _captioned(shown: Shown, index: int, frame: str, thickness: int) -> Image.Image:
    picture = Image.fromarray(read_image(shown.sources[index], (2 * THUMB, 2 * THUMB)))
    tile = Image.new("RGB", (THUMB, THUMB + CAPTION), "white")
    tile.paste(drawing.thumbnail(picture, THUMB, frame, thickness), (0, 0))
    tile.paste(drawing.words(shown.words[index], 13, GREY if frame == PALE else frame, THUMB), (0, THUMB + 3))
    return tile


def _rebuilt(model: SimilarModel, shown: Shown, asked: np.ndarray) -> Iterator[Image.Image]:
    with torch.inference_mode():
        originals = shown.pixels.batch(asked)
        rebuilt = model.reconstruct(originals.to(model.device))
    if rebuilt is not None:
        yield _heading("The same queries as the model sees them, and below what it rebuilds from their vectors")
        yield _row([*originals, *rebuilt])


def _dreamed(model: SimilarModel, seed: int) -> Iterator[Image.Image]:
    with torch.inference_mode():
        dreamed = model.sample(SAMPLES, torch.Generator().manual_seed(seed))
    if dreamed is not None:
        yield _heading("Random samples")
        yield _row(dreamed)


def _row(pictures: Sequence[Tensor]) -> Image.Image:
    arrays = ((picture.clamp(0, 1) * 255).round().byte().permute(1, 2, 0).cpu().numpy() for picture in pictures)
    return drawing.tiled([drawing.thumbnail(Image.fromarray(a), THUMB, "white", 0) for a in arrays], 12, ROW_GAP, INNER)


def _learned(losses: Sequence[dict[str, float]]) -> Iterator[Image.Image]:
    """A curve for each loss and each part of one."""
    if len(losses) == 1:
        told = "   ".join(f"{name} {drawing.number(value)}" for name, value in losses[0].items())
        yield _heading("Losses in the only epoch")
        yield drawing.words(told, 16, GREY, INNER)
    if len(losses) > 1:
        yield _heading("Losses by epoch")
        width = (INNER - (CHARTS - 1) * GAP) // CHARTS
        curves = [drawing.chart(name, [epoch[name] for epoch in losses], width, 200) for name in losses[0]]
        yield drawing.tiled(curves, CHARTS, GAP, INNER)
