"""Snapshots of what a personal training learns from, as it was when the training began.

Products and shoppers come and go while it goes on, and its model knows them by their places. So it is saved beside the
training's state, for whoever resumes it. Workers only.
"""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Self

import numpy as np

from ml.data.interactions import Interactions

FILE = "interactions.npz"


@dataclass(frozen=True)
class Snapshot:
    """The shop as a personal training began with it."""

    products: np.ndarray  # (I,) int64 ids, ascending: the model's items
    categories: np.ndarray  # (I,) int64 classes of the products, from 0
    listed: np.ndarray  # (I,) seconds at which the shop got the products
    shoppers: np.ndarray  # (U,) int64 ids, ascending: the model's users
    users: np.ndarray  # (N,) int64, as the next ones columns of Interactions
    items: np.ndarray
    timestamps: np.ndarray
    weights: np.ndarray

    @property
    def interactions(self) -> Interactions:
        return Interactions(
            self.users,
            self.items,
            self.timestamps,
            n_users=len(self.shoppers),
            n_items=len(self.products),
            weights=self.weights,
        )

    def save(self, folder: Path) -> None:
        """Write it into a folder, replacing the file as a whole."""
        partial = folder / f"{FILE}.partial"
        with partial.open("wb") as file:
            np.savez(file, **vars(self))
        partial.replace(folder / FILE)

    @classmethod
    def load(cls, folder: Path) -> Self | None:
        """Read what was saved in a folder; None if nothing was, or not all of it, as by a release before this one."""
        if not (folder / FILE).exists():
            return None
        with np.load(folder / FILE, allow_pickle=False) as arrays:
            return cls(**arrays) if {field.name for field in fields(cls)} == set(arrays) else None
