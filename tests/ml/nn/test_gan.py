import pytest
import torch

from ml.nn.gan import Discriminator, Encoder, Generator, PublishedDiscriminator, PublishedGenerator


def parameters(network: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def test_the_published_networks_have_their_parameters():
    assert parameters(PublishedGenerator(256 + 6, 64)) == 3_811_075
    assert parameters(PublishedDiscriminator(6, 64)) == 4_460_545


@pytest.mark.parametrize("generator", [Generator, PublishedGenerator])
def test_a_generator_makes_images_in_minus_1_to_1(generator):
    images = generator(10, 4)(torch.randn(2, 10))

    assert images.shape == (2, 3, 64, 64) and images.abs().max() <= 1


@pytest.mark.parametrize("discriminator", [Discriminator, PublishedDiscriminator])
def test_a_discriminator_depends_on_the_category(discriminator):
    torch.manual_seed(0)
    network, x = discriminator(2, 4).eval(), torch.rand(1, 3, 64, 64).expand(2, -1, -1, -1)

    one, other = network(x, torch.eye(2)).tolist()

    assert one != other


def test_the_discriminator_sees_an_image_alone_as_in_a_batch():
    network, x, y = Discriminator(2, 4).eval(), torch.rand(3, 3, 64, 64), torch.eye(2)[[0, 1, 0]]

    assert torch.allclose(network(x, y)[:1], network(x[:1], y[:1]), atol=1e-5)


def test_an_encoder_gives_means_and_variances():
    assert Encoder(5, 4)(torch.rand(2, 3, 64, 64)).shape == (2, 10)
