import numpy as np
import pytest
import torch
from PIL import Image, ImageColor

from ml.benchmark import contact_sheets
from ml.benchmark.drawing import BLUE, GREEN
from ml.models.pixels import Pixels, PixelsConfig
from tests.ml.worlds import toy_images, write_toy_image


class Dreamer(Pixels):
    def reconstruct(self, images):
        return 1 - images

    def sample(self, count, generator):
        return torch.rand(count, 3, 8, 8, generator=generator)


@pytest.fixture
def shown(tmp_path):
    files = [tmp_path / "photos" / f"{n}.jpg" for n in range(8)]
    for n, file in enumerate(files):
        write_toy_image(file, n % 2, n)
    return contact_sheets.SheetImages(files, toy_images(8), [["disc", "stripes"][n % 2] for n in range(7)] + [""])


def drawn(file, shown, vectors, model=None, losses=()):
    contact_sheets.draw_sheet(file, "a run", model or Pixels(PixelsConfig()), vectors, shown, losses, "facts", seed=0)
    with Image.open(file) as sheet:
        return sheet.copy()


def share(sheet, colour):
    """How much of the sheet is of this colour."""
    return (np.asarray(sheet) == ImageColor.getrgb(colour)).all(axis=-1).mean()


def test_right_neighbours_are_framed_and_wrong_ones_are_not(shown, tmp_path):
    kinds = torch.eye(2)[torch.arange(8) % 2] + torch.arange(8)[:, None] / 1000

    by_kind = drawn(tmp_path / "right.png", shown, kinds)
    alike = drawn(
        tmp_path / "wrong.png", contact_sheets.SheetImages(shown.sources, shown.pixels, list("abcdefg") + [""]), kinds
    )

    assert share(by_kind, GREEN) > 0.005 and share(alike, GREEN) == 0


def test_where_few_are_labelled_neither_the_query_nor_what_has_no_label_is_found(shown, tmp_path):
    few = contact_sheets.SheetImages(shown.sources, shown.pixels, ["a", "b", "c"] + [""] * 5)

    assert share(drawn(tmp_path / "few.png", few, torch.eye(8)), GREEN) == 0


def test_what_a_model_cannot_do_takes_no_room(shown, tmp_path):
    vectors = torch.randn(8, 4, generator=torch.Generator().manual_seed(0))

    plain = drawn(tmp_path / "plain.png", shown, vectors)
    dreaming = drawn(tmp_path / "dreaming.png", shown, vectors, Dreamer(PixelsConfig()))
    learning = drawn(tmp_path / "learning.png", shown, vectors, losses=[{"a": 2.0, "b": 9.0}, {"a": 1.0, "b": 9.0}])

    assert dreaming.height > plain.height + 300 and learning.height > plain.height + 150
    assert share(learning, BLUE) > share(plain, BLUE) == 0
    one_epoch = drawn(tmp_path / "once.png", shown, vectors, losses=[{"a": 2.0}])
    assert plain.height < one_epoch.height < learning.height


def test_a_sheet_says_of_which_run_it_is(shown, tmp_path):
    drawn(tmp_path / "sheet.png", shown, torch.eye(8))

    assert contact_sheets.read_run(tmp_path / "sheet.png") == "a run"
    assert contact_sheets.read_run(tmp_path / "none.png") is None
