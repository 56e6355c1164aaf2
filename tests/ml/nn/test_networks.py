import torch

from ml.nn.networks import Block, Trunk, freeze


def test_a_trunk_gives_four_times_its_last_width():
    trunk = Trunk((4, 8))

    assert trunk.features == 32
    assert trunk(torch.rand(2, 3, 64, 64)).shape == (2, 32)


def test_a_block_without_weights_passes_its_input_on():
    block = Block(4, 4, 1).eval()
    torch.nn.init.zeros_(block.norm2.weight)
    x = torch.rand(2, 4, 8, 8)

    assert torch.equal(block(x), x)


def test_a_frozen_network_gets_no_gradients_and_its_input_does():
    layer, x = torch.nn.Linear(3, 1), torch.rand(2, 3, requires_grad=True)

    with freeze(layer):
        layer(x).sum().backward()

    assert layer.weight.grad is None and torch.equal(x.grad, layer.weight.detach().expand(2, 3))
    assert all(parameter.requires_grad for parameter in layer.parameters())
