"""Sheets of designs, of tailored ones, and the curve of what tailoring brings. Products are never on them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw
from torch import Tensor

from ml.benchmark import drawing
from ml.benchmark.drawing import BLUE, GREEN, GREY, INK, PALE, SHARP
from ml.data.spacing import evenly_spaced
from ml.generation.search import Tailored

SIDE, GAP, MARGIN, COLUMNS, STEPS = 96, 4, 24, 12, 6  # pixels, and pictures in a row
WIDTH = COLUMNS * (SIDE + GAP)
SHOWN = ("random made", "eta 0", "eta 1", "eta 10")
SAID = {
    "random made": "as they come, for nobody",
    "eta 0": "for a few shoppers, preference alone (eta 0)",
    "eta 1": "for the same shoppers, eta 1",
    "eta 10": "for the same shoppers, eta 10",
}


def draw(file: Path, method: str, names: Sequence[str], pictures: dict[str, Sequence[Tensor]]) -> None:
    """pictures: of each set, by category, (N, 3, 64, 64)."""
    strips = [drawing.words(f"{method}: designs", 30, INK, WIDTH)]
    for category, name in enumerate(names):
        strips.append(drawing.words(name, 20, INK, WIDTH))
        for shown in SHOWN:
            strips.append(drawing.words(SAID[shown], 13, GREY, WIDTH))
            strips.append(row(pictures[shown][category][:COLUMNS]))
    stacked(strips).save(file)


def draw_tailored(file: Path, tailored: Sequence[Tailored]) -> None:
    """A row a product: how the generator approximates it, then steps towards a taste."""
    strips = [drawing.words("Tailored: the generator's approximation, then more and more of a taste", 20, INK, WIDTH)]
    for made in tailored:
        shown = [made.approximation, *(made.steps[index] for index in evenly_spaced(len(made.steps), STEPS))]
        strips.append(row([step.picture for step in shown]))
        said = "   ".join(f"{step.score:+.2f} at {step.change:.2f}" for step in shown)
        strips.append(drawing.words(said, 12, GREY, WIDTH))
    stacked(strips).save(file)


def row(pictures: Sequence[Tensor] | Tensor) -> Image.Image:
    arrays = ((each.clamp(0, 1) * 255).round().byte().permute(1, 2, 0).numpy() for each in pictures)
    tiles = [Image.fromarray(array).resize((SIDE, SIDE), Image.Resampling.BICUBIC) for array in arrays]
    return drawing.tiled(tiles, COLUMNS, GAP, WIDTH)


def stacked(strips: Sequence[Image.Image]) -> Image.Image:
    sheet = Image.new("RGB", (WIDTH + 2 * MARGIN, sum(strip.height for strip in strips) + 2 * MARGIN), "white")
    top = MARGIN
    for strip in strips:
        sheet.paste(strip, (MARGIN, top))
        top += strip.height
    return sheet


def draw_curve(file: Path, curve: Sequence[dict[str, Any]], width: int = 720, height: int = 400) -> None:
    """What is gained, in a shopper's standard deviations, by how far a product may change."""
    left, right, top, bottom = 70, 150, 30, 60
    most = max(point["budget"] for point in curve)
    values = [point[name] for point in curve for name in ("liked", "judged")]
    least, greatest = min(0.0, *values), max(*values, 0.1)
    canvas = Image.new("RGB", (SHARP * width, SHARP * height), "white")
    pen = ImageDraw.Draw(canvas)

    def at(budget: float, value: float) -> tuple[float, float]:
        x = left + (width - left - right) * budget / most
        return SHARP * x, SHARP * (height - bottom - (height - top - bottom) * (value - least) / (greatest - least))

    def words(place: tuple[float, float], text: str, colour: str, anchor: str) -> None:
        pen.text(place, text, colour, drawing.font(14 * SHARP), anchor=anchor)

    for value in (least, (least + greatest) / 2, greatest):
        pen.line([at(0, value), at(most, value)], PALE, SHARP)
        words((at(0, value)[0] - 8 * SHARP, at(0, value)[1]), f"{value:+.2f}", GREY, "rm")
    for name, colour, said in (("liked", BLUE, "by the scorer"), ("judged", GREEN, "by the judge")):
        points = [at(point["budget"], point[name]) for point in curve]
        pen.line(points, colour, 3 * SHARP, joint="curve")
        words((points[-1][0] + 10 * SHARP, points[-1][1]), said, colour, "lm")
    for budget in (0.0, most / 2, most):
        words((at(budget, least)[0], SHARP * (height - bottom + 10)), f"{budget:.2f}", GREY, "mt")
    words((SHARP * left, SHARP * (height - 24)), "budget of change, mean difference of pixels", INK, "lt")
    words((SHARP * 8, 4 * SHARP), "liked more than its approximation, standard deviations", INK, "lt")
    canvas.resize((width, height), Image.Resampling.LANCZOS).save(file)
