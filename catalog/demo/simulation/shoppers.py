"""Simulation of shoppers with hidden tastes, and of their interactions during a year.

A shopper's utility for a product is the sum of the tastes for the values of its labels, of the tastes for the
statistics of its image, and of the product's appeal; products are taken without replacement with probability
softmax(utility). So a model that sees the labels in the images can predict the interactions, also those with products
that nobody has touched.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np

from catalog.demo.simulation.population import FEW, Population, Trait

UNTIL = datetime(2026, 10, 31, tzinfo=UTC)
DAYS = 365
SEASONS = 4  # a taste that drifts changes from one to the next
LOW_RANK = 0.85  # share of a taste's variance in a few common directions; the rest is independent for each shopper
MOST_VALUES = 200  # a label with more values is a name, which nobody has a taste for, unless it is among the traits
FOR_ALL = {"Unisex", "unisex"}  # values that match everybody
COLD_CHOICES = 5
IMAGE = "picture"  # the key of the tastes for image statistics, beside those for labels

SimulatedEvent = tuple[str, int, str, datetime]
Tastes = dict[str, np.ndarray]


@dataclass(frozen=True)
class Simulation:
    """Result of `simulate`. U shoppers, I items, V values of a label."""

    shoppers: list[str]  # keys, in the order of every axis U
    events: list[SimulatedEvent]  # (shopper key, item index, kind, when), oldest first
    values: dict[str, list[str]]  # label -> its V values
    tastes: Tastes  # label -> (U, V) logits, strength included, as they are at the year's end; "picture" -> (U, 6)
    codes: dict[str, np.ndarray]  # label -> (I,) index of the item's value, V where it has none
    statistics: np.ndarray  # (I, 6), or (I, 0) where nobody has a taste for images
    appeal: np.ndarray  # (I,) logits, the same for all shoppers
    cold: np.ndarray  # indices of the cold items
    cold_choices: np.ndarray  # (U, 5) cold items that each would have taken first, best first

    def utility_of(self, shopper: int) -> np.ndarray:
        """Return the utilities for the shopper with this index at the year's end: (I,) float32 logits."""
        utility: np.ndarray = _utility(self.tastes, self.codes, self.statistics, shopper) + self.appeal
        return utility

    @property
    def utility(self) -> np.ndarray:
        """Compute the utilities for all shoppers: (U, I) float32, 600 MB for 5,000 shoppers and 30,000 items."""
        return np.stack([self.utility_of(shopper) for shopper in range(len(self.shoppers))])

    def factors(self) -> tuple[np.ndarray, np.ndarray]:
        """Return (U, D) and (I, D) float32 whose inner products are the utilities."""
        tastes, features = [], []
        for label, codes in self.codes.items():
            tastes.append(self.tastes[label])
            features.append(np.eye(len(self.values[label]) + 1, dtype=np.float32)[codes][:, :-1])
        if self.statistics.shape[1]:
            tastes.append(self.tastes[IMAGE])
            features.append(self.statistics)
        tastes.append(np.ones((len(self.shoppers), 1), dtype=np.float32))
        features.append(self.appeal[:, None])
        return np.concatenate(tastes, axis=1), np.concatenate(features, axis=1)

    def favourites(self, shopper: int) -> dict[str, list[str]]:
        """Return the two values of each label that this shopper likes best, best first."""
        return {
            label: [known[value] for value in np.argsort(-self.tastes[label][shopper], kind="stable")[:2]]
            for label, known in self.values.items()
        }


def simulate(
    items: Sequence[Mapping[str, str]],
    population: Population = FEW,
    seed: int = 0,
    until: datetime = UNTIL,
    statistics: np.ndarray | None = None,
) -> Simulation:
    """Simulate a year of interactions that ends at `until`, the same for the same arguments.

    items: label -> value, one mapping for each product; nobody has a taste for a label that is missing or empty.
    statistics: (I, 6) of the images, standardized; needed if the population has a taste for images.
    The first shopper, `shopper`, takes the most products and has a taste that is easy to name.
    Raises ValueError for fewer than 2 items, or statistics that are missing or not of I images.
    """
    if len(items) < 2:
        raise ValueError(f"{len(items)} items; it takes at least 2")
    if statistics is None and not population.image_taste:
        statistics = np.zeros((len(items), 0), dtype=np.float32)
    if statistics is None or len(statistics) != len(items):
        raise ValueError(f"statistics of {0 if statistics is None else len(statistics)} images for {len(items)} items")
    rng = np.random.default_rng([seed, 2])
    values, codes = _labels(items, population)
    first = {name: _tastes(name, values[name], codes[name], population, rng) for name in values}
    if statistics.shape[1]:
        first[IMAGE] = _normal(population.shoppers, statistics.shape[1], _image_trait(population, statistics), rng)
    for name, taste in codes.items():
        _mark(first[name][0], taste, rng)
    appeal = np.float32(population.appeal) * (rng.exponential(size=len(items)).astype(np.float32) - 1)
    cold = np.sort(rng.permutation(len(items))[: round(population.cold_share * len(items))])
    seasons = _seasons(first, population, statistics, np.random.default_rng([seed, 4]))
    keys = ["shopper"] + [f"shopper-{number:03d}" for number in range(1, population.shoppers)]

    events: list[SimulatedEvent] = []
    cold_choices = []
    for shopper, key in enumerate(keys):
        own = np.random.default_rng([seed, 3, shopper])
        utilities = [_utility(tastes, codes, statistics, shopper) + appeal for tastes in seasons]
        most = population.most
        if shopper:
            most = min(population.fewest + int(own.geometric(1 / population.more)), most)
        events += _year(key, utilities, most, cold, population.arrivals, until, own)
        chosen = cold[np.argsort(-(utilities[-1][cold] + own.gumbel(size=len(cold))))]
        cold_choices.append(chosen[:COLD_CHOICES])
    events.sort(key=lambda event: event[3])
    return Simulation(keys, events, values, seasons[-1], codes, statistics, appeal, cold, np.array(cold_choices))


def _labels(
    items: Sequence[Mapping[str, str]], population: Population
) -> tuple[dict[str, list[str]], dict[str, np.ndarray]]:
    """Return values and codes of each label that splits the items and that there is a taste for.

    Of two labels that split the items alike, the first counts.
    """
    names = dict.fromkeys(name for item in items for name in item)
    values: dict[str, list[str]] = {}
    codes: dict[str, np.ndarray] = {}
    seen: set[bytes] = set()
    for name in names:
        known = sorted({item[name] for item in items if item.get(name)})
        named = name in population.traits
        if len(known) < 2 or not (named or population.other):
            continue
        if not named and (len(known) > MOST_VALUES or all(value.isdigit() for value in known)):
            continue
        index = {value: code for code, value in enumerate(known)}
        column = np.array([index.get(item.get(name, ""), len(known)) for item in items])
        split = np.unique(column, return_inverse=True)[1]
        first_seen = np.unique(split, return_index=True)[1].argsort().argsort()[split].tobytes()
        if first_seen not in seen:
            seen.add(first_seen)
            values[name], codes[name] = known, column
    return values, codes


def _tastes(
    label: str, values: Sequence[str], codes: np.ndarray, population: Population, rng: np.random.Generator
) -> np.ndarray:
    """Sample the tastes for the values of a label: (U, V) float32 logits."""
    trait = population.traits.get(label, Trait(population.other))
    if not trait.match:
        return _normal(population.shoppers, len(values), trait, rng)
    counts = np.bincount(codes, minlength=len(values) + 1)[: len(values)]
    own = rng.choice(len(values), size=population.shoppers, p=counts / counts.sum())
    fits = np.eye(len(values), dtype=bool)[own] | np.array([value in FOR_ALL for value in values])
    taste: np.ndarray = trait.strength * fits
    return taste.astype(np.float32)


def _normal(shoppers: int, count: int, trait: Trait, rng: np.random.Generator) -> np.ndarray:
    """Sample normal tastes of low rank: (shoppers, count) float32 with the trait's strength as standard deviation."""
    shared = rng.normal(size=(shoppers, trait.rank)) @ rng.normal(size=(trait.rank, count)) / np.sqrt(trait.rank)
    own = rng.normal(size=(shoppers, count))
    taste: np.ndarray = np.sqrt(LOW_RANK) * shared + np.sqrt(1 - LOW_RANK) * own
    return (trait.strength * taste).astype(np.float32)


def _mark(taste: np.ndarray, codes: np.ndarray, rng: np.random.Generator) -> None:
    """Change one shopper's taste, (V,), so that it is easy to name: two common values, and not much else."""
    counts = np.bincount(codes, minlength=len(taste) + 1)[: len(taste)]
    common = np.argsort(-counts, kind="stable")[: max(2, len(taste) // 2)]
    scale = np.abs(taste).max()
    taste *= 0.2
    taste[rng.choice(common, size=min(2, len(common)), replace=False)] = scale


def _image_trait(population: Population, statistics: np.ndarray) -> Trait:
    """Return the trait of one statistic; all of them together have the population's strength."""
    return Trait(population.image_taste / statistics.shape[1] ** 0.5)


def _seasons(first: Tastes, population: Population, statistics: np.ndarray, rng: np.random.Generator) -> list[Tastes]:
    """Return the tastes of each season: `first`, rotated by an angle that grows from 0 to the population's drift.

    They are rotated towards tastes that are drawn independently, with the same distribution.
    """
    if not population.drift:
        return [first]
    traits = dict(population.traits) | ({IMAGE: _image_trait(population, statistics)} if statistics.shape[1] else {})
    turning = {name: traits.get(name, Trait(population.other)) for name in first}
    later = {
        name: _normal(len(first[name]), first[name].shape[1], trait, rng)
        for name, trait in turning.items()
        if not trait.match
    }
    seasons = []
    for angle in np.linspace(0, population.drift, SEASONS):
        stay, turn = np.float32(np.cos(angle)), np.float32(np.sin(angle))
        seasons.append(first | {name: stay * first[name] + turn * other for name, other in later.items()})
    return seasons


def _utility(tastes: Tastes, codes: Mapping[str, np.ndarray], statistics: np.ndarray, shopper: int) -> np.ndarray:
    total = np.zeros(len(statistics), dtype=np.float32)
    for label, column in codes.items():
        total = total + np.append(tastes[label][shopper], np.float32(0))[column]  # the last code: no value
    return total + statistics @ tastes[IMAGE][shopper] if statistics.shape[1] else total


def _year(
    key: str,
    utilities: Sequence[np.ndarray],
    most: int,
    cold: np.ndarray,
    arrivals: int,
    until: datetime,
    rng: np.random.Generator,
) -> list[SimulatedEvent]:
    """Sample one shopper's events: evenings with a few products each, some of which are disliked."""
    warm = np.ones(len(utilities[0]), dtype=bool)
    warm[cold] = False
    seasons = _taken(utilities, most, np.ones_like(warm) if arrivals else warm, rng)
    rest = np.setdiff1d(np.flatnonzero(warm), np.concatenate(seasons))
    disliked = rest[np.argsort(utilities[-1][rest] + rng.gumbel(size=len(rest)))][: rng.poisson(most / 12)]
    taken = np.concatenate([rng.permutation(items) for items in seasons])
    if arrivals:
        # Cold products arrived late: earlier choices of them are left out.
        taken = taken[warm[taken] | (np.arange(len(taken)) >= len(taken) - arrivals)]
    visits = [(int(item), _funnel(rng)) for item in taken]
    for item in disliked:
        visits.insert(int(rng.integers(len(visits))), (int(item), ("view", "dislike")))

    events: list[SimulatedEvent] = []
    evenings = np.sort(rng.choice(DAYS, size=min(DAYS, max(1, len(visits) // 3)), replace=False))
    for evening, part in zip(evenings, np.array_split(np.arange(len(visits)), len(evenings)), strict=True):
        when = until - timedelta(days=DAYS - int(evening), minutes=-int(rng.integers(17 * 60, 22 * 60)))
        for visit in part:
            item, kinds = visits[visit]
            for kind in kinds:
                when += timedelta(seconds=int(rng.integers(8, 90)))
                events.append((key, item, kind, when))
    return events


def _taken(
    utilities: Sequence[np.ndarray], most: int, available: np.ndarray, rng: np.random.Generator
) -> list[np.ndarray]:
    """Sample the items taken in each season, at most `most` in all. available: (I,) bool, what can be taken."""
    remaining, seasons = available.copy(), []
    for utility, share in zip(utilities, np.array_split(np.arange(most), len(utilities)), strict=True):
        left = np.flatnonzero(remaining)
        # The largest of utility + Gumbel noise are a sample without replacement from the softmax.
        seasons.append(left[np.argsort(-(utility[left] + rng.gumbel(size=len(left))))][: len(share)])
        remaining[seasons[-1]] = False
    return seasons


def _funnel(rng: np.random.Generator) -> tuple[str, ...]:
    """Sample the kinds of interactions with one product, in order."""
    kinds = ["view"]
    last = rng.choice(["click", "like", "cart", "purchase"], p=[0.35, 0.25, 0.15, 0.25])
    if last != "click" and rng.random() < 0.5:
        kinds.append("click")
    if last == "purchase":
        kinds.append("cart")
    return (*kinds, str(last))
