import numpy as np
import pytest
import torch

from ml.nn import tsne


def clouds(count: int, dimensions: int = 8, groups: int = 4) -> tuple[torch.Tensor, torch.Tensor]:
    """Points of some groups that are far apart, and the group of each."""
    generator = torch.Generator().manual_seed(0)
    group = torch.arange(count) % groups
    centres = 10 * torch.eye(groups, dimensions)
    return centres[group] + torch.randn(count, dimensions, generator=generator), group


def test_neighbours_stay_neighbours():
    points, group = clouds(200)

    layout = tsne.lay_out(points)

    nearest = torch.cdist(layout, layout).fill_diagonal_(torch.inf).topk(5, largest=False).indices
    assert layout.shape == (200, 2)
    assert (group[nearest] == group[:, None]).float().mean() == 1
    assert torch.cdist(layout[group == 0], layout[group == 0]).max() < torch.cdist(layout, layout).max() / 2


def test_a_layout_is_the_same_again_and_another_of_other_points():
    points, _ = clouds(60)
    reduced = [tsne.reduce(points, seed=3)(points) for _ in range(2)]

    layouts = [tsne.lay_out(each) for each in reduced]

    assert torch.equal(*layouts)
    assert not torch.allclose(layouts[0], tsne.lay_out(reduced[0].flip(0)))


def test_the_gradient_is_that_of_the_divergence():
    points, _ = clouds(12)
    affinities = tsne.joint_probabilities(points).double()
    layout = torch.randn(12, 2, generator=torch.Generator().manual_seed(1), dtype=torch.float64, requires_grad=True)
    squares = (layout[:, None] - layout[None]).square().sum(dim=2)
    kernel = (1 / (1 + squares)) * (1 - torch.eye(12, dtype=torch.float64))
    pairs = affinities > 0
    divergence = (affinities[pairs] * (affinities[pairs] / (kernel / kernel.sum())[pairs]).log()).sum()

    divergence.backward()

    assert torch.allclose(tsne.gradient_of(layout.detach(), affinities), layout.grad, atol=1e-8)


def test_each_point_has_as_many_neighbours_as_the_perplexity_says():
    points, _ = clouds(300)

    joint = tsne.joint_probabilities(points)

    assert float(joint.sum()) == pytest.approx(1, abs=1e-5)
    assert torch.equal(joint, joint.T)
    perplexities = torch.special.entr(300 * joint).sum(dim=1).exp()  # symmetric ones: near to 30, not equal
    assert 20 < perplexities.median() < 45


@pytest.mark.parametrize("points", [torch.zeros(1, 3), torch.zeros(3, 3), torch.ones(40, 5), torch.rand(6, 1)])
def test_few_points_or_equal_ones_have_a_layout(points):
    layout = tsne.lay_out(tsne.reduce(points, seed=0)(points))

    assert layout.shape == (len(points), 2) and layout.isfinite().all()


def test_further_points_are_placed_in_their_group_never_between():
    placed = torch.tensor([[float(number), 0.0] for number in (*range(10), *range(100, 110))])
    layout = torch.cat([torch.tensor([[0.0, 0.0]]).repeat(10, 1), torch.tensor([[8.0, 4.0]]).repeat(10, 1)])

    found = tsne.transform(torch.tensor([[3.0, 0.0], [105.0, 0.0], [50.0, 0.0]]), placed, layout)

    assert found.tolist() == [[0, 0], [8, 4], [0, 0]]
    assert tsne.transform(placed[:0], placed, layout).shape == (0, 2)


def test_progress_is_reported():
    done: list[float] = []

    tsne.lay_out(clouds(20)[0], done.append)

    assert done[0] == 0 and done == sorted(done) and np.isclose(done[-1], 0.98)
