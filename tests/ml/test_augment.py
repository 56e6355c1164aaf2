import torch
from torch.testing import assert_close

from ml.augment import cropped, recoloured


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
