import numpy as np
import pytest
import torch

from ml.nn.image_similarity import diversity, mean_differences, share_repeated, ssim
from tests.ml.worlds import toy_images


def chance():
    return torch.Generator().manual_seed(0)


def naive(one, other):
    """SSIM of two luminances (H, W), window by window, from the paper's formula."""
    place = np.arange(11) - 5
    window = np.exp(-(place[:, None] ** 2 + place[None, :] ** 2) / (2 * 1.5**2))
    window /= window.sum()
    values = []
    for top in range(one.shape[0] - 10):
        for left in range(one.shape[1] - 10):
            x, y = (image[top : top + 11, left : left + 11] for image in (one, other))
            mx, my = (window * x).sum(), (window * y).sum()
            vx, vy = (window * (x - mx) ** 2).sum(), (window * (y - my) ** 2).sum()
            covariance = (window * (x - mx) * (y - my)).sum()
            above = (2 * mx * my + 0.01**2) * (2 * covariance + 0.03**2)
            values.append(above / ((mx**2 + my**2 + 0.01**2) * (vx + vy + 0.03**2)))
    return np.mean(values)


def test_it_is_the_papers_formula_of_luminance():
    one, other = torch.rand(2, 3, 3, 20, 24, generator=chance())
    luminance = [np.einsum("bchw,c->bhw", x.double().numpy(), (0.299, 0.587, 0.114)) for x in (one, other)]

    assert ssim(one, other).tolist() == pytest.approx([naive(x, y) for x, y in zip(*luminance, strict=True)], abs=1e-5)


def test_a_picture_is_wholly_like_itself_and_less_like_another():
    images = toy_images(6).batch(range(6))

    assert ssim(images, images).tolist() == pytest.approx([1] * 6, abs=1e-5)
    assert (ssim(images, images.roll(1, dims=0)) < 0.9).all()


def test_diversity_is_the_mean_over_pairs_of_different_pictures():
    images = toy_images(2).batch(range(2))

    assert diversity(images, chance()) == pytest.approx(1 - ssim(images[:1], images[1:]).item(), abs=1e-4)
    assert diversity(images[:1].expand(5, -1, -1, -1), chance()) == pytest.approx(0, abs=1e-4)


def test_differences_are_mean_and_absolute():
    one, other = toy_images(3).batch(range(3)), toy_images(5).batch(range(5))

    assert mean_differences(one, other).shape == (3, 5)
    assert mean_differences(one, other)[2, 4].item() == pytest.approx((one[2] - other[4]).abs().mean().item(), abs=1e-6)


def test_pictures_are_repeated_if_no_shopper_could_tell_them_apart():
    images = toy_images(4).batch(range(4))
    nearly = (images[:1] - 0.008).clamp(min=0)

    assert share_repeated(images) == 0
    assert share_repeated(torch.cat([images, nearly])) == pytest.approx(2 / 5)
