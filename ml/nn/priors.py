"""A prior of latents that follows an encoder's codes, so that a decoder is given only latents it was trained on."""

import torch
from torch import Tensor, nn

INITIAL = 256  # latents of N(0, I) that the covariance begins with: few images do not span 256 dimensions


class Prior(nn.Module):
    """Normal distribution of an encoder's codes for each category: a mean each, and one covariance for all.

    A variational autoencoder's codes are never quite N(0, I), and G was not trained on latents between them. Ghosh et
    al. 2020 (arXiv:1903.12436) fit the distribution after the training; here it is updated at each step, so that D sees
    images of these latents too. Until the first update it is N(0, I).
    """

    counts: Tensor  # (C,) latents, exponentially weighted
    sums: Tensor  # (C, L) of latents
    squares: Tensor  # (L, L) sums of products about the means
    root: Tensor  # (L, L) lower triangular root of the covariance

    def __init__(self, categories: int, latent: int) -> None:
        super().__init__()
        self.register_buffer("counts", torch.zeros(categories))
        self.register_buffer("sums", torch.zeros(categories, latent))
        self.register_buffer("squares", torch.zeros(latent, latent))
        self.register_buffer("root", torch.eye(latent))

    @property
    def means(self) -> Tensor:
        """Return the (C, L) means of the categories."""
        return self.sums / self.counts.clamp(min=1)[:, None]

    @torch.no_grad()
    def update(self, z: Tensor, y: Tensor, decay: float) -> None:
        """Update the moments with codes z (B, L) of images of categories y (B, C). decay: the weight of the past."""
        self.counts.mul_(decay).add_(y.sum(dim=0))
        self.sums.mul_(decay).add_(y.T @ z)
        apart = z - y @ self.means
        self.squares.mul_(decay).add_(apart.T @ apart)
        fresh = torch.eye(z.shape[1], device=z.device)
        covariance = (self.squares + INITIAL * fresh) / (self.counts.sum() + INITIAL)
        self.root.copy_(torch.linalg.cholesky_ex(covariance).L)  # NaN if the training diverged; its losses show it

    def transform(self, z: Tensor, y: Tensor) -> Tensor:
        """Transform z ~ N(0, I), (B, L), to latents of this distribution."""
        return y @ self.means + z @ self.root.T

    def invert(self, latents: Tensor, y: Tensor) -> Tensor:
        """Return the z, (B, L), that `transform` maps to these latents."""
        z: Tensor = torch.linalg.solve_triangular(self.root, (latents - y @ self.means).T, upper=False).T
        return z
