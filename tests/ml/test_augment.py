import torch
from torch.testing import assert_close

from ml.augment import cropped, glimpsed, recoloured


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def images() -> torch.Tensor:
    return torch.rand(6, 3, 16, 16, generator=generator())


def test_a_view_shows_nothing_that_is_not_in_the_picture():
    flat = torch.full((4, 3, 16, 16), 0.3)

    assert_close(cropped(flat, generator(), least=0.2), flat)


def test_the_generator_decides_the_view():
    one, same, other = (cropped(images(), generator(seed), least=0.3) for seed in (1, 1, 2))

    assert torch.equal(one, same) and not torch.equal(one, other)


def test_without_strength_light_stays_as_it_is():
    assert_close(recoloured(images(), generator(), strength=0.0, grey=0.0), images())


def test_what_is_made_grey_has_equal_channels():
    views = recoloured(images(), generator(), strength=0.0, grey=1.0)

    assert_close(views[:, 0], views[:, 1])
    assert_close(views.mean(), images().mean())


def test_grey_pictures_gain_no_colour():
    grey = images()[:, :1].expand(-1, 3, -1, -1)

    views = recoloured(grey, generator(), strength=1.0, grey=0.0)

    assert_close(views[:, 0], views[:, 2])


def test_a_glimpse_has_a_hole_and_differs_each_time():
    torch.manual_seed(0)
    images = torch.full((64, 3, 32, 32), 0.7)

    seen = glimpsed(images)

    hidden = (seen == 0).float().mean(dim=(1, 2, 3))
    assert 0.2 < hidden.mean() < 0.45  # a quarter by the hole, some beyond the border; some of the hole is beyond it
    assert hidden.max() <= 0.25 + 1 - (7 / 8) ** 2
    assert len(seen.flatten(1).amax(dim=1).unique()) > 60


def test_a_glimpse_passes_gradients_to_what_it_shows():
    torch.manual_seed(0)
    images = torch.rand(4, 3, 32, 32, requires_grad=True)

    glimpsed(images).square().sum().backward()

    assert images.grad.isfinite().all()
    assert (images.grad != 0).float().mean() > 0.5
