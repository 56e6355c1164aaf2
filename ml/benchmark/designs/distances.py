"""Distances between two sets of images in the descriptors of a fixed encoder: 0 for sets that are alike."""

from dataclasses import asdict, dataclass

import torch
from torch import Tensor

COMPONENTS = 64  # for the Fréchet distance, whose covariances need more images than components


@dataclass(frozen=True)
class Distances:
    """Distances between two sets of images."""

    frechet: float
    kernel: float  # 0 on average for two samples of the same, so it may be below

    def as_dict(self) -> dict[str, float]:
        return asdict(self)


def measure(real: Tensor, generated: Tensor) -> Distances:
    """Compare descriptors (N, D) with (M, D), whose components vary about 1 in size."""
    mean = real.mean(dim=0)
    components = torch.linalg.svd((real - mean).double(), full_matrices=False).Vh[:COMPONENTS].T
    return Distances(
        frechet_distance(*((each - mean).double() @ components for each in (real, generated))),
        kernel_distance(real.double(), generated.double()),
    )


def frechet_distance(real: Tensor, generated: Tensor) -> float:
    """Compute |m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2)) of the means and covariances of (N, D) and (M, D).

    Heusel et al. 2017, arXiv:1706.08500, without its encoder, so that values are not those of papers.
    """
    first, second = real.T.cov(), generated.T.cov()
    values, vectors = torch.linalg.eigh(first)
    root = vectors * values.clamp(min=0).sqrt() @ vectors.T
    # (C1 C2)^(1/2) has the eigenvalues of the root of a matrix that is symmetric.
    crossed = torch.linalg.eigvalsh(root @ second @ root).clamp(min=0).sqrt().sum()
    means = (real.mean(dim=0) - generated.mean(dim=0)).square().sum()
    return float(means + first.trace() + second.trace() - 2 * crossed)


def kernel_distance(real: Tensor, generated: Tensor) -> float:
    """Compute the unbiased squared MMD of (N, D) and (M, D) by the kernel (x . y / D + 1)^3.

    Bińkowski et al. 2018, arXiv:1801.01401, without its encoder.
    """

    def kernel(x: Tensor, y: Tensor) -> Tensor:
        return (x @ y.T / x.shape[1] + 1) ** 3

    def within(x: Tensor) -> Tensor:
        k = kernel(x, x)
        return (k.sum() - k.trace()) / (len(x) * (len(x) - 1))

    return float(within(real) + within(generated) - 2 * kernel(real, generated).mean())
