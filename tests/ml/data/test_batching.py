import torch
from torch import nn
from torch.testing import assert_close

from ml.data.batching import ImageBatches, OrderedBatches, load, recompute_batch_norms
from tests.ml.worlds import toy_images


def order(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_every_batch_is_full_and_no_picture_comes_twice():
    batches = ImageBatches(toy_images(10), 4, order())

    seen = torch.cat([images for batch in batches for images in load(batch, torch.device("cpu"))])

    assert len(batches) == 2
    assert seen.shape == (8, 3, 64, 64)
    assert len(seen.flatten(1).unique(dim=0)) == 8
    assert len(ImageBatches(toy_images(3), 4, order())) == 1


def test_ordered_batches_have_the_chosen_pictures_in_their_order_each_time():
    images, chosen = toy_images(10), torch.tensor([7, 0, 3, 3, 9])
    batches = OrderedBatches(images, chosen, 2)

    for _ in range(2):
        parts = [part for batch in batches for part in load(batch, torch.device("cpu"))]
        assert [len(part) for part in parts] == [2, 2, 1] and len(batches) == 3
        assert torch.equal(torch.cat(parts), images.batch(chosen))


def test_settled_norms_know_the_pictures_and_nothing_else():
    images = toy_images(8)
    network = nn.Sequential(nn.BatchNorm2d(3), nn.Dropout(0.9), nn.BatchNorm2d(3, affine=False))
    network(torch.full((4, 3, 64, 64), 9.0))  # what a generator made

    recompute_batch_norms(network, ImageBatches(images, 4, order()), torch.device("cpu"))

    expected = images.batch(range(8)).mean(dim=(0, 2, 3))
    assert_close(network[0].running_mean, expected, atol=1e-4, rtol=0)
    assert_close(network[2].running_var, torch.ones(3), atol=0.05, rtol=0)  # of what dropout left alone
    assert network[0].momentum == 0.1
    assert not network.training
