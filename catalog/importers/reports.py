"""What an import did."""

from collections.abc import Callable
from dataclasses import dataclass, field

from catalog.importers.rows import Problem

OnProblem = Callable[[Problem], None]


@dataclass(kw_only=True)
class Outcome:
    """What imports of every kind tell."""

    problems: list[Problem] = field(default_factory=list)

    @property
    def failed(self) -> int:
        return len(self.problems)

    def pass_over(self, problem: Problem, on_problem: OnProblem | None) -> None:
        self.problems.append(problem)
        if on_problem:
            on_problem(problem)


@dataclass
class Report(Outcome):
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    made_up_prices: bool = False  # the source has none

    def __str__(self) -> str:
        counts = f"{self.created} created, {self.updated} updated, {self.unchanged} unchanged, {self.failed} failed"
        return counts + "; the prices are made up, for the source has none" * self.made_up_prices


@dataclass
class InteractionReport(Outcome):
    accepted: int = 0
    duplicates: int = 0

    def __str__(self) -> str:
        return f"{self.accepted} accepted, {self.duplicates} duplicates, {self.failed} failed"
