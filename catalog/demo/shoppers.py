"""Shoppers with hidden tastes, and what they would have done in the shop during a year.

A shopper's utility for a product is a sum over its labels of a taste for each value, plus the product's own
appeal; products are taken without replacement with probability softmax(utility). So whoever can see the
labels in the pictures can predict the interactions, for products that nobody has touched as well.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np

UNTIL = datetime(2026, 10, 31, tzinfo=UTC)
DAYS = 365
LOW_RANK = 0.85  # share of a taste's variance that shoppers have in common, in RANK directions; the rest is their own
RANK = 4
APPEAL = 0.6
# Standard deviations of the tastes for a label's values, on the scale of logits.
STRENGTH = {
    "gender": 2.8,
    "category": 2.5,
    "articleType": 2.5,
    "colour": 2.1,
    "baseColour": 2.1,
    "pattern": 1.4,
    "material": 1.0,
    "usage": 0.8,
    "subCategory": 0.8,
    "masterCategory": 0.8,
}
OTHER_STRENGTH = 0.5
MOST_VALUES = 200  # a label with more values is a name; nobody has a taste for one, nor for a number (a year)
COLD_CHOICES = 5

Event = tuple[str, int, str, datetime]


@dataclass(frozen=True)
class Simulation:
    """What `simulate` gives. U shoppers, I items, V values of a label."""

    shoppers: list[str]  # keys, in the order of every axis U
    events: list[Event]  # (shopper key, item index, kind, when), oldest first
    values: dict[str, list[str]]  # label -> its V values
    tastes: dict[str, np.ndarray]  # label -> (U, V) logits, strength included
    codes: dict[str, np.ndarray]  # label -> (I,) index of the item's value, V where it has none
    appeal: np.ndarray  # (I,) logits, the same for all shoppers
    cold: np.ndarray  # indices of the items without any event
    cold_choices: np.ndarray  # (U, 5) cold items that each would have taken first, best first

    def utility_of(self, shopper: int) -> np.ndarray:
        """(I,) float32 logits of the shopper with this index."""
        return _utility(self.tastes, self.codes, shopper) + self.appeal

    @property
    def utility(self) -> np.ndarray:
        """(U, I) float32: computed at each call, 600 MB for 5,000 shoppers and 30,000 items."""
        return np.stack([self.utility_of(shopper) for shopper in range(len(self.shoppers))])

    def favourites(self, shopper: int) -> dict[str, list[str]]:
        """The two values of each label that this shopper likes best, best first."""
        return {
            label: [self.values[label][value] for value in np.argsort(-taste[shopper], kind="stable")[:2]]
            for label, taste in self.tastes.items()
        }


def simulate(
    items: Sequence[Mapping[str, str]],
    shoppers: int = 300,
    seed: int = 0,
    cold_share: float = 0.2,
    until: datetime = UNTIL,
) -> Simulation:
    """A year of interactions that ends at `until`, the same for the same arguments.

    items: label -> value, one mapping a product; a label that is missing or empty is nobody's taste.
    Each shopper takes min(8 + Geometric(mean 24), 75) products; the first, `shopper`, takes 75 and has a marked taste.
    Raises ValueError for fewer than 2 items, no shoppers, or a share outside [0, 1).
    """
    if len(items) < 2 or shoppers < 1 or not 0 <= cold_share < 1:
        raise ValueError(f"{len(items)} items, {shoppers} shoppers, a cold share of {cold_share}")
    rng = np.random.default_rng([seed, 2])
    values, codes = _labels(items)
    tastes = {label: _tastes(label, len(values[label]), shoppers, rng) for label in values}
    for label, taste in tastes.items():
        _mark(taste[0], codes[label], rng)
    appeal = np.float32(APPEAL) * (rng.exponential(size=len(items)).astype(np.float32) - 1)
    cold = np.sort(rng.permutation(len(items))[: round(cold_share * len(items))])
    keys = ["shopper"] + [f"shopper-{number:03d}" for number in range(1, shoppers)]

    events: list[Event] = []
    cold_choices = []
    for shopper, key in enumerate(keys):
        own = np.random.default_rng([seed, 3, shopper])
        utility = _utility(tastes, codes, shopper) + appeal
        most = 75 if shopper == 0 else min(8 + int(own.geometric(1 / 24)), 75)
        events += _year(key, utility, most, cold, until, own)
        chosen = cold[np.argsort(-(utility[cold] + own.gumbel(size=len(cold))))]
        cold_choices.append(chosen[:COLD_CHOICES])
    events.sort(key=lambda event: event[3])
    return Simulation(keys, events, values, tastes, codes, appeal, cold, np.array(cold_choices))


def _labels(items: Sequence[Mapping[str, str]]) -> tuple[dict[str, list[str]], dict[str, np.ndarray]]:
    """Values and codes of each label that splits the items; of two that split them alike, the first."""
    names = dict.fromkeys(name for item in items for name in item)
    values: dict[str, list[str]] = {}
    codes: dict[str, np.ndarray] = {}
    seen: set[bytes] = set()
    for name in names:
        known = sorted({item[name] for item in items if item.get(name)})
        if not 2 <= len(known) <= MOST_VALUES or all(value.isdigit() for value in known):
            continue
        index = {value: code for code, value in enumerate(known)}
        column = np.array([index.get(item.get(name, ""), len(known)) for item in items])
        split = np.unique(column, return_inverse=True)[1]
        first_seen = np.unique(split, return_index=True)[1].argsort().argsort()[split].tobytes()
        if first_seen not in seen:
            seen.add(first_seen)
            values[name], codes[name] = known, column
    return values, codes


def _tastes(label: str, count: int, shoppers: int, rng: np.random.Generator) -> np.ndarray:
    """(shoppers, count) float32 of unit variance times the label's strength."""
    shared = rng.normal(size=(shoppers, RANK)) @ rng.normal(size=(RANK, count)) / np.sqrt(RANK)
    own = rng.normal(size=(shoppers, count))
    taste = np.sqrt(LOW_RANK) * shared + np.sqrt(1 - LOW_RANK) * own
    return (STRENGTH.get(label, OTHER_STRENGTH) * taste).astype(np.float32)


def _mark(taste: np.ndarray, codes: np.ndarray, rng: np.random.Generator) -> None:
    """Turn one shopper's taste, (V,), into something a person could say: two common values, and not much else."""
    counts = np.bincount(codes, minlength=len(taste) + 1)[: len(taste)]
    common = np.argsort(-counts, kind="stable")[: max(2, len(taste) // 2)]
    scale = np.abs(taste).max()
    taste *= 0.2
    taste[rng.choice(common, size=min(2, len(common)), replace=False)] = scale


def _utility(tastes: Mapping[str, np.ndarray], codes: Mapping[str, np.ndarray], shopper: int) -> np.ndarray:
    total = np.float32(0)
    for label, taste in tastes.items():
        total = total + np.append(taste[shopper], np.float32(0))[codes[label]]  # the last code: no value
    return total


def _year(
    key: str, utility: np.ndarray, most: int, cold: np.ndarray, until: datetime, rng: np.random.Generator
) -> list[Event]:
    """One shopper's events: evenings with a few products each, and here and there one that was not to their taste."""
    open_to_all = np.ones(len(utility), dtype=bool)
    open_to_all[cold] = False
    warm = np.flatnonzero(open_to_all)
    # The largest of utility + Gumbel noise are a sample without replacement from the softmax.
    taken = warm[np.argsort(-(utility[warm] + rng.gumbel(size=len(warm))))][:most]
    rest = np.setdiff1d(warm, taken)
    disliked = rest[np.argsort(utility[rest] + rng.gumbel(size=len(rest)))][: rng.poisson(len(taken) / 12)]
    visits = [(int(item), _funnel(rng)) for item in rng.permutation(taken)]
    for item in disliked:
        visits.insert(int(rng.integers(len(visits))), (int(item), ("view", "dislike")))

    events: list[Event] = []
    evenings = np.sort(rng.choice(DAYS, size=min(DAYS, max(1, len(visits) // 3)), replace=False))
    for evening, part in zip(evenings, np.array_split(np.arange(len(visits)), len(evenings)), strict=True):
        when = until - timedelta(days=DAYS - int(evening), minutes=-int(rng.integers(17 * 60, 22 * 60)))
        for visit in part:
            item, kinds = visits[visit]
            for kind in kinds:
                when += timedelta(seconds=int(rng.integers(8, 90)))
                events.append((key, item, kind, when))
    return events


def _funnel(rng: np.random.Generator) -> tuple[str, ...]:
    """How far one product got."""
    kinds = ["view"]
    last = rng.choice(["click", "like", "cart", "purchase"], p=[0.35, 0.25, 0.15, 0.25])
    if last != "click" and rng.random() < 0.5:
        kinds.append("click")
    if last == "purchase":
        kinds.append("cart")
    return (*kinds, str(last))
