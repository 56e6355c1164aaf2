"""What every model is: the contract between methods, the training loop and whoever serves the vectors."""

from collections.abc import Iterable, Iterator
from typing import Any, ClassVar, Generic, TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ml.configs.base import Config
from ml.data.images import ImageArray
from ml.data.interactions import PersonalData
from ml.data.labelled_images import LabelledImages

Parts = dict[str, Tensor]
C = TypeVar("C", bound=Config)


class Model(nn.Module, Generic[C]):
    """The parts that a method may leave out.

    A method's life: `start` once, then for each epoch `batches` and `objectives`, then `finish` once. Chance comes from
    the generator it is handed and from torch's own, which the training loop has seeded. Who has a long queue of
    trainings asks each `check` first.
    """

    method: ClassVar[str]  # its name in METHODS
    metric: ClassVar[str]  # how two vectors are compared: "cosine", "euclidean" or "inner"
    config: C
    image_size: tuple[int, int] | None = None  # (H, W) that embed expects; None if it never looks at pictures
    dimensions: int  # D, the length of a vector; known before training
    use_bf16: bool = False  # whether training may compute in bfloat16
    epochs: int = 0  # how many are trained unless told otherwise; final once `start` has seen the data

    def __init__(self, config: C) -> None:
        super().__init__()
        self.config = config

    @property
    def state_shapes(self) -> dict[str, int]:
        """What `resize` needs to make room for weights whose shapes depend on the data."""
        return {}

    def allocate(self, **state_shapes: int) -> None:
        """Make room for weights of these sizes, before they are loaded."""

    def check(self) -> None:
        """Raises BadWeights if `start` would, for want of a file: before anything is trained."""

    def on_fit_start(self, data: Any, generator: torch.Generator) -> None:
        """Whatever comes before the first epoch: sizes that depend on the data, parts with a closed form."""

    def optimizers(self) -> dict[str, torch.optim.Optimizer]:
        """The optimizers, each with the parameters that move together; none if there is nothing to train."""
        return {}

    def lr_factor(self, done: float) -> float:
        """The factor on all learning rates when this fraction of the training is done."""
        return 1.0

    def batches(self, data: Any, generator: torch.Generator) -> Iterable[tuple[Tensor, ...]]:
        """One epoch of tuples of tensors, the first with one row a sample; its length is known."""
        return []

    def objectives(self, batch: tuple[Tensor, ...]) -> Iterator[tuple[str, Tensor] | tuple[str, Tensor, Parts]]:
        """A scalar to minimise for each player, in the order they move; each sees the former's step.

        The third of a tuple, if there is one: scalars by name that the loss is made of, to be shown as curves.
        """
        return iter(())

    def on_fit_end(self, data: Any, generator: torch.Generator) -> None:
        """Whatever comes after the last epoch: whitening, centring."""

    def summary(self) -> dict[str, float]:
        """A few numbers worth showing beside the model."""
        return {}

    def warnings(self) -> list[str]:
        """What went wrong in a training that came to its end; each a sentence for whoever started it."""
        return []

    @property
    def device(self) -> torch.device:
        return next((t.device for t in (*self.parameters(), *self.buffers())), torch.device("cpu"))


class SimilarModel(Model[C]):
    """Pictures that look alike have vectors that are near. Trained on an ImageArray."""

    metric = "cosine"

    def embed(self, images: Tensor) -> Tensor:
        """(B, 3, H, W) in [0, 1] to (B, D) float32, the same alone as in a batch; never NaN.

        cosine: of length 1. euclidean: scaled so that two pictures by chance are about 1 apart (`typical_distance`).
        """
        raise NotImplementedError

    def reconstruct(self, images: Tensor) -> Tensor | None:
        """(B, 3, H, W) in [0, 1] from what the model keeps of these pictures; None if it cannot."""
        return None

    def sample(self, count: int, generator: torch.Generator) -> Tensor | None:
        """(count, 3, H, W) in [0, 1]: pictures out of nothing; None if it cannot."""
        return None

    def on_fit_start(self, data: ImageArray, generator: torch.Generator) -> None: ...


class PersonalModel(Model[C]):
    """A shopper likes what has a high inner product with that shopper's vector. Trained on PersonalData.

    Vectors are centred on the training catalogue, which changes no ranking: a score of 0 is an average item's, and
    sigmoid(score) the chance that the shopper would rather have this one.
    """

    metric = "inner"

    def embed(self, images: Tensor | None, items: Tensor) -> Tensor:
        """(B, D) float32 vectors of items.

        images: (B, 3, H, W) in [0, 1], or None where `image_size` is None.
        items: (B,) indices known in training, -1 for an item that came later.
        """
        raise NotImplementedError

    def user_vectors(self) -> Tensor:
        """(U, D), one row a user known in training."""
        raise NotImplementedError

    def on_fit_start(self, data: PersonalData, generator: torch.Generator) -> None: ...


class DesignModel(Model[C]):
    """Makes pictures of a category out of latents drawn from N(0, I). Trained on Garments.

    It has no vectors of pictures: `dimensions` are a latent's.
    """

    metric = ""
    image_size = (64, 64)
    latent = dimensions = 256
    categories: int  # their number; category c is the c-th name of the Garments trained on

    def generate(self, z: Tensor, category: Tensor) -> Tensor:
        """(B, 3, 64, 64) in [0, 1] of latents (B, 256) and categories (B,); the same alone as in a batch in eval."""
        raise NotImplementedError

    def realism(self, images: Tensor, category: Tensor) -> Tensor:
        """(B,) how real pictures of these categories look: about 1 for products, 0 for poor designs; not bounded."""
        raise NotImplementedError

    def encode(self, images: Tensor, category: Tensor) -> Tensor | None:
        """(B, 256) latents of pictures that are somewhat like these (B, 3, 64, 64); None if it cannot tell."""
        return None

    def limit(self, category: int) -> float:
        """The mean difference, of channels in [0, 1], from a product above which a picture is not that product."""
        return 0.08

    def sample(self, count: int, generator: torch.Generator) -> Tensor:
        """(C * count, 3, 64, 64) in [0, 1], `count` of each category in turn, of the same latents in each.

        In eval mode, which between two epochs of a training must be asked for.
        """
        z = torch.randn(count, self.latent, generator=generator).repeat(self.categories, 1)
        category = torch.arange(self.categories).repeat_interleave(count)
        with torch.inference_mode():
            return self.generate(z.to(self.device), category.to(self.device))

    def on_fit_start(self, data: LabelledImages, generator: torch.Generator) -> None: ...


def typical_distance(vectors: Tensor) -> Tensor:
    """The median Euclidean distance of pairs, a scalar above 0. vectors: (N, D), in a random order."""
    half = len(vectors) // 2
    return (vectors[:half] - vectors[half : 2 * half]).norm(dim=1).median().clamp(min=1e-6)


def unit(vectors: Tensor) -> Tensor:
    """The same directions with length 1; a row of zeros becomes the first axis, so that no cosine is undefined."""
    nudge = torch.zeros_like(vectors)
    nudge[:, 0] = 1e-6
    return F.normalize(vectors + nudge, dim=1)
