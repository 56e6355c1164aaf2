import numpy as np
import pytest
import torch

from ml.data.batching import load
from ml.data.labelled_images import LabelledImageBatches, LabelledImages
from tests.ml.worlds import toy_images


def uneven():
    """30 discs, 6 stripes."""
    return LabelledImages(toy_images(36), np.array([0] * 30 + [1] * 6), ("discs", "stripes"))


def shares(*, balanced):
    batches = LabelledImageBatches(uneven(), 12, torch.Generator().manual_seed(0), balanced=balanced)
    categories = torch.cat([category for _ in range(100) for _, category in batches])
    return categories.float().mean().item()


def test_balanced_categories_are_drawn_alike_and_others_as_there_are_pictures():
    assert shares(balanced=True) == pytest.approx(1 / 2, abs=0.03)
    assert shares(balanced=False) == pytest.approx(1 / 6, abs=0.03)


def test_an_epoch_is_full_batches_of_pictures_with_their_own_category():
    garments = uneven()
    batches = LabelledImageBatches(garments, 10, torch.Generator().manual_seed(0), balanced=True)

    drawn = [load(batch, torch.device("cpu")) for batch in batches]

    assert len(drawn) == len(batches) == 3
    for images, category in drawn:
        assert images.shape == (10, 3, 64, 64)
        for image, kind in zip(images, category.tolist(), strict=True):
            own = garments.images.batch(garments.indices_of(kind))
            assert (own == image).flatten(1).all(dim=1).any()


def test_a_catalogue_smaller_than_a_batch_is_one_batch():
    (batch,) = LabelledImageBatches(uneven(), 64, torch.Generator().manual_seed(0), balanced=False)

    assert len(batch[0]) == 64


@pytest.mark.parametrize(
    ("categories", "names", "message"),
    [
        ([0, 1], ("discs", "stripes"), "4 images, but 2 categories"),
        ([0, 0, 2, 2], ("discs", "stripes", "dots"), r"the categories \[0, 2\], but 3 names"),
        ([-1, 0, 0, 0], ("discs",), r"the categories \[-1, 0\]"),
    ],
)
def test_pictures_without_a_category_and_categories_without_a_picture_are_refused(categories, names, message):
    with pytest.raises(ValueError, match=message):
        LabelledImages(toy_images(4), np.array(categories), names)
