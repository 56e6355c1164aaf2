"""Two versions of a role beside each other, or one beside popularity: their measures and their settings."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from recommender.models import ModelVersion

NOT_MEASURES = ("losses", "intervals", "warnings", "categories", "reliability")
LARGER_IS_BETTER = ("auc", "ndcg", "hr", "recall", "precision", "map", "knn", "linear")  # how a measure's name begins

AGAINST_POPULARITY = ("auc", "ndcg@10")  # measures that a training takes of popularity as well


@dataclass(frozen=True)
class Pair:
    """Values of two versions by one name; None of a version that lacks it."""

    name: str
    values: tuple[Any, Any]
    intervals: tuple[list[float] | None, list[float] | None] = (None, None)  # of 95 %, of a measure

    @property
    def is_worse(self) -> bool:
        """Return whether the second version is below the first by more than the intervals of both."""
        first, second = self._bounds
        return bool(first and second and second[1] < first[0])

    @property
    def is_better(self) -> bool:
        """Return whether the second version is above the first by more than the intervals of both."""
        first, second = self._bounds
        return bool(first and second and second[0] > first[1])

    @property
    def _bounds(self) -> tuple[list[float] | None, list[float] | None]:
        """Return the intervals of a measure of which more is better."""
        return self.intervals if self.name.startswith(LARGER_IS_BETTER) else (None, None)


def measures(first: ModelVersion | None, second: ModelVersion | None) -> list[Pair]:
    """Return the measures of both, by name."""
    known = [version.metrics if version else {} for version in (first, second)]
    names = sorted({name for metrics in known for name in metrics if name not in NOT_MEASURES})
    intervals = [metrics.get("intervals", {}) for metrics in known]
    return [
        Pair(
            name,
            (known[0].get(name), known[1].get(name)),
            (intervals[0].get(name), intervals[1].get(name)),
        )
        for name in names
    ]


def settings(first: ModelVersion, second: ModelVersion) -> list[Pair]:
    """Return what both were trained with, by name: the method, epochs, seed, and the settings that were given."""
    facts: list[Mapping[str, Any]] = [
        {"method": version.method, "epochs": version.epochs, "seed": version.seed, **version.settings}
        for version in (first, second)
    ]
    names = dict.fromkeys(name for each in facts for name in each)
    return [Pair(name, (facts[0].get(name), facts[1].get(name))) for name in names]


def below_popularity(version: ModelVersion) -> str:
    """Return by how much a version is below popularity on the products held out; "" unless it is by each measure."""
    found, pairs = version.metrics, []
    for name in AGAINST_POPULARITY:
        own, other = found.get(name), found.get(f"{name} of popularity")
        if own is None or other is None or own >= other:
            return ""
        pairs.append(f"{name} {own:g} against {other:g}")
    return f"below popularity on the products held out ({', '.join(pairs)})"
