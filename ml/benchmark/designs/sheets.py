"""Sheets of designs and of tailored products, and the curve of what tailoring gains. They show no products."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypedDict

from PIL import Image, ImageDraw
from torch import Tensor

from ml.benchmark import drawing
from ml.benchmark.drawing import BLUE, GREEN, GREY, INK, PALE, SHARP
from ml.data.spacing import pick_evenly
from ml.generation.search import Tailored

SIDE, GAP, MARGIN, COLUMNS, STEPS = 96, 4, 24, 12, 6  # pixels; images and steps in a row
WIDTH = COLUMNS * (SIDE + GAP)
SETS = ("random made", "eta 0", "eta 1", "eta 10")
CAPTIONS = {
    "random made": "as they come, for nobody",
    "eta 0": "for a few shoppers, preference alone (eta 0)",
    "eta 1": "for the same shoppers, eta 1",
    "eta 10": "for the same shoppers, eta 10",
}


def draw_designs(file: Path, method: str, names: Sequence[str], images: Mapping[str, Sequence[Tensor]]) -> None:
    """Draw a row for each set of each category. images: of each set, by category, (N, 3, 64, 64)."""
    strips = [drawing.draw_line(f"{method}: designs", 30, INK, WIDTH)]
    for category, name in enumerate(names):
        strips.append(drawing.draw_line(name, 20, INK, WIDTH))
        for images_of in SETS:
            strips.append(drawing.draw_line(CAPTIONS[images_of], 13, GREY, WIDTH))
            strips.append(draw_row([*images[images_of][category][:COLUMNS]]))
    stack(strips).save(file)


def draw_tailored(file: Path, tailored: Sequence[Tailored]) -> None:
    """Draw a row for each product: the generator's approximation, then steps towards a taste."""
    strips = [
        drawing.draw_line("Tailored: the generator's approximation, then more and more of a taste", 20, INK, WIDTH)
    ]
    for each in tailored:
        steps = [each.approximation, *(each.steps[index] for index in pick_evenly(len(each.steps), STEPS))]
        strips.append(draw_row([step.image for step in steps]))
        caption = "   ".join(f"{step.score:+.2f} at {step.change:.2f}" for step in steps)
        strips.append(drawing.draw_line(caption, 12, GREY, WIDTH))
    stack(strips).save(file)


def draw_row(images: Sequence[Tensor]) -> Image.Image:
    """Draw images (3, H, W) in [0, 1] side by side."""
    arrays = ((each.clamp(0, 1) * 255).round().byte().permute(1, 2, 0).numpy() for each in images)
    tiles = [Image.fromarray(array).resize((SIDE, SIDE), Image.Resampling.BICUBIC) for array in arrays]
    return drawing.tile(tiles, COLUMNS, GAP, WIDTH)


def stack(strips: Sequence[Image.Image]) -> Image.Image:
    """Stack strips to a sheet with margins."""
    sheet = Image.new("RGB", (WIDTH + 2 * MARGIN, sum(strip.height for strip in strips) + 2 * MARGIN), "white")
    top = MARGIN
    for strip in strips:
        sheet.paste(strip, (MARGIN, top))
        top += strip.height
    return sheet


class CurvePoint(TypedDict):
    budget: float  # of change
    liked: float  # means of gains
    judged: float
    realism: float
    change: float


def draw_curve(file: Path, curve: Sequence[CurvePoint], width: int = 720, height: int = 400) -> None:
    """Draw the gain in a user's standard deviations over the change that a product may undergo."""
    left, right, top, bottom = 70, 150, 30, 60
    most = max(point["budget"] for point in curve)
    values = [value for point in curve for value in (point["liked"], point["judged"])]
    least, greatest = min(0.0, *values), max(*values, 0.1)
    canvas = Image.new("RGB", (SHARP * width, SHARP * height), "white")
    pen = ImageDraw.Draw(canvas)

    def at(budget: float, value: float) -> tuple[float, float]:
        x = left + (width - left - right) * budget / most
        return SHARP * x, SHARP * (height - bottom - (height - top - bottom) * (value - least) / (greatest - least))

    def write(position: tuple[float, float], text: str, colour: str, anchor: str) -> None:
        pen.text(position, text, colour, drawing.load_font(14 * SHARP), anchor=anchor)

    for value in (least, (least + greatest) / 2, greatest):
        pen.line([at(0, value), at(most, value)], PALE, SHARP)
        write((at(0, value)[0] - 8 * SHARP, at(0, value)[1]), f"{value:+.2f}", GREY, "rm")
    liked, judged = [point["liked"] for point in curve], [point["judged"] for point in curve]
    for gains, colour, caption in ((liked, BLUE, "by the scorer"), (judged, GREEN, "by the judge")):
        points = [at(point["budget"], gain) for point, gain in zip(curve, gains, strict=True)]
        pen.line(points, colour, 3 * SHARP, joint="curve")
        write((points[-1][0] + 10 * SHARP, points[-1][1]), caption, colour, "lm")
    for budget in (0.0, most / 2, most):
        write((at(budget, least)[0], SHARP * (height - bottom + 10)), f"{budget:.2f}", GREY, "mt")
    write((SHARP * left, SHARP * (height - 24)), "budget of change, mean difference of pixels", INK, "lt")
    write((SHARP * 8, 4 * SHARP), "liked more than its approximation, standard deviations", INK, "lt")
    canvas.resize((width, height), Image.Resampling.LANCZOS).save(file)
