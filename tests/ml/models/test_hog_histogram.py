import torch
from torch.testing import assert_close

from tests.ml.worlds import toy_images, trained


def test_the_cosine_is_four_parts_shape_and_one_part_colour():
    images = toy_images(12).batch(range(12))

    with torch.inference_mode():
        both, shape, colour = (trained(name).embed(images) for name in ("hog+histogram", "hog", "histogram"))

    assert_close(both @ both.T, 0.8 * shape @ shape.T + 0.2 * colour @ colour.T)
