"""Elements of contact sheets: text, rows of thumbnails and curves, drawn by Pillow."""

from collections.abc import Sequence
from functools import cache

from PIL import Image, ImageDraw, ImageFont

INK, GREY, PALE, GREEN, BLUE = "#1c1c1e", "#6e6e73", "#d9d9de", "#1a8a3c", "#1f5fbf"
SHARP = 3  # curves are drawn so many times as large, then reduced, against jagged lines


@cache
def load_font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Load Pillow's own font."""
    return ImageFont.load_default(size)


def draw_line(text: str, size: int, colour: str, width: int) -> Image.Image:
    """Draw one line of text, shortened to the width if necessary, with half a line of space below it."""
    strip = Image.new("RGB", (width, round(1.6 * size)), "white")
    ImageDraw.Draw(strip).text((0, 0), truncate(text, size, width), colour, load_font(size))
    return strip


def truncate(text: str, size: int, width: int) -> str:
    """Truncate the text to this width in pixels."""
    if load_font(size).getlength(text) <= width:
        return text
    while text and load_font(size).getlength(text + "…") > width:
        text = text[:-1]
    return text.rstrip() + "…"


def draw_thumbnail(image: Image.Image, side: int, frame: str, thickness: int) -> Image.Image:
    """Draw a square with the image in its middle and a frame just inside the border."""
    square = Image.new("RGB", (side, side), "white")
    inner = side - 2 * thickness
    scale = min(inner / image.width, inner / image.height)
    size = max(1, round(image.width * scale)), max(1, round(image.height * scale))
    small = image.resize(size, Image.Resampling.LANCZOS)
    square.paste(small, ((side - size[0]) // 2, (side - size[1]) // 2))
    ImageDraw.Draw(square).rectangle((0, 0, side - 1, side - 1), outline=frame, width=thickness)
    return square


def tile(images: Sequence[Image.Image], columns: int, gap: int, width: int) -> Image.Image:
    """Tile images of one size in rows from the left, on a strip of this width."""
    across, down = images[0].width + gap, images[0].height + gap
    strip = Image.new("RGB", (width, -(-len(images) // columns) * down), "white")
    for index, image in enumerate(images):
        strip.paste(image, (index % columns * across, index // columns * down))
    return strip


def format_number(value: float) -> str:
    """Format a number with four digits, or all before the point."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def draw_chart(title: str, values: Sequence[float], width: int, height: int) -> Image.Image:
    """Draw a curve over two epochs or more, with its least, middle and greatest value beside it."""
    left, right, top, bottom = 64, 12, 34, 30
    least, most = min(values), max(values)
    span = (most - least) or 1.0
    canvas = Image.new("RGB", (SHARP * width, SHARP * height), "white")
    draw = ImageDraw.Draw(canvas)

    def at(epoch: int, value: float) -> tuple[float, float]:
        x = left + (width - left - right) * (epoch / (len(values) - 1))
        return SHARP * x, SHARP * (height - bottom - (height - top - bottom) * (value - least) / span)

    for value in (least, (least + most) / 2, most):
        draw.line([at(0, value), at(len(values) - 1, value)], PALE, SHARP)
        x, y = at(0, value)
        draw.text((x - 8 * SHARP, y), format_number(value), GREY, load_font(13 * SHARP), anchor="rm")
    points = [at(epoch, value) for epoch, value in enumerate(values)]
    draw.line(points, BLUE, 2 * SHARP, joint="curve")
    for x, y in (points[0], points[-1]):
        draw.ellipse((x - 4 * SHARP, y - 4 * SHARP, x + 4 * SHARP, y + 4 * SHARP), fill=BLUE)
    draw.text(
        (left * SHARP, 4 * SHARP), truncate(title, 16 * SHARP, SHARP * (width - left)), INK, load_font(16 * SHARP)
    )
    for epoch, anchor in ((1, "lt"), (len(values), "rt")):
        draw.text(
            (at(epoch - 1, least)[0], SHARP * (height - 20)),
            f"epoch {epoch}",
            GREY,
            load_font(13 * SHARP),
            anchor=anchor,
        )
    return canvas.resize((width, height), Image.Resampling.LANCZOS)
