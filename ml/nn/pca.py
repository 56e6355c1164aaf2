"""Principal component analysis as a module: fitted in closed form, saved with the weights."""

import torch
from torch import Tensor, nn

from ml.data.images import ImageArray

SAMPLE = 8192  # rows are enough for a few hundred components, and 100 MB at the widest


class Pca(nn.Module):
    """Projection of (B, F) features on (B, D) principal components, each divided by (its deviation)^whitening.

    whitening 1 makes all components equally strong, 0 leaves them as they are; half is best for pixels and HOG, where
    the strongest components are lighting and the weakest are noise. Components beyond the rank of the data are 0.
    """

    mean: Tensor  # (F,)
    basis: Tensor  # (F, D)
    explained: Tensor  # (), the share of the variance that the components keep

    def __init__(self, features: int, dimensions: int, whitening: float) -> None:
        super().__init__()
        self.whitening = whitening
        self.register_buffer("mean", torch.zeros(features))
        self.register_buffer("basis", torch.zeros(features, dimensions))
        self.register_buffer("explained", torch.zeros(()))

    def fit(self, features: Tensor) -> None:
        """Fit the components to a sample of features, (N, F)."""
        dimensions = self.basis.shape[1]
        centred = features - features.mean(dim=0)
        # Halko et al. 2011, arXiv:0909.4061: 128 components of 32x32 pixels keep .9500 of the variance; the exact ones
        # keep .9502 and take three times as long.
        wanted = min(dimensions + 16, *features.shape)
        _, singular, basis = torch.svd_lowrank(centred, q=wanted, niter=4)
        singular, basis = singular[:dimensions], basis[:, :dimensions]
        deviations = singular / len(features) ** 0.5
        present = deviations > 1e-4 * deviations[0]
        scale = torch.where(present, deviations.clamp(min=1e-12) ** -self.whitening, 0.0)
        self.mean.copy_(features.mean(dim=0))
        self.basis.zero_()
        self.basis[:, : len(scale)] = basis * scale
        self.explained.copy_(singular.square().sum() / centred.square().sum().clamp(min=1e-12))

    def forward(self, features: Tensor) -> Tensor:
        return (features - self.mean) @ self.basis


def sample_indices(images: ImageArray, generator: torch.Generator, size: int = SAMPLE) -> Tensor:
    """Draw the indices of at most `size` images evenly, without replacement."""
    return torch.randperm(len(images), generator=generator)[:size]
