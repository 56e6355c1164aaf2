"""Interactions of users with items as arrays, their split, and the training data of a personal model."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self

import numpy as np

from ml.data.images import ImageArray


@dataclass(frozen=True)
class Split:
    """Interactions in three parts: of each user one for the test, one for validation and the rest for training.

    Some users are in the training part alone.
    """

    train: "Interactions"
    validation: "Interactions"
    test: "Interactions"
    listed: np.ndarray | None = None  # (n_items,) as of PersonalData


@dataclass(frozen=True)
class Interactions:
    """Interactions row by row, with the numbers of users and items, some of which may have none."""

    users: np.ndarray  # (N,) int64, 0 to n_users - 1
    items: np.ndarray  # (N,) int64, 0 to n_items - 1
    timestamps: np.ndarray  # (N,) seconds, or any other numbers that grow with time
    n_users: int
    n_items: int
    values: np.ndarray | None = None  # (N,) float, ratings where there are any
    weights: np.ndarray | None = None  # (N,) float above 0, of each pair; None: all equal

    def __post_init__(self) -> None:
        if not len(self.users) == len(self.items) == len(self.timestamps):
            raise ValueError(f"{len(self.users)} users, {len(self.items)} items, {len(self.timestamps)} timestamps")
        for name, indices, count in (("user", self.users, self.n_users), ("item", self.items, self.n_items)):
            if len(indices) and not (indices.min() >= 0 and indices.max() < count):
                raise ValueError(f"{name} {indices.min()} to {indices.max()}, of {count}")
        if self.weights is not None and not (np.isfinite(self.weights) & (self.weights > 0)).all():
            raise ValueError(f"weights of {self.weights.min()} to {self.weights.max()}; each must be above 0")

    def __len__(self) -> int:
        return len(self.users)

    @cached_property
    def distinct(self) -> Self:
        """Return each pair of user and item once, at its first time and with its largest weight, sorted by both."""
        by_time = self.select(self.by_time)
        _, first, indices = np.unique(by_time.keys, return_index=True, return_inverse=True)
        pairs = by_time.select(first)
        if by_time.weights is None:
            return pairs
        largest = np.zeros(len(pairs))
        np.maximum.at(largest, indices, by_time.weights)
        return replace(pairs, weights=largest)

    @property
    def by_time(self) -> np.ndarray:
        """Return the (N,) order of the rows in time; of one time, as of a day's basket, in a drawn order.

        Neither the order of the rows nor that of the items' numbers may decide what is held out: files are sorted, and
        popular items often come first. The draw is the same for the same pairs.
        """
        return np.lexsort((_draw(self.keys), self.timestamps))

    @property
    def keys(self) -> np.ndarray:
        """Return (N,) one number for each pair: user * n_items + item."""
        keys: np.ndarray = self.users * self.n_items + self.items
        return keys

    @cached_property
    def by_user(self) -> list[np.ndarray]:
        """Return each user's items, each once, in ascending order."""
        return np.split(self.distinct.items, np.searchsorted(self.distinct.users, np.arange(1, self.n_users)))

    @cached_property
    def popularity(self) -> np.ndarray:
        """Return (n_items,) the number of users who took each item."""
        return np.bincount(self.distinct.items, minlength=self.n_items)

    def select(self, rows: np.ndarray) -> Self:
        """Return the rows of these indices or this mask; the counts of users and items stay."""
        columns = ("users", "items", "timestamps", "values", "weights")
        there = {name: column for name in columns if (column := getattr(self, name)) is not None}
        return replace(self, **{name: column[rows] for name, column in there.items()})

    def without(self, others: "Interactions") -> Self:
        """Return the rows whose pair is in none of the others'."""
        return self.select(~np.isin(self.keys, others.keys))

    def leave_one_out(self) -> Split:
        """Split by time, pairs counted once. Users with fewer than three items are in the training part alone."""
        pairs, from_last = self._count_from_last(least=3)
        return Split(pairs.select(from_last > 2), pairs.select(from_last == 2), pairs.select(from_last == 1))

    def split_at(self, moment: float) -> Split:
        """Split all users at one moment: the test is the first item that is new to a user from then on.

        What came before is for training, but of users with two items or more the last of these, for validation. Who
        took nothing before is not in the test.
        """
        before = self.select(self.timestamps < moment)
        pairs, from_last = before._count_from_last(least=2)
        train, validation = pairs.select(from_last > 1), pairs.select(from_last == 1)
        later = self.select(self.timestamps >= moment).without(before)
        order = later.by_time
        _, first = np.unique(later.users[order], return_index=True)
        test = later.select(order[first])
        return Split(train, validation, test.select(np.isin(test.users, train.users)))

    def split_off_items(self, share: float) -> Split:
        """Split off a drawn share of the items that anybody took: nobody has them in training, as if they were new.

        The test is each user's last one of them. Of the rest, the last of users with two items or more is for
        validation. The draw is the same for the same items.
        """
        taken = np.flatnonzero(self.popularity)
        held_out = taken[np.argsort(_draw(taken))[: round(share * len(taken))]]
        is_held_out = np.isin(self.items, held_out)
        others, from_last = self.select(~is_held_out)._count_from_last(least=2)
        train, validation = others.select(from_last > 1), others.select(from_last == 1)
        new, new_from_last = self.select(is_held_out)._count_from_last(least=1)
        test = new.select(new_from_last == 1)
        listed = np.full(self.n_items, -np.inf)
        listed[held_out] = np.inf
        return Split(train, validation, test.select(np.isin(test.users, train.users)), listed)

    def _count_from_last(self, least: int) -> tuple[Self, np.ndarray]:
        """Return each pair once, by users and time, and (N,) its number from the user's last, which is 1.

        The numbers of users with fewer pairs than `least` are larger than any other.
        """
        _, positions = np.unique(self.keys[self.by_time], return_index=True)  # in time, of each of the distinct pairs
        pairs = self.distinct.select(np.lexsort((positions, self.distinct.users)))
        ends = np.searchsorted(pairs.users, pairs.users, side="right")
        counts = np.bincount(pairs.users, minlength=self.n_users)[pairs.users]
        return pairs, np.where(counts >= least, ends - np.arange(len(pairs)), np.iinfo(np.int64).max)

    def split_by(self, parts: np.ndarray) -> Split:
        """Split as published with the data. parts: (N,) 0 training, 1 validation, 2 test.

        Pairs count once; a pair that is in more than one part counts in the last of these.
        """
        order = np.lexsort((self.timestamps, -parts))
        _, first = np.unique(self.keys[order], return_index=True)
        retained = order[first]
        train, validation, test = (self.select(retained[parts[retained] == part]) for part in range(3))
        return Split(train, validation, test)


def _draw(keys: np.ndarray) -> np.ndarray:
    """Return a number (N,) uint64 for each key that looks random: the finaliser of splitmix64 (Steele et al. 2014)."""
    mixed = keys.astype(np.uint64) + np.uint64(0x9E3779B97F4A7C15)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    return np.asarray(mixed ^ (mixed >> np.uint64(31)))


@dataclass(frozen=True)
class PersonalData:
    """Training data of a personal model: image i is item i's."""

    images: ImageArray | None
    train: Interactions
    categories: np.ndarray | None = None  # (n_items,) int64 classes from 0, -1 where there is none; None: unknown
    validation: Interactions | None = None  # later pairs, by which a method may choose; none of them is trained on
    # (n_items,) since when users could take an item, as timestamps; -inf: always, inf: not before the end; None: always
    listed: np.ndarray | None = None

    texts: Sequence[str] | None = None  # of each item: title and attributes; None: unknown

    def __post_init__(self) -> None:
        if self.texts is not None and len(self.texts) != self.train.n_items:
            raise ValueError(f"{len(self.texts)} texts for {self.train.n_items} items")
        if self.listed is not None and len(self.listed) != self.train.n_items:
            raise ValueError(f"{len(self.listed)} times of listing for {self.train.n_items} items")
        if self.images is not None and len(self.images) != self.train.n_items:
            raise ValueError(f"{len(self.images)} pictures for {self.train.n_items} items")
        if self.categories is not None and len(self.categories) != self.train.n_items:
            raise ValueError(f"{len(self.categories)} categories for {self.train.n_items} items")

    @property
    def exposure(self) -> np.ndarray:
        """Return (n_items,) the share of the training's interactions that came after the item was listed, 0 to 1.

        An item was listed no later than it was first taken.
        """
        if self.listed is None or not len(self.train):
            return np.ones(self.train.n_items)
        since = self.listed.astype(float)
        np.minimum.at(since, self.train.items, self.train.timestamps)
        times = np.sort(self.train.timestamps)
        share: np.ndarray = 1 - np.searchsorted(times, since) / len(times)
        return share
