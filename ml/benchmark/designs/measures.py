"""What designs are worth: liked by whom, how real, how varied, and whether they are copies."""

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
    """A personal model that says how much each user likes pictures, in that user's own standard deviations.

    Scores have no scale that users share: 0 is the average product of the category, 1 a standard deviation above it.
    """

    def __init__(self, model: PersonalModel, garments: LabelledImages) -> None:
        self.model, self.garments = model.eval(), garments
        self.tastes = model.user_vectors().float().cpu()  # (U, K)
        self.vectors = self._seen(garments.images.batch(range(len(garments.images))))

    def scores(self, user: int, category: int) -> Tensor:
        """(N_c,) of the category's products, as new ones are scored: by their pictures."""
        return self.vectors[self.garments.indices_of(category)] @ self.tastes[user]

    def liking(self, user: int, category: int, pictures: Tensor) -> Tensor:
        """(B,) of pictures (B, 3, 64, 64)."""
        products = self.scores(user, category)
        return (self._seen(pictures) @ self.tastes[user] - products.mean()) / products.std().clamp(min=1e-6)

    def _seen(self, pictures: Tensor) -> Tensor:
        rows, device = [], self.model.device
        with torch.inference_mode():
            for part in pictures.split(BATCH):
                shown = F.interpolate(part, size=self.model.image_size, mode="nearest")
                new = torch.full((len(part),), -1, device=device)
                rows.append(self.model.embed(shown.to(device), new).float().cpu())
        return torch.cat(rows)


class Classifier:
    """Which category a picture shows: softmax regression on shape, colour and layout (ml/encoders.py)."""

    def __init__(self, garments: LabelledImages, seed: int) -> None:
        generator = torch.Generator().manual_seed(seed)
        self.descriptors = Descriptors()
        self.descriptors.on_fit_start(garments.images, sample_indices(garments.images, generator), torch.device("cpu"))
        self.products = compute_features(self.descriptors.describe, garments.images)
        classes = torch.from_numpy(garments.categories)
        order = torch.randperm(len(classes), generator=generator)
        tested, trained = order.split([len(order) // 5, len(order) - len(order) // 5])
        self.weights = torch.zeros(DESCRIPTORS, len(garments.names), requires_grad=True)
        self._fit(self.products[trained], classes[trained])
        found = self._chances(self.products[tested]).argmax(dim=1)
        self.accuracy = (found == classes[tested]).float().mean().item()  # on a fifth that it was not trained on

    def _fit(self, described: Tensor, classes: Tensor) -> None:
        solver = torch.optim.LBFGS([self.weights], max_iter=ITERATIONS)

        def loss() -> Tensor:
            solver.zero_grad()
            missed = F.cross_entropy(self._logits(described), classes) + PENALTY * self.weights.square().sum()
            missed.backward()
            return missed

        solver.step(loss)

    def _logits(self, described: Tensor) -> Tensor:
        return DESCRIPTORS**0.5 * described @ self.weights

    def _chances(self, described: Tensor) -> Tensor:
        with torch.no_grad():
            return self._logits(described).softmax(dim=1)

    def described(self, pictures: Tensor) -> Tensor:
        """(B, 700) of length 1."""
        with torch.inference_mode():
            return self.descriptors.describe(pictures).clone()

    def recognised(self, pictures: Tensor, category: int) -> float:
        """The share that it takes for this category."""
        return (self._chances(self.described(pictures)).argmax(dim=1) == category).float().mean().item()

    def score(self, pictures: Tensor) -> float:
        """exp E KL(p(y|x) | p(y)), from 1 to the number of categories: sure of each, and of all categories alike."""
        chances = self._chances(self.described(pictures)).clamp(min=1e-9)
        return (chances * (chances / chances.mean(dim=0)).log()).sum(dim=1).mean().exp().item()


@dataclass(frozen=True)
class Nearest:
    """Of each picture the nearest product trained on: by its mean difference, and by cosine of descriptors."""

    l1: np.ndarray  # (B,) in [0, 1]
    cosine: np.ndarray  # (B,) distances from 0 to 2

    def as_dict(self) -> dict[str, float]:
        return {
            "l1": float(np.median(self.l1)),
            "least l1": float(self.l1.min()),
            "copies": float((self.l1 < image_similarity.SAME).mean()),
            "cosine": float(np.median(self.cosine)),
        }


def nearest(
    pictures: Tensor, garments: LabelledImages, classifier: Classifier, but: np.ndarray | None = None
) -> Nearest:
    """but: (B,) the product that each picture is, which is not its own neighbour; None for made ones."""
    products = garments.images.batch(range(len(garments.images)))
    l1 = torch.cat([image_similarity.differences(part, products) for part in pictures.split(32)])
    cosine = 1 - classifier.described(pictures) @ classifier.products.T
    if but is not None:
        for apart in (l1, cosine):
            apart[torch.arange(len(but)), but] = torch.inf
    return Nearest(l1.amin(dim=1).numpy(), cosine.amin(dim=1).numpy())
