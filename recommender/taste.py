"""A shopper's taste out of what they did: numpy on a few dozen vectors, so that a web process can do it at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from catalog.models import Kind

# How much each kind of event says. A purchase is certain; a view is a hint.
WEIGHTS: Mapping[str, float] = {
    Kind.VIEW: 0.2,
    Kind.CLICK: 0.3,
    Kind.LIKE: 1.0,
    Kind.CART: 1.0,
    Kind.PURCHASE: 1.0,
    Kind.DISLIKE: -1.0,
}
NEWTON_STEPS = 12


@dataclass(frozen=True)
class Prior:
    """How tastes are spread among the shoppers whom a version was trained on: a Gaussian."""

    mean: np.ndarray  # (K,)
    precision: np.ndarray  # (K, K)

    @classmethod
    def of(cls, tastes: np.ndarray) -> "Prior":
        """tastes: (U, K). The covariance is shrunk towards its diagonal, as U may be less than K."""
        covariance = np.cov(tastes, rowvar=False).reshape(tastes.shape[1], -1)
        spread = max(float(np.trace(covariance)) / len(covariance), 1e-6)
        shrunk = 0.8 * covariance + 0.2 * spread * np.eye(len(covariance))
        return cls(mean=tastes.mean(axis=0), precision=np.linalg.inv(shrunk))


def folded_in(vectors: np.ndarray, weights: np.ndarray, prior: Prior) -> np.ndarray:
    """The taste (K,) that explains best why a shopper took these products rather than an average one.

    vectors: (N, K) of the products, centred on the catalogue, so that an average product scores 0. weights: (N,), below
    0 for dislikes. The most probable theta under sum_j |w_j| ln sigmoid(sign(w_j) theta . x_j) and the prior, by
    Newton's method: BPR's likelihood (Rendle et al. 2009, section 4.1) with the item side held fixed.
    """
    signed, strength = vectors * np.sign(weights)[:, None], np.abs(weights)
    theta = prior.mean.copy()
    for _ in range(NEWTON_STEPS):
        doubt = 1 / (1 + np.exp(np.clip(signed @ theta, -30, 30)))  # (N,) chance of the opposite
        gradient = signed.T @ (strength * doubt) - prior.precision @ (theta - prior.mean)
        curvature = (signed.T * (strength * doubt * (1 - doubt))) @ signed + prior.precision
        step = np.linalg.solve(curvature, gradient)
        theta += step
        if np.abs(step).max() < 1e-6:
            break
    return theta


def carriers(candidate: Sequence[float], own: np.ndarray, top: int = 3) -> list[tuple[int, float]]:
    """Which of a shopper's own products speak most for the candidate: (place in own, weight), weights adding up to 1.

    own: (N, K), the vectors of the shopper's products. By cosine; those that speak against the candidate are left out.
    """
    candidate = np.asarray(candidate)
    likeness = own @ candidate / (np.linalg.norm(own, axis=1) * np.linalg.norm(candidate) + 1e-12)
    best = [place for place in np.argsort(-likeness)[:top] if likeness[place] > 0]
    total = sum(likeness[place] for place in best)
    return [(int(place), float(likeness[place] / total)) for place in best]
