"""Fisher's discriminant where nobody has named the classes, as a part of a model."""

import torch
from torch import Tensor, nn

NEIGHBOURS = 5
SHRINKAGE = 0.1  # of the scatter within: so much of its mean variance is added to every direction


class Discriminant(nn.Module):
    """(B, F) features to the (B, D) directions that set a picture apart from all but its nearest neighbours.

    Linear discriminant analysis (Fisher 1936) in which each picture and its nearest neighbours stand for a class:
    directions in which neighbours differ are noise and count less. Learned in closed form; directions beyond the
    features' number are 0.
    """

    def __init__(self, features: int, dimensions: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(features))
        self.register_buffer("basis", torch.zeros(features, dimensions))

    def fit(self, features: Tensor) -> None:
        """features: (N, F), a sample of what is to come."""
        mean = features.mean(dim=0)
        centred = features - mean
        near = nearest(nn.functional.normalize(centred, dim=1), min(NEIGHBOURS, len(features) - 1))
        within = features.new_zeros(features.shape[1], features.shape[1])
        for place in range(near.shape[1]):
            apart = centred - centred[near[:, place]]
            within += apart.T @ apart
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


def nearest(vectors: Tensor, count: int) -> Tensor:
    """(N, count) the rows with the greatest inner products with each row, itself left out. vectors: (N, F)."""
    found = []
    for rows in torch.arange(len(vectors), device=vectors.device).split(1024):
        products = vectors[rows] @ vectors.T
        products[torch.arange(len(rows)), rows] = -torch.inf
        found.append(products.topk(count, dim=1).indices)
    return torch.cat(found)
