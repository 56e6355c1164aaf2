import torch
from torch.testing import assert_close

from ml.nn.encoders import DESCRIPTORS, CnnF, Descriptors, SmallEncoder
from tests.ml.worlds import toy_images


def test_descriptors_have_length_1_and_are_the_same_alone():
    images, descriptors = toy_images(30), Descriptors()
    descriptors.on_fit_start(images, torch.arange(30), torch.device("cpu"))

    described = descriptors.describe(images.batch(range(30)))

    assert described.shape == (30, DESCRIPTORS)
    assert_close(described.norm(dim=1), torch.ones(30))
    assert_close(descriptors.describe(images.batch([3]))[0], described[3], atol=1e-4, rtol=1e-4)


def test_the_small_encoder_reads_descriptors_and_pixels():
    images, encoder = toy_images(30), SmallEncoder(5).eval()
    encoder.on_fit_start(images, torch.arange(30), torch.device("cpu"))
    batch = images.batch([0, 1])
    described = encoder.describe(batch)

    assert encoder(batch, described).shape == (2, 5)
    assert not torch.allclose(encoder(batch, described), encoder(batch, described.flip(0)))
    assert not torch.allclose(encoder(batch, described), encoder(batch.flip(0), described))


def test_the_papers_encoder_reads_pixels_alone():
    encoder = CnnF(2).eval()
    batch = torch.rand(1, 3, encoder.side, encoder.side)

    assert encoder.describe(batch).shape == (1, 0)
    assert encoder(batch, encoder.describe(batch)).shape == (1, 2)
