import numpy as np
import pytest
from PIL import Image

from recommender.versions import previews
from tests.factories import image_bytes


@pytest.fixture
def images() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (14, 32, 32, 3), dtype=np.uint8)


def test_a_sheet_has_a_dozen_images_a_row_and_small_ones_enlarged(images):
    sheet = previews.draw_sheet(images)

    assert sheet.size == (12 * 66 - 2, 2 * 66 - 2)
    first = np.asarray(sheet)[:64, :64]
    assert (first[::2, ::2] == images[0]).all() and (first[1::2, 1::2] == images[0]).all()


def test_sheets_are_saved_by_epoch_and_few_are_listed_the_newest_first(active, images):
    active.folder.mkdir(parents=True)
    assert previews.epochs(active) == previews.few_epochs(active) == []

    for epoch in range(1, 31):
        previews.save_sheet(active, epoch, images[:1])

    assert previews.epochs(active) == list(range(1, 31))
    few = previews.few_epochs(active)
    assert (len(few), few[0], few[-1]) == (12, 30, 1) and few == sorted(few, reverse=True)
    with Image.open(previews.file_of(active, 7)) as sheet:
        assert sheet.size == (12 * 66 - 2, 64)


def test_captioned_images_stand_four_a_row(tmp_path):
    files = [tmp_path / f"{number}.png" for number in range(5)]
    for number, file in enumerate(files):
        file.write_bytes(image_bytes(number))

    assert previews.draw_captioned(files, ["a caption"] * 5).size == (4 * 216, 2 * 240)
    with pytest.raises(ValueError, match="zip"):
        previews.draw_captioned(files, ["too few"])
