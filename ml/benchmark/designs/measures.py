"""Measures of designs: users' scores, a classifier of categories, and the nearest products."""

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ml.contract import PersonalModel
from ml.data.labelled_images import LabelledImages
from ml.nn import image_similarity
from ml.nn.encoders import DESCRIPTORS, Descriptors
from ml.nn.inference import BATCH, compute_features
from ml.nn.pca import sample_indices

PENALTY = 1e-4  # on the classifier's weights
ITERATIONS = 60  # steps of L-BFGS


class Critic:
    """Scores of a personal model, in each user's own standard deviations over the products of a category.

    Raw scores have no scale that users share: here 0 is the average product, 1 a standard deviation above it.
    """

    def __init__(self, model: PersonalModel, products: LabelledImages) -> None:
        self.model, self.products = model.eval(), products
        self.tastes = model.user_vectors().float().cpu()  # (U, K)
        self.vectors = self._embed(products.images.batch(range(len(products.images))))

    def scores(self, user: int, category: int) -> Tensor:
        """Return (N_c,) scores of the category's products, by their images alone, as new ones are scored."""
        return self.vectors[self.products.indices_of(category)] @ self.tastes[user]

    def standard_scores(self, user: int, category: int, images: Tensor) -> Tensor:
        """Return the (B,) standard scores of images (B, 3, 64, 64)."""
        products = self.scores(user, category)
        return (self._embed(images) @ self.tastes[user] - products.mean()) / products.std().clamp(min=1e-6)

    def _embed(self, images: Tensor) -> Tensor:
        rows, device = [], self.model.device
        with torch.inference_mode():
            for part in images.split(BATCH):
                resized = F.interpolate(part, size=self.model.image_size, mode="nearest")
                new = torch.full((len(part),), -1, device=device)
                rows.append(self.model.embed(resized.to(device), new).float().cpu())
        return torch.cat(rows)


class Classifier:
    """Softmax regression of an image's category on shape, colour and layout (ml.nn.encoders)."""

    def __init__(self, labelled: LabelledImages, seed: int) -> None:
        generator = torch.Generator().manual_seed(seed)
        self.descriptors = Descriptors()
        self.descriptors.on_fit_start(labelled.images, sample_indices(labelled.images, generator), torch.device("cpu"))
        self.products = compute_features(self.descriptors.describe, labelled.images)
        classes = torch.from_numpy(labelled.categories)
        order = torch.randperm(len(classes), generator=generator)
        tested, trained = order.split([len(order) // 5, len(order) - len(order) // 5])
        self.weights = torch.zeros(DESCRIPTORS, len(labelled.names), requires_grad=True)
        self._fit(self.products[trained], classes[trained])
        predicted = self._probabilities(self.products[tested]).argmax(dim=1)
        self.accuracy = (predicted == classes[tested]).float().mean().item()  # on a fifth that it was not trained on

    def _fit(self, descriptors: Tensor, classes: Tensor) -> None:
        solver = torch.optim.LBFGS([self.weights], max_iter=ITERATIONS)

        def loss() -> Tensor:
            solver.zero_grad()
            objective = F.cross_entropy(self._logits(descriptors), classes) + PENALTY * self.weights.square().sum()
            objective.backward()
            return objective

        solver.step(loss)

    def _logits(self, descriptors: Tensor) -> Tensor:
        return self.scaled(descriptors) @ self.weights

    def scaled(self, descriptors: Tensor) -> Tensor:
        """Scale descriptors of length 1 so that their numbers are about 1 in size."""
        scaled: Tensor = DESCRIPTORS**0.5 * descriptors
        return scaled

    def _probabilities(self, descriptors: Tensor) -> Tensor:
        with torch.no_grad():
            return self._logits(descriptors).softmax(dim=1)

    def describe(self, images: Tensor) -> Tensor:
        """Compute (B, 700) descriptors of length 1."""
        with torch.inference_mode():
            return self.descriptors.describe(images).clone()

    def share_recognised(self, images: Tensor, category: int) -> float:
        """Return the share of images that are classified as this category."""
        return (self._probabilities(self.describe(images)).argmax(dim=1) == category).float().mean().item()

    def score(self, images: Tensor) -> float:
        """Compute exp E KL(p(y|x) | p(y)), from 1 to the number of categories.

        It is high if each image is classified with certainty and all categories are equally frequent.
        """
        p = self._probabilities(self.describe(images)).clamp(min=1e-9)
        return (p * (p / p.mean(dim=0)).log()).sum(dim=1).mean().exp().item()


@dataclass(frozen=True)
class Nearest:
    """Distances of images from the nearest product trained on, by pixels and by descriptors."""

    l1: np.ndarray  # (B,) in [0, 1]
    cosine: np.ndarray  # (B,) distances from 0 to 2

    def as_dict(self) -> dict[str, float]:
        """Return medians and the share of copies, as they stand in a result document."""
        return {
            "l1": float(np.median(self.l1)),
            "least l1": float(self.l1.min()),
            "copies": float((self.l1 < image_similarity.SAME).mean()),
            "cosine": float(np.median(self.cosine)),
        }


def find_nearest(
    images: Tensor, products: LabelledImages, classifier: Classifier, excluded: np.ndarray | None = None
) -> Nearest:
    """Compare images with all products. excluded: (B,) the product that each image is; None for generated images."""
    pixels = products.images.batch(range(len(products.images)))
    l1 = torch.cat([image_similarity.mean_differences(part, pixels) for part in images.split(32)])
    cosine = 1 - classifier.describe(images) @ classifier.products.T
    if excluded is not None:
        for distances in (l1, cosine):
            distances[torch.arange(len(excluded)), excluded] = torch.inf
    return Nearest(l1.amin(dim=1).numpy(), cosine.amin(dim=1).numpy())
