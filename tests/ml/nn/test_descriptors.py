import numpy as np
import pytest
import torch
from PIL import Image
from torch.testing import assert_close

from ml.nn.descriptors import (
    COLOUR_REACH,
    HISTOGRAM,
    HOG,
    LAYOUT,
    bounded_sqrt,
    colour_histogram,
    crop_to_foreground,
    describe_layout,
    describe_shape,
    hog,
    rgb_to_lab,
    segment_foreground,
)
from tests.ml.worlds import toy_images


def edge(degrees: float) -> torch.Tensor:
    """(1, 3, 64, 64) a straight edge through the middle, smooth, its gradient pointing at this angle."""
    y, x = np.mgrid[-32:32, -32:32]
    turned = x * np.cos(np.radians(degrees)) + y * np.sin(np.radians(degrees))
    grey = 1 / (1 + np.exp(-turned / 3))
    return torch.from_numpy(np.broadcast_to(grey, (1, 3, 64, 64)).astype(np.float32).copy())


@pytest.mark.parametrize("degrees", [0, 20, 60, 120, 160])
def test_an_edge_votes_for_its_own_orientation(degrees):
    blocks = hog(edge(degrees)).view(9, 4, 49).sum(dim=(1, 2))

    assert blocks.argmax() == degrees // 20


def test_shape_does_not_see_how_bright_the_light_is():
    picture = toy_images(1).batch([0]) * 0.9

    assert_close(hog(picture * 0.5), hog(picture), atol=0.03, rtol=0)


def test_descriptors_have_the_lengths_they_are_said_to_have():
    images = toy_images(2).batch([0, 1])

    assert hog(images).shape == (2, HOG)
    assert describe_shape(images).shape == (2, 2 * HOG)
    assert colour_histogram(images).shape == (2, HISTOGRAM)
    assert describe_layout(images).shape == (2, LAYOUT)


def test_the_foreground_is_what_is_not_the_borders_colour():
    image = torch.ones(1, 3, 64, 64)
    image[:, :, 20:40, 10:30] = torch.tensor([0.8, 0.1, 0.1]).view(3, 1, 1)

    mask = segment_foreground(image)[0]

    assert mask[20:40, 10:30].min() == 1 and mask.sum() == 400


def test_products_of_all_sizes_fill_the_frame():
    small, large = torch.ones(2, 1, 3, 64, 64)
    small[:, :, 8:24, 30:46] = 0.2
    large[:, :, 12:52, 12:52] = 0.2

    covered = segment_foreground(crop_to_foreground(torch.cat([small, large]))).mean(dim=(1, 2))

    assert_close(covered, torch.full((2,), 1 / 1.08**2), atol=0.1, rtol=0)


def test_a_blank_picture_is_framed_as_it_is_and_has_no_colours():
    blank = torch.full((1, 3, 64, 64), 0.5)

    assert_close(crop_to_foreground(blank), blank)
    assert colour_histogram(blank).sum() == 0


@pytest.mark.parametrize("rgb", [(255, 0, 0), (0, 128, 0), (0, 0, 255), (255, 255, 255), (0, 0, 0), (90, 90, 90)])
def test_cielab_agrees_with_the_standard(rgb):
    image = torch.tensor(rgb, dtype=torch.float32).view(1, 3, 1, 1) / 255

    known = {
        (255, 0, 0): (53.24, 80.09, 67.20),
        (0, 128, 0): (46.23, -51.70, 49.90),
        (0, 0, 255): (32.30, 79.19, -107.86),
        (255, 255, 255): (100.0, 0.0, 0.0),
        (0, 0, 0): (0.0, 0.0, 0.0),
        (90, 90, 90): (38.29, 0.0, 0.0),
    }[rgb]
    assert_close(rgb_to_lab(image).flatten(), torch.tensor(known), atol=0.9, rtol=0)


def test_a_histogram_is_of_the_foregrounds_colours():
    pixels = np.full((1, 64, 64, 3), 255, np.uint8)
    pixels[:, 16:48, 16:48] = np.asarray(Image.new("RGB", (1, 1), (180, 40, 40)))[0, 0]
    red = torch.from_numpy(pixels).permute(0, 3, 1, 2) / 255

    histogram = colour_histogram(red)

    assert_close(histogram.square().sum(), torch.tensor(1.0))
    assert (histogram > 0).sum() <= 8 * 3  # the corners of a bin, and a few mixtures along the edge
    assert COLOUR_REACH < 128


def test_a_root_is_a_root_whose_slope_stays_finite():
    x = torch.tensor([0.0, 1e-9, 0.25, 4.0], requires_grad=True)

    y = bounded_sqrt(x, slope=10)
    y.sum().backward()

    assert torch.equal(y, x.sqrt())
    assert x.grad.tolist() == pytest.approx([10, 10, 1, 0.25])


@pytest.mark.parametrize("descriptor", [hog, colour_histogram, describe_layout, describe_shape])
def test_gradients_reach_pixels_and_are_finite_in_plain_areas_too(descriptor):
    images = toy_images(4).batch(range(4)).requires_grad_()  # discs and stripes on plain white, wholly black at places
    images.data[0, :, :20] = 0

    (descriptor(images) * torch.linspace(-1, 1, descriptor(images).shape[1])).sum().backward()

    assert images.grad.isfinite().all()
    assert (images.grad.flatten(1) != 0).any(dim=1).all()


def test_the_way_of_the_gradient_is_the_way_up():
    images = toy_images(8).batch(range(8))
    noise = torch.randn(images.shape, generator=torch.Generator().manual_seed(0))
    images = (0.9 * images + 0.05 + 0.01 * noise).requires_grad_()
    towards = torch.randn(HISTOGRAM + LAYOUT + 2 * HOG, generator=torch.Generator().manual_seed(1))

    def liked(x):
        return torch.cat([colour_histogram(x), describe_layout(x), describe_shape(x)], dim=1) @ towards

    (gradient,) = torch.autograd.grad(liked(images).sum(), [images])
    unit = gradient / gradient.flatten(1).norm(dim=1).view(-1, 1, 1, 1)

    assert (liked(images + 0.02 * unit) > liked(images - 0.02 * unit)).all()


def test_a_pixel_votes_for_the_two_bins_nearest_to_its_angle():
    images = torch.rand(3, 3, 64, 48, generator=torch.Generator().manual_seed(0), dtype=torch.float64).requires_grad_()
    weights = torch.rand(3, 7 * 5 * 36, generator=torch.Generator().manual_seed(1), dtype=torch.float64)

    found = hog(images)

    expected = hog_over_all_bins(images)
    assert_close(found, expected)
    gradients = [torch.autograd.grad((each * weights).sum(), images)[0] for each in (found, expected)]
    assert_close(*gradients)


def hog_over_all_bins(images: torch.Tensor) -> torch.Tensor:
    """The histograms of nine orientations in cells of eight pixels, with the share of each pixel in every bin."""
    grey = bounded_sqrt((images * images.new_tensor([0.299, 0.587, 0.114])[:, None, None]).sum(dim=1))
    padded = torch.nn.functional.pad(grey[:, None], (1, 1, 1, 1), mode="replicate")
    dx = padded[:, :, 1:-1, 2:] - padded[:, :, 1:-1, :-2]
    dy = padded[:, :, 2:, 1:-1] - padded[:, :, :-2, 1:-1]
    distance = (torch.atan2(dy, dx).remainder(np.pi) * 9 / np.pi - torch.arange(9)[:, None, None]).abs()
    share = (1 - torch.minimum(distance, 9 - distance)).clamp(min=0)
    cells = torch.nn.functional.avg_pool2d(bounded_sqrt(dx.square() + dy.square()) * share, 8)
    blocks = torch.nn.functional.normalize(torch.nn.functional.unfold(cells, 2), dim=1, eps=1e-3).clamp(max=0.2)
    return torch.nn.functional.normalize(blocks, dim=1, eps=1e-3).flatten(1)
