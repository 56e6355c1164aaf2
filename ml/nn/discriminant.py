"""Linear discriminant analysis without labels, as a module of a model."""

import torch
from torch import Tensor, nn

NEIGHBOURS = 5
SHRINKAGE = 0.1  # of the scatter within: so much of its mean variance is added to every direction


class Discriminant(nn.Module):
    """Projection of (B, F) features on (B, D) directions that separate an image from all but its nearest neighbours.

    Linear discriminant analysis (Fisher 1936) in which each image and its nearest neighbours stand for a class:
    directions in which neighbours differ are noise and count less. Fitted in closed form; directions beyond the
    number of features are 0.
    """

    mean: Tensor  # (F,)
    basis: Tensor  # (F, D)

    def __init__(self, features: int, dimensions: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(features))
        self.register_buffer("basis", torch.zeros(features, dimensions))

    def fit(self, features: Tensor) -> None:
        """Fit the directions to a sample of features, (N, F)."""
        mean = features.mean(dim=0)
        centred = features - mean
        near = find_neighbours(nn.functional.normalize(centred, dim=1), min(NEIGHBOURS, len(features) - 1))
        within = features.new_zeros(features.shape[1], features.shape[1])
        for rank in range(near.shape[1]):
            difference = centred - centred[near[:, rank]]
            within += difference.T @ difference
        within /= max(2 * near.numel(), 1)
        within += (SHRINKAGE * within.diagonal().mean() + 1e-8) * torch.eye(len(within), device=within.device)
        scale, axes = torch.linalg.eigh(within)
        white = axes / scale.sqrt()  # where neighbours differ equally in all directions
        _, directions = torch.linalg.eigh(white.T @ (centred.T @ centred / len(features)) @ white)
        best = directions.flip(1)[:, : self.basis.shape[1]]
        self.mean.copy_(mean)
        self.basis.zero_()
        self.basis[:, : best.shape[1]] = white @ best

    def forward(self, features: Tensor) -> Tensor:
        return (features - self.mean) @ self.basis


def find_neighbours(vectors: Tensor, count: int) -> Tensor:
    """Return (N, count) indices of the rows with the greatest inner products with each row, itself left out.

    vectors: (N, F).
    """
    found = []
    for rows in torch.arange(len(vectors), device=vectors.device).split(1024):
        products = vectors[rows] @ vectors.T
        products[torch.arange(len(rows)), rows] = -torch.inf
        found.append(products.topk(count, dim=1).indices)
    return torch.cat(found)
