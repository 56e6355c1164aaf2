"""t-SNE: points in the plane of which those near to each other were near to each other before.

van der Maaten & Hinton, JMLR 2008, with all pairs computed, so for some thousand points. The first two principal
components begin it, and the step grows with the number of points, as Kobak & Berens, Nature Communications 2019, found
that larger structure is kept so.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from ml.nn.pca import Pca
from ml.runtime import seeded

PERPLEXITY = 30.0
STEPS, EXAGGERATED = 500, 125  # steps, and how many of the first are with exaggeration
EXAGGERATION = 12.0
MOMENTA = 0.5, 0.8  # with exaggeration, and without
BISECTIONS = 50
COMPONENTS = 50  # that longer vectors are reduced to
NEAREST = 5  # points laid out among which another one is placed
CHUNK = 2048  # points placed at once


def reduce(points: Tensor, seed: int) -> Pca:
    """Return the projection on the first COMPONENTS principal components of points (N, D)."""
    with seeded(seed, 0):  # as the decomposition is randomized
        pca = Pca(points.shape[1], min(COMPONENTS, points.shape[1]), whitening=0.0).to(points.device)
        pca.fit(points)
    return pca


def lay_out(points: Tensor, report: Callable[[float], None] = lambda done: None) -> Tensor:
    """Return the layout (N, 2) of points (N, D) by Euclidean distance, the strongest components first.

    report: called now and then with the share that is done.
    """
    count = len(points)
    layout = torch.zeros(count, 2, device=points.device)
    layout[:, : points.shape[1]] = points[:, :2]
    layout *= 1e-4 / layout[:, 0].std(correction=0).clamp(min=1e-12)
    if count < 4:  # too few for neighbours
        return layout
    affinities = joint_probabilities(points)
    exaggerated = EXAGGERATION * affinities
    rate = max(count / EXAGGERATION / 4, 50.0)
    velocity, gains = torch.zeros_like(layout), torch.ones_like(layout)
    for step in range(STEPS):
        is_first = step < EXAGGERATED
        gradient = gradient_of(layout, exaggerated if is_first else affinities)
        gains = torch.where(gradient * velocity < 0, gains + 0.2, gains * 0.8).clamp(min=0.01)
        velocity = MOMENTA[not is_first] * velocity - rate * gains * gradient
        layout = layout + velocity
        layout = layout - layout.mean(dim=0)
        if step % 10 == 0:
            report(step / STEPS)
    return layout


def joint_probabilities(points: Tensor) -> Tensor:
    """Return the symmetric probabilities (N, N) of pairs, which add up to 1: section 2 of the paper.

    Of each point three times PERPLEXITY nearest ones count: the probabilities of others are next to nothing.
    """
    count = len(points)
    perplexity = min(PERPLEXITY, (count - 1) / 3)
    distances = torch.cdist(points, points).square().fill_diagonal_(torch.inf)
    nearest, columns = distances.topk(min(count - 1, int(3 * PERPLEXITY)), largest=False)  # (N, K)
    nearest = nearest - nearest[:, :1]  # so that the exponential of the first is 1
    low, high = torch.zeros(count, 1, device=points.device), torch.full((count, 1), torch.inf, device=points.device)
    precision = 1 / nearest.mean(dim=1, keepdim=True).clamp(min=1e-12)
    probabilities = torch.ones_like(nearest) / nearest.shape[1]
    for _ in range(BISECTIONS):
        probabilities = torch.softmax(-precision * nearest, dim=1)
        entropy = torch.special.entr(probabilities).sum(dim=1, keepdim=True)
        is_flat = entropy > torch.tensor(perplexity).log()
        low, high = torch.where(is_flat, precision, low), torch.where(is_flat, high, precision)
        precision = torch.where(high.isinf(), 2 * precision, (low + high) / 2).clamp(max=1e12)
    joint = torch.zeros(count, count, device=points.device).scatter_(1, columns, probabilities)
    return (joint + joint.T) / (2 * count)


def gradient_of(layout: Tensor, affinities: Tensor) -> Tensor:
    """Compute the gradient (N, 2) of the divergence between affinities and those of the layout: equation (5)."""
    squares = layout.square().sum(dim=1)
    # In place, and by a product of matrices: this is nearly all of the time that a layout takes.
    kernel = torch.addmm((squares + 1)[:, None], layout, layout.T, alpha=-2).add_(squares).clamp_(min=1).reciprocal_()
    kernel.fill_diagonal_(0)
    forces = torch.sub(affinities, kernel, alpha=1 / float(kernel.sum())).mul_(kernel)
    return 4 * (forces.sum(dim=1, keepdim=True) * layout - forces @ layout)


def transform(points: Tensor, fitted: Tensor, layout: Tensor) -> Tensor:
    """Return positions (M, 2) of further points (M, D): the median of those of the nearest points laid out.

    fitted: (N, D), layout: (N, 2). A mean would lie between groups, where nothing is (Poličar, Stražar & Zupan, Machine
    Learning 2021, section 3).
    """
    count = min(NEAREST, len(fitted))
    found = [
        layout[torch.cdist(some, fitted).topk(count, largest=False).indices].median(dim=1).values
        for some in points.split(CHUNK)
    ]
    return torch.cat(found) if found else layout[:0]
