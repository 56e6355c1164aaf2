"""Where an encoder puts pictures, so that a decoder is asked for nothing else."""

import torch
from torch import Tensor, nn

LEAST = 256  # latents of N(0, I) that the covariance begins with: few pictures span no space of 256 dimensions


class Prior(nn.Module):
    """Latents as an encoder draws them: each category's normal, with a mean of its own and one covariance for all.

    A variational autoencoder's codes are never quite N(0, I), and what G makes between them is nothing that it has
    learned. Fitted to the codes after the fact by Ghosh et al. 2020 (arXiv:1903.12436); here step by step, so that D
    sees what is made of them too. Until it has followed any, N(0, I).
    """

    def __init__(self, categories: int, latent: int) -> None:
        super().__init__()
        self.register_buffer("counts", torch.zeros(categories))  # of latents, and their sums; the older, the less
        self.register_buffer("sums", torch.zeros(categories, latent))
        self.register_buffer("squares", torch.zeros(latent, latent))  # sums of products about the means
        self.register_buffer("root", torch.eye(latent))  # of the covariance: lower triangular

    @property
    def means(self) -> Tensor:
        return self.sums / self.counts.clamp(min=1)[:, None]

    @torch.no_grad()
    def update(self, z: Tensor, y: Tensor, kept: float) -> None:
        """z: (B, L) as they were drawn for pictures of categories y (B, C). kept: of what was known before."""
        self.counts.mul_(kept).add_(y.sum(dim=0))
        self.sums.mul_(kept).add_(y.T @ z)
        apart = z - y @ self.means
        self.squares.mul_(kept).add_(apart.T @ apart)
        fresh = torch.eye(z.shape[1], device=z.device)
        covariance = (self.squares + LEAST * fresh) / (self.counts.sum() + LEAST)
        self.root.copy_(torch.linalg.cholesky_ex(covariance).L)  # of a diverged training NaN, which its losses tell

    def transform(self, z: Tensor, y: Tensor) -> Tensor:
        """(B, L), as an encoder might draw them, of z ~ N(0, I)."""
        return y @ self.means + z @ self.root.T

    def invert(self, placed: Tensor, y: Tensor) -> Tensor:
        """The z of `transform`."""
        return torch.linalg.solve_triangular(self.root, (placed - y @ self.means).T, upper=False).T
