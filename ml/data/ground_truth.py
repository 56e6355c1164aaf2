"""Ground truth of simulated shoppers: their tastes, for evaluation alone."""

import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ml.data.archives import Files
from ml.errors import BadData

ARRAYS = ("users", "items", "tastes", "features")


@dataclass(frozen=True)
class GroundTruth:
    """Utility is the inner product of a user's tastes and an item's features."""

    users: np.ndarray  # (U,) keys
    items: np.ndarray  # (I,) keys
    tastes: np.ndarray  # (U, D)
    features: np.ndarray  # (I, D)

    def vectors(self, users: Sequence[str], items: Sequence[str]) -> tuple[Tensor, Tensor]:
        """Return (len(users), D) tastes and (len(items), D) features. Raises BadData for an unknown key."""
        return _rows("user", self.users, self.tastes, users), _rows("item", self.items, self.features, items)


def _rows(what: str, keys: np.ndarray, vectors: np.ndarray, wanted: Sequence[str]) -> Tensor:
    indices = {key: index for index, key in enumerate(keys.tolist())}
    if unknown := [key for key in wanted if key not in indices]:
        raise BadData(f"truth.npz does not know {what} {unknown[0]}, and {len(unknown) - 1} more of {len(wanted)}")
    return torch.from_numpy(vectors[[indices[key] for key in wanted]]).float()


def read_ground_truth(path: Path) -> GroundTruth | None:
    """Read truth.npz of a folder or a zip; return None if there is none, as for real shoppers.

    Its arrays: users (U,) and items (I,) strings, tastes (U, D) and features (I, D) numbers. Raises BadData.
    """
    files = Files(path)
    name = files.find("truth.npz")
    if name is None:
        return None
    try:
        with np.load(io.BytesIO(files.by_name[name].read_bytes()), allow_pickle=False) as archive:
            ground_truth = GroundTruth(*(archive[array] for array in ARRAYS))
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise BadData(f"{path}: {name} cannot be read: {error}") from error
    if not _fits(ground_truth):
        shapes = (f"{array} {getattr(ground_truth, array).shape}" for array in ARRAYS)
        raise BadData(f"{path}: {name} has arrays that do not fit each other: {', '.join(shapes)}")
    if not (np.isfinite(ground_truth.tastes).all() and np.isfinite(ground_truth.features).all()):
        raise BadData(f"{path}: {name} has tastes or features that are no finite numbers")
    return ground_truth


def _fits(ground_truth: GroundTruth) -> bool:
    tastes, features = ground_truth.tastes.shape, ground_truth.features.shape
    kinds = [array.dtype.kind for array in (ground_truth.users, ground_truth.items)]
    return (
        kinds == ["U", "U"]
        and (len(tastes), len(features)) == (2, 2)
        and ground_truth.users.shape == tastes[:1]
        and ground_truth.items.shape == features[:1]
        and tastes[1] == features[1]
    )
