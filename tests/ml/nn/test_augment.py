import torch
from torch.testing import assert_close

from ml.nn.augment import change_colours, crop, draw_colours, draw_crops, shift


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def images() -> torch.Tensor:
    return torch.rand(6, 3, 16, 16, generator=generator())


def test_a_view_shows_nothing_that_is_not_in_the_picture():
    flat = torch.full((4, 3, 16, 16), 0.3)

    assert_close(crop(flat, draw_crops(4, generator(), least=0.2)), flat)


def test_the_generator_decides_the_view():
    one, same, other = (crop(images(), draw_crops(6, generator(seed), least=0.3)) for seed in (1, 1, 2))

    assert torch.equal(one, same) and not torch.equal(one, other)


def test_without_strength_light_stays_as_it_is():
    assert_close(change_colours(images(), draw_colours(6, generator(), strength=0.0, grey=0.0)), images())


def test_what_is_made_grey_has_equal_channels():
    views = change_colours(images(), draw_colours(6, generator(), strength=0.0, grey=1.0))

    assert_close(views[:, 0], views[:, 1])
    assert_close(views.mean(), images().mean())


def test_grey_pictures_gain_no_colour():
    grey = images()[:, :1].expand(-1, 3, -1, -1)

    views = change_colours(grey, draw_colours(6, generator(), strength=1.0, grey=0.0))

    assert_close(views[:, 0], views[:, 2])


def test_what_is_shifted_has_moved_by_an_eighth_at_most_and_leaves_nothing_behind():
    torch.manual_seed(0)
    images = torch.zeros(400, 3, 32, 32)
    images[:, :, 16, 16] = 0.7

    seen = shift(images)

    _, channels, rows, columns = seen.nonzero(as_tuple=True)
    assert len(channels) == 1200 and torch.equal(seen.sum(dim=(2, 3)), images.sum(dim=(2, 3)))
    assert set(rows.tolist()) == set(columns.tolist()) == set(range(12, 21))


def test_what_comes_in_from_beyond_the_border_is_neither_light_nor_dark():
    torch.manual_seed(0)

    seen = shift(torch.ones(64, 3, 32, 32))

    assert set(seen.unique().tolist()) == {0.0, 1.0}
    assert (seen == 0).float().mean(dim=(1, 2, 3)).max() <= 1 - (7 / 8) ** 2


def test_gradients_pass_a_shift():
    torch.manual_seed(0)
    images = torch.rand(4, 3, 32, 32, requires_grad=True)

    shift(images).square().sum().backward()

    assert images.grad.isfinite().all()
    assert (images.grad != 0).float().mean() > 0.5
