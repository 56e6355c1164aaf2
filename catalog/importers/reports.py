"""What an import did."""

from collections.abc import Callable
from dataclasses import dataclass, field

from catalog.importers.rows import Problem


@dataclass
class Report:
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    problems: list[Problem] = field(default_factory=list)
    made_up_prices: bool = False  # the source has none

    @property
    def failed(self) -> int:
        return len(self.problems)

    def __str__(self) -> str:
        counts = f"{self.created} created, {self.updated} updated, {self.unchanged} unchanged, {self.failed} failed"
        return counts + "; the prices are made up, for the source has none" * self.made_up_prices


@dataclass
class InteractionReport:
    accepted: int = 0
    duplicates: int = 0
    problems: list[Problem] = field(default_factory=list)

    @property
    def failed(self) -> int:
        return len(self.problems)

    def __str__(self) -> str:
        return f"{self.accepted} accepted, {self.duplicates} duplicates, {self.failed} failed"


OnProblem = Callable[[Problem], None]
