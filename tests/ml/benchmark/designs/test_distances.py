import numpy as np
import pytest
import torch

from ml.benchmark.designs.distances import COMPONENTS, frechet_distance, kernel_distance, measure


def drawn(count: int, seed: int, *, shift: float = 0.0, scale: float = 1.0, size: int = 5) -> torch.Tensor:
    return shift + scale * torch.randn(count, size, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_the_frechet_distance_is_that_of_two_gaussians():
    # Of N(0, I) and N(2, 3^2 I) in five dimensions: 5 * 2^2 + 5 * (3 - 1)^2.
    assert frechet_distance(drawn(40_000, 1), drawn(40_000, 2, shift=2.0, scale=3.0)) == pytest.approx(40, rel=0.02)


def test_the_frechet_distance_has_the_root_of_the_product_of_covariances():
    mixed = [drawn(500, seed) @ drawn(5, seed + 7) for seed in (1, 2)]
    covariances = [np.cov(each.numpy().T) for each in mixed]
    eigenvalues = np.linalg.eigvals(covariances[0] @ covariances[1])
    means = mixed[0].mean(dim=0) - mixed[1].mean(dim=0)

    expected = means.square().sum().item() + np.trace(sum(covariances)) - 2 * np.sqrt(eigenvalues.real).sum()

    assert frechet_distance(*mixed) == pytest.approx(expected)


def test_a_set_has_no_frechet_distance_from_itself_even_where_its_covariance_is_singular():
    flat = drawn(50, 1)
    flat[:, 2:] = flat[:, :1]
    assert frechet_distance(flat, flat) == pytest.approx(0, abs=1e-6)


def test_the_kernel_distance_is_the_mean_over_pairs_of_different_images():
    x, y = drawn(6, 1), drawn(4, 2, shift=1.0)

    def mean(a, b, *, same: bool) -> float:
        pairs = [(i, j) for i in range(len(a)) for j in range(len(b)) if not (same and i == j)]
        return float(np.mean([(float(a[i] @ b[j]) / 5 + 1) ** 3 for i, j in pairs]))

    expected = mean(x, x, same=True) + mean(y, y, same=True) - 2 * mean(x, y, same=False)
    assert kernel_distance(x, y) == pytest.approx(expected)


def test_two_samples_of_the_same_are_nearer_than_those_of_others():
    size = COMPONENTS + 10
    real = drawn(300, 1, size=size)
    same, other = measure(real, drawn(200, 2, size=size)), measure(real, drawn(200, 3, shift=0.5, size=size))

    assert abs(same.kernel) < 0.02 < other.kernel
    assert same.frechet < other.frechet
