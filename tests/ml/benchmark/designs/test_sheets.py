import numpy as np
import torch
from PIL import Image

from ml.benchmark.designs import sheets
from ml.benchmark.drawing import BLUE, GREEN
from ml.generation.search import Step, Tailored

RED = torch.tensor([1.0, 0.0, 0.0])[:, None, None].expand(3, 64, 64)


def painted(file, colour):
    """How many of the sheet's pixels are of this colour, or as good as."""
    with Image.open(file) as sheet:
        return (np.abs(np.asarray(sheet.convert("RGB")).astype(int) - colour).max(axis=2) < 16).sum()


def test_a_sheet_has_every_category_with_every_set(tmp_path):
    pictures = {name: [RED.expand(5, -1, -1, -1)] * 2 for name in sheets.SETS}

    sheets.draw_designs(tmp_path / "a.png", "lsgan", ["hats", "bags"], pictures)

    tiles = 2 * len(sheets.SETS) * 5
    assert painted(tmp_path / "a.png", (255, 0, 0)) == tiles * sheets.SIDE**2


def test_of_a_tailored_product_its_own_picture_is_not_shown(tmp_path):
    blue = Step(RED.flip(0), 0.0, 1.0, 0.05)
    red = [Step(RED, score, 1.0, score / 10) for score in (0.0, 0.5, 1.0)]

    sheets.draw_tailored(tmp_path / "a.png", [Tailored(blue, red[0], tuple(red[1:]))])

    assert painted(tmp_path / "a.png", (0, 0, 255)) == 0
    assert painted(tmp_path / "a.png", (255, 0, 0)) == 3 * sheets.SIDE**2


def test_a_product_without_any_step_has_its_approximation(tmp_path):
    step = Step(RED, 0.0, 1.0, 0.0)

    sheets.draw_tailored(tmp_path / "a.png", [Tailored(step, step, ())])

    assert painted(tmp_path / "a.png", (255, 0, 0)) == sheets.SIDE**2


def test_the_curve_has_a_line_for_the_scorer_and_one_for_the_judge(tmp_path):
    curve = [{"budget": n / 10, "liked": n * 1.0, "judged": n * 0.5} for n in range(4)]

    sheets.draw_curve(tmp_path / "a.png", curve)

    for colour in (BLUE, GREEN):
        assert painted(tmp_path / "a.png", tuple(bytes.fromhex(colour[1:]))) > 500
