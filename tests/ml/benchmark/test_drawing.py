import numpy as np
import pytest
from PIL import Image, ImageColor

from ml.benchmark import drawing


def test_a_line_is_truncated_to_its_width():
    assert drawing.truncate("short", 20, 200) == "short"
    cut = drawing.truncate("a line that is far too long for it", 20, 100)
    assert cut.endswith("…") and drawing.load_font(20).getlength(cut) <= 100
    assert drawing.draw_line("words", 20, drawing.INK, 100).size == (100, 32)


def test_a_thumbnail_keeps_the_ratio_inside_its_frame():
    pixels = np.asarray(drawing.draw_thumbnail(Image.new("RGB", (40, 20), "black"), 24, drawing.GREEN, 2))

    assert pixels.shape == (24, 24, 3)
    assert tuple(pixels[0, 0]) == ImageColor.getrgb(drawing.GREEN)
    assert (pixels[12, 2:22] == 0).all() and (pixels[4, 2:22] == 255).all()


def test_tiles_fill_rows_from_the_left():
    tiles = [Image.new("RGB", (10, 10), (n, 0, 0)) for n in range(3)]

    pixels = np.asarray(drawing.tile(tiles, 2, 5, 40))

    assert pixels.shape == (30, 40, 3)
    assert [tuple(pixels[y, x]) for y, x in ((0, 0), (0, 15), (15, 0), (15, 15))] == [
        *((0, 0, 0), (1, 0, 0), (2, 0, 0)),
        (255, 255, 255),
    ]


@pytest.mark.parametrize(("value", "text"), [(0.123456, "0.1235"), (12345.6, "12,346"), (2, "2")])
def test_numbers_have_four_digits(value, text):
    assert drawing.format_number(value) == text


def test_a_chart_rises_with_its_values():
    pixels = np.asarray(drawing.draw_chart("loss", [0.0, 1.0], 300, 200)).astype(int)
    curve = np.abs(pixels - ImageColor.getrgb(drawing.BLUE)).sum(axis=2) < 30
    rows, columns = np.nonzero(curve)

    assert pixels.shape == (200, 300, 3)
    assert rows[columns.argmin()] > rows[columns.argmax()]
