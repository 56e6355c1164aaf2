"""Shoppers with hidden tastes, and what they would have done in the shop during a year.

A shopper's utility for a product is a sum over its labels of a taste for each value, over what its picture shows of a
taste for each statistic, and the product's own appeal; products are taken without replacement with probability
softmax(utility). So whoever can see the labels in the pictures can predict the interactions, for products that nobody
has touched as well.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np

from catalog.demo.simulation.population import FEW, Population, Trait

UNTIL = datetime(2026, 10, 31, tzinfo=UTC)
DAYS = 365
SEASONS = 4  # in which a taste that drifts stands still
LOW_RANK = 0.85  # share of a taste's variance that shoppers have in common, in a few directions; the rest is their own
MOST_VALUES = 200  # a label with more values is a name, and nobody has a taste for one but by a trait of its own
FOR_ALL = {"Unisex", "unisex"}  # values that match everybody
COLD_CHOICES = 5
PICTURE = "picture"  # what the tastes for looks are called among those for labels

Event = tuple[str, int, str, datetime]
Tastes = dict[str, np.ndarray]


@dataclass(frozen=True)
class Simulation:
    """What `simulate` gives. U shoppers, I items, V values of a label."""

    shoppers: list[str]  # keys, in the order of every axis U
    events: list[Event]  # (shopper key, item index, kind, when), oldest first
    values: dict[str, list[str]]  # label -> its V values
    tastes: Tastes  # label -> (U, V) logits, strength included, as they are at the year's end; "picture" -> (U, 6)
    codes: dict[str, np.ndarray]  # label -> (I,) index of the item's value, V where it has none
    looks: np.ndarray  # (I, 6), or (I, 0) where pictures draw nobody
    appeal: np.ndarray  # (I,) logits, the same for all shoppers
    cold: np.ndarray  # indices of the cold items
    cold_choices: np.ndarray  # (U, 5) cold items that each would have taken first, best first

    def utility_of(self, shopper: int) -> np.ndarray:
        """(I,) float32 logits of the shopper with this index, at the year's end."""
        return _utility(self.tastes, self.codes, self.looks, shopper) + self.appeal

    @property
    def utility(self) -> np.ndarray:
        """(U, I) float32: computed at each call, 600 MB for 5,000 shoppers and 30,000 items."""
        return np.stack([self.utility_of(shopper) for shopper in range(len(self.shoppers))])

    def factors(self) -> tuple[np.ndarray, np.ndarray]:
        """(U, D) and (I, D) float32, whose inner products are the utilities: what a perfect recommender would know."""
        tastes, features = [], []
        for label, codes in self.codes.items():
            tastes.append(self.tastes[label])
            features.append(np.eye(len(self.values[label]) + 1, dtype=np.float32)[codes][:, :-1])
        if self.looks.shape[1]:
            tastes.append(self.tastes[PICTURE])
            features.append(self.looks)
        tastes.append(np.ones((len(self.shoppers), 1), dtype=np.float32))
        features.append(self.appeal[:, None])
        return np.concatenate(tastes, axis=1), np.concatenate(features, axis=1)

    def favourites(self, shopper: int) -> dict[str, list[str]]:
        """The two values of each label that this shopper likes best, best first."""
        return {
            label: [known[value] for value in np.argsort(-self.tastes[label][shopper], kind="stable")[:2]]
            for label, known in self.values.items()
        }


def simulate(
    items: Sequence[Mapping[str, str]],
    population: Population = FEW,
    seed: int = 0,
    until: datetime = UNTIL,
    looks: np.ndarray | None = None,
) -> Simulation:
    """A year of interactions that ends at `until`, the same for the same arguments.

    items: label -> value, one mapping a product; a label that is missing or empty is nobody's taste. looks: (I, 6)
    standardised statistics of the pictures, if these draw anybody.
    The first shopper, `shopper`, takes the most products and has a marked taste.
    Raises ValueError for fewer than 2 items, or looks that are missing or of other products.
    """
    if len(items) < 2:
        raise ValueError(f"{len(items)} items; it takes at least 2")
    if looks is None and not population.pictures:
        looks = np.zeros((len(items), 0), dtype=np.float32)
    if looks is None or len(looks) != len(items):
        raise ValueError(f"looks of {0 if looks is None else len(looks)} pictures for {len(items)} items")
    rng = np.random.default_rng([seed, 2])
    values, codes = _labels(items, population)
    first = {name: _tastes(name, values[name], codes[name], population, rng) for name in values}
    if looks.shape[1]:
        first[PICTURE] = _normal(population.shoppers, looks.shape[1], _of_each(population, looks), rng)
    for name, taste in codes.items():
        _mark(first[name][0], taste, rng)
    appeal = np.float32(population.appeal) * (rng.exponential(size=len(items)).astype(np.float32) - 1)
    cold = np.sort(rng.permutation(len(items))[: round(population.cold_share * len(items))])
    seasons = _seasons(first, population, looks, np.random.default_rng([seed, 4]))
    keys = ["shopper"] + [f"shopper-{number:03d}" for number in range(1, population.shoppers)]

    events: list[Event] = []
    cold_choices = []
    for shopper, key in enumerate(keys):
        own = np.random.default_rng([seed, 3, shopper])
        utilities = [_utility(tastes, codes, looks, shopper) + appeal for tastes in seasons]
        most = population.most
        if shopper:
            most = min(population.fewest + int(own.geometric(1 / population.more)), most)
        events += _year(key, utilities, most, cold, population.arrivals, until, own)
        chosen = cold[np.argsort(-(utilities[-1][cold] + own.gumbel(size=len(cold))))]
        cold_choices.append(chosen[:COLD_CHOICES])
    events.sort(key=lambda event: event[3])
    return Simulation(keys, events, values, seasons[-1], codes, looks, appeal, cold, np.array(cold_choices))


def _labels(
    items: Sequence[Mapping[str, str]], population: Population
) -> tuple[dict[str, list[str]], dict[str, np.ndarray]]:
    """Values and codes of each label that splits the items and draws somebody; of two that split alike, the first."""
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
    """(U, V) float32 logits."""
    trait = population.traits.get(label, Trait(population.other))
    if not trait.match:
        return _normal(population.shoppers, len(values), trait, rng)
    counts = np.bincount(codes, minlength=len(values) + 1)[: len(values)]
    own = rng.choice(len(values), size=population.shoppers, p=counts / counts.sum())
    fits = np.eye(len(values), dtype=bool)[own] | np.array([value in FOR_ALL for value in values])
    return (trait.strength * fits).astype(np.float32)


def _normal(shoppers: int, count: int, trait: Trait, rng: np.random.Generator) -> np.ndarray:
    """(shoppers, count) float32 of unit variance times the trait's strength."""
    shared = rng.normal(size=(shoppers, trait.rank)) @ rng.normal(size=(trait.rank, count)) / np.sqrt(trait.rank)
    own = rng.normal(size=(shoppers, count))
    taste = np.sqrt(LOW_RANK) * shared + np.sqrt(1 - LOW_RANK) * own
    return (trait.strength * taste).astype(np.float32)


def _mark(taste: np.ndarray, codes: np.ndarray, rng: np.random.Generator) -> None:
    """Turn one shopper's taste, (V,), into something a person could say: two common values, and not much else."""
    counts = np.bincount(codes, minlength=len(taste) + 1)[: len(taste)]
    common = np.argsort(-counts, kind="stable")[: max(2, len(taste) // 2)]
    scale = np.abs(taste).max()
    taste *= 0.2
    taste[rng.choice(common, size=min(2, len(common)), replace=False)] = scale


def _of_each(population: Population, looks: np.ndarray) -> Trait:
    """Of one statistic, so that all of them together draw as strongly as the population says."""
    return Trait(population.pictures / looks.shape[1] ** 0.5)


def _seasons(first: Tastes, population: Population, looks: np.ndarray, rng: np.random.Generator) -> list[Tastes]:
    """The tastes of each season, turning by the drift from the first ones towards others as strong."""
    if not population.drift:
        return [first]
    traits = dict(population.traits) | ({PICTURE: _of_each(population, looks)} if looks.shape[1] else {})
    turning = {name: traits.get(name, Trait(population.other)) for name in first}
    later = {name: _normal(*first[name].shape, trait, rng) for name, trait in turning.items() if not trait.match}
    seasons = []
    for angle in np.linspace(0, population.drift, SEASONS):
        stay, turn = np.float32(np.cos(angle)), np.float32(np.sin(angle))
        seasons.append(first | {name: stay * first[name] + turn * other for name, other in later.items()})
    return seasons


def _utility(tastes: Tastes, codes: Mapping[str, np.ndarray], looks: np.ndarray, shopper: int) -> np.ndarray:
    total = np.float32(0)
    for label, column in codes.items():
        total = total + np.append(tastes[label][shopper], np.float32(0))[column]  # the last code: no value
    return total + looks @ tastes[PICTURE][shopper] if looks.shape[1] else total


def _year(
    key: str,
    utilities: Sequence[np.ndarray],
    most: int,
    cold: np.ndarray,
    arrivals: int,
    until: datetime,
    rng: np.random.Generator,
) -> list[Event]:
    """One shopper's events: evenings with a few products each, and here and there one that was not to their taste."""
    warm = np.ones(len(utilities[0]), dtype=bool)
    warm[cold] = False
    seasons = _taken(utilities, most, np.ones_like(warm) if arrivals else warm, rng)
    rest = np.setdiff1d(np.flatnonzero(warm), np.concatenate(seasons))
    disliked = rest[np.argsort(utilities[-1][rest] + rng.gumbel(size=len(rest)))][: rng.poisson(most / 12)]
    taken = np.concatenate([rng.permutation(items) for items in seasons])
    if arrivals:
        # Cold ones came late: what the shopper would have done with them before is left out.
        taken = taken[warm[taken] | (np.arange(len(taken)) >= len(taken) - arrivals)]
    visits = [(int(item), _funnel(rng)) for item in taken]
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


def _taken(utilities: Sequence[np.ndarray], most: int, there: np.ndarray, rng: np.random.Generator) -> list[np.ndarray]:
    """For each season the items taken in it, at most `most` in all. there: (I,) marks of what can be taken."""
    open_still, seasons = there.copy(), []
    for utility, share in zip(utilities, np.array_split(np.arange(most), len(utilities)), strict=True):
        left = np.flatnonzero(open_still)
        # The largest of utility + Gumbel noise are a sample without replacement from the softmax.
        seasons.append(left[np.argsort(-(utility[left] + rng.gumbel(size=len(left))))][: len(share)])
        open_still[seasons[-1]] = False
    return seasons


def _funnel(rng: np.random.Generator) -> tuple[str, ...]:
    """How far one product got."""
    kinds = ["view"]
    last = rng.choice(["click", "like", "cart", "purchase"], p=[0.35, 0.25, 0.15, 0.25])
    if last != "click" and rng.random() < 0.5:
        kinds.append("click")
    if last == "purchase":
        kinds.append("cart")
    return (*kinds, str(last))
