"""Many pictures through a model, a batch at a time."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from ml.images import ImageArray
from ml.models.base import PersonalModel, SimilarModel

BATCH = 256


def features_of(
    function: Callable[[Tensor], Tensor],
    images: ImageArray,
    indices: Tensor | np.ndarray | Sequence[int] | None = None,
    device: torch.device | str = "cpu",
    progress: bool = False,
) -> Tensor:
    """(N, F) on the CPU: the function of these pictures, or of all, in their order and without gradients."""
    indices = range(len(images)) if indices is None else indices
    rows = []
    with torch.inference_mode(), tqdm(total=len(indices), unit=" pictures", disable=not progress) as bar:
        for begin in range(0, len(indices), BATCH):
            chosen = indices[begin : begin + BATCH]
            rows.append(function(images.batch(chosen).to(device)).float().cpu())
            bar.update(len(chosen))
    return torch.cat(rows).clone()  # inference tensors cannot be trained on; a clone can


def embed_images(model: SimilarModel, images: ImageArray, progress: bool = False) -> Tensor:
    """(N, D) float32 on the CPU."""
    return features_of(model.embed, images, device=model.device, progress=progress)


def embed_items(model: PersonalModel, images: ImageArray | None, n_items: int, progress: bool = False) -> Tensor:
    """(n_items, D) float32 on the CPU: the vector of each item known in training."""
    items = torch.arange(n_items, device=model.device)
    if model.image_size is None:
        with torch.no_grad():
            return model.embed(None, items).float().cpu()
    chunks = iter(items.split(BATCH))
    return features_of(lambda batch: model.embed(batch, next(chunks)), images, device=model.device, progress=progress)
