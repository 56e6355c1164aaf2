"""The contract between methods, the training loop and whoever serves vectors or images.

A new method is one class in `ml/models`: a subclass of SimilarModel, PersonalModel or DesignModel that overrides the
hooks it needs, plus a config and an entry in `ml/configs`. `tests/ml/test_contract.py` holds every method to what is
promised here.
"""

import math
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar, Generic, Protocol

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from typing_extensions import TypeVar

from ml.configs.base import Config
from ml.data.batching import Batch
from ml.data.images import ImageArray
from ml.data.interactions import PersonalData
from ml.data.labelled_images import LabelledImages

Parts = dict[str, Tensor]


class Batches(Protocol):
    """One epoch of batches: tuples of tensors, the first with one row a sample.

    A part may be deferred (ml.data.batching): then it is computed on the model's device.
    """

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[Batch]: ...


# With their defaults a bare `Model` means a model of any method, and a bare `SimilarModel` any similar one.
ConfigT = TypeVar("ConfigT", bound=Config, covariant=True, default=Config)
DataT = TypeVar("DataT", contravariant=True, default=Any)


class Model(nn.Module, Generic[ConfigT, DataT]):
    """Base of all models: the hooks of the training loop, each with a default that does nothing.

    `ml.training.loop.fit` calls `on_fit_start` once, then `optimizers` once, then for each epoch `batches`, for each
    batch `lr_factor` and `objectives`, and at the end `on_fit_end` once. All randomness must come from the generator
    that a hook is given or from torch's global one, which the loop seeds: then a resumed training ends with the same
    weights as an uninterrupted one. For the same reason nothing that later epochs depend on may live outside
    `state_dict()`, unless a hook can compute it again from the data.

    The constructor builds everything but what depends on the data; it raises no error for any valid config.
    """

    method: ClassVar[str]  # the name in ml.configs.methods.METHODS
    metric: str  # how two vectors are compared: "cosine", "euclidean" or "inner"; "" without vectors
    config: ConfigT
    image_size: tuple[int, int] | None = None  # (H, W) in pixels of the images that embed takes; None: it takes none
    dimensions: int  # D, the length of a vector; known before training
    use_bf16: bool = False  # whether the objectives may be computed in bfloat16, where the hardware is faster with it
    is_shareable: ClassVar[bool] = False  # whether several processes may share a training (ml.group); see `objectives`
    epochs: int = 0  # trained by default; may be set by on_fit_start, which knows the amount of data

    def __init__(self, config: ConfigT) -> None:
        super().__init__()
        self.config = config

    @property
    def state_shapes(self) -> dict[str, int]:
        """Return the sizes that depend on the training data, such as the number of users.

        They are saved beside the weights and passed to `allocate`, by name, before weights are loaded.
        """
        return {}

    # (*Any, **Any) so that a method may name its own: allocate(self, users: int, items: int).
    def allocate(self, *args: Any, **state_shapes: Any) -> None:
        """Create the parameters and buffers whose shapes are `state_shapes`; their values are set afterwards."""

    def check(self) -> None:
        """Raise BadWeights if a file that `on_fit_start` needs is missing or does not fit.

        Called before the first of several trainings, so that none is wasted.
        """

    def on_fit_start(self, data: DataT, generator: torch.Generator) -> None:
        """Prepare the first epoch: allocate what depends on the data, draw weights, fit parts with a closed form.

        Called once, not again when a training is resumed. The model is on its device, in the mode it was created in.
        """

    def optimizers(self) -> dict[str, torch.optim.Optimizer]:
        """Build the optimizers by name, each with the parameters it updates; none if nothing is trained by gradients.

        Without any there are no epochs. A learning rate set here is the full one, before `lr_factor`.
        """
        return {}

    def lr_factor(self, done: float) -> float:
        """Return the factor on all learning rates after the share `done` of the training, from 0 to 1."""
        return 1.0

    def batches(self, data: DataT, generator: torch.Generator) -> Batches:
        """Return one epoch of batches, on any device: the loop moves each to the model's."""
        return []

    def objectives(self, batch: tuple[Tensor, ...]) -> Iterator[tuple[str, Tensor] | tuple[str, Tensor, Parts]]:
        """Yield (name of an optimizer, scalar to minimise) for each step of this batch, in the order of the steps.

        The loop takes a step before it asks for the next objective, so each is computed with the weights that the
        former has updated. An optimizer may step several times in a batch, or not at all. A third element, if there is
        one, holds the named scalars that the objective is made of; they are reported as curves.

        Of what was deferred in the batch each process of a shareable model has its own rows alone; it gathers from all
        what a loss of the whole batch is computed of, and all compute that loss.

        Nothing here may need a tensor's value on the host (`item`, `nonzero`, a mask as an index): a GPU would have to
        end all its work first.
        """
        return iter(())

    def on_fit_end(self, data: DataT, generator: torch.Generator) -> None:
        """Finish the model after the last epoch: components, centring, statistics. It is in eval mode."""

    def summary(self) -> dict[str, float]:
        """Return a few figures of a trained model by name, to be shown beside it."""
        return {}

    def warnings(self) -> list[str]:
        """Return a sentence for each thing that went wrong in a training that came to its end."""
        return []

    @property
    def device(self) -> torch.device:
        """Return the device of the first parameter or buffer."""
        return next((t.device for t in (*self.parameters(), *self.buffers())), torch.device("cpu"))


class SimilarModel(Model[ConfigT, ImageArray]):
    """Base of models that give similar images vectors near each other. Trained on an ImageArray."""

    metric = "cosine"
    image_size: tuple[int, int]

    def embed(self, images: Tensor) -> Tensor:
        """Embed (B, 3, H, W) images in [0, 1] as (B, D) float32 vectors.

        An image has the same vector alone as in any batch, and never NaN, a blank image included. With the metric
        "cosine" vectors have length 1; with "euclidean" they are scaled so that two random images are about 1 apart
        (`typical_distance`).
        """
        raise NotImplementedError

    def embed_texts(self, texts: Sequence[str]) -> Tensor | None:
        """Embed texts as (B, D) float32 vectors among those of images; None without a text tower."""
        return None

    def reconstruct(self, images: Tensor) -> Tensor | None:
        """Decode the codes of (B, 3, H, W) images in [0, 1] into images like them; None if there is no decoder."""
        return None

    def sample(self, count: int, generator: torch.Generator) -> Tensor | None:
        """Generate (count, 3, H, W) images in [0, 1] from random codes; None if there is no generator."""
        return None


class PersonalModel(Model[ConfigT, PersonalData]):
    """Base of models that score an item for a user by the inner product of their vectors. Trained on PersonalData.

    Item vectors are centred on the training catalogue, which changes no ranking: a score of 0 is an average item's, and
    in the loss of most methods sigmoid(score) the probability that the user prefers the item to an average one. What
    users take gives scores chances that hold (ml/evaluation/calibration.py).
    """

    metric = "inner"
    reads_texts: bool = False  # whether embed takes texts, and a training PersonalData with texts

    def embed(self, images: Tensor | None, items: Tensor, texts: Sequence[str] | None = None) -> Tensor:
        """Compute (B, D) float32 vectors of items, each the same alone as in any batch.

        images: (B, 3, H, W) in [0, 1]; None exactly where `image_size` is None.
        items: (B,) indices of the training data's items, -1 for an item that was added later.
        texts: of the items, title and attributes, for a model that reads them; None: of which none is known.
        """
        raise NotImplementedError

    def user_vectors(self) -> Tensor:
        """Return (U, D) float32, a row for each user of the training data; zeros for a user without interactions."""
        raise NotImplementedError


class DesignModel(Model[ConfigT, LabelledImages]):
    """Base of models that generate images of a category from latents drawn from N(0, I). Trained on LabelledImages.

    Such a model has no vectors of images: `dimensions` is the length of a latent.
    """

    metric = ""
    image_size: tuple[int, int] = (64, 64)
    latent = dimensions = 256
    categories: int  # how many; category c is the c-th name of the LabelledImages trained on

    def generate(self, z: Tensor, category: Tensor) -> Tensor:
        """Generate (B, 3, 64, 64) images in [0, 1] from latents (B, 256) and categories (B,).

        In eval mode an image is the same alone as in any batch.
        """
        raise NotImplementedError

    def realism(self, images: Tensor, category: Tensor) -> Tensor:
        """Rate (B, 3, 64, 64) images in [0, 1] as images of their categories: (B,), not bounded.

        About 1 for images of products, about 0 for poor designs.
        """
        raise NotImplementedError

    def floor(self, category: int) -> float:
        """Return the realism below which an image is rather one of this generator's than one of a product."""
        return -math.inf

    def encode(self, images: Tensor, category: Tensor) -> Tensor | None:
        """Estimate (B, 256) latents that generate images like these; None if there is no encoder."""
        return None

    def limit(self, category: int) -> float:
        """Return the mean absolute difference from a product's image up to which a generated image counts as it.

        Differences are of channels in [0, 1].
        """
        return 0.08

    def sample(self, count: int, generator: torch.Generator) -> Tensor:
        """Generate (C * count, 3, 64, 64) images in [0, 1]: `count` of each category in turn, of the same latents.

        Call it in eval mode; between two epochs of a training the model is in training mode.
        """
        z = torch.randn(count, self.latent, generator=generator).repeat(self.categories, 1)
        category = torch.arange(self.categories).repeat_interleave(count)
        with torch.inference_mode():
            return self.generate(z.to(self.device), category.to(self.device))


def typical_distance(vectors: Tensor) -> Tensor:
    """Return the median Euclidean distance of pairs, a scalar above 0. vectors: (N, D), in random order."""
    half = len(vectors) // 2
    distances: Tensor = torch.linalg.vector_norm(vectors[:half] - vectors[half : 2 * half], dim=1)
    return distances.median().clamp(min=1e-6)


def unit(vectors: Tensor) -> Tensor:
    """Scale (N, D) rows to length 1; a row of zeros becomes the first axis, so that every cosine is defined."""
    nudge = torch.zeros_like(vectors)
    nudge[:, 0] = 1e-6
    normalised: Tensor = F.normalize(vectors + nudge, dim=1)
    return normalised
