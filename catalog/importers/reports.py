"""Reports of what an import did."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from catalog.importers.retirement import Retirement
from catalog.importers.rows import Problem
from catalog.importers.wording import counted
from catalog.signals import import_finished

MOST_PROBLEMS = 1000

OnProblem = Callable[[Problem], None]
Follow = Callable[["ImportReport", int], None]  # of the report so far, and how many rows the source has


@dataclass(kw_only=True)
class ImportReport(ABC):
    """Base class of the reports: the rows that could not be imported, of which the first are retained."""

    failed: int = 0
    read: int = 0  # rows of the source, whatever became of them
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)  # what was assumed and left out

    @property
    @abstractmethod
    def counts(self) -> dict[str, int]:
        """Return the counts by their names."""

    def announce(self, kind: str, source: Path) -> None:
        """Send the signal that the import of `source` is finished. kind: what was imported."""
        import_finished.send(sender=type(self), kind=kind, source=source.name, counts=self.counts)

    def add_problem(self, problem: Problem, on_problem: OnProblem | None) -> None:
        """Count a row as failed, and call `on_problem` if there is one."""
        self.failed += 1
        if self.failed <= MOST_PROBLEMS:  # a file of a million rows may have as many
            self.problems.append(problem)
        if on_problem:
            on_problem(problem)


@dataclass
class ProductReport(ImportReport):
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    awaited: int = 0  # images that a worker is to fetch
    has_generated_prices: bool = False  # the source has none
    retirement: Retirement | None = None

    @property
    def failed_images(self) -> int:
        """Return how many of those that failed are images, of products that were imported without them."""
        return max(0, self.failed + self.created + self.updated + self.unchanged - self.read) if self.read else 0

    @property
    def counts(self) -> dict[str, int]:
        names = ("created", "updated", "unchanged", "awaited", "failed", "failed_images")
        return {name: getattr(self, name) for name in names}

    def __str__(self) -> str:
        counts = f"{self.created} created, {self.updated} updated, {self.unchanged} unchanged, {self.failed} failed"
        if self.failed_images:
            rows = counted(self.failed - self.failed_images, "row", "rows")
            counts += f" ({rows}, and {counted(self.failed_images, 'image', 'images')} of products that were imported)"
        if self.awaited:
            are = "image is to be fetched by its URL", "images are to be fetched by their URLs"
            counts += f"; {counted(self.awaited, *are)}"
        return counts + "; the prices are made up, for the source has none" * self.has_generated_prices


@dataclass
class InteractionReport(ImportReport):
    accepted: int = 0
    duplicates: int = 0

    @property
    def counts(self) -> dict[str, int]:
        return {"accepted": self.accepted, "duplicates": self.duplicates, "failed": self.failed}

    def __str__(self) -> str:
        return f"{self.accepted} accepted, {self.duplicates} duplicates, {self.failed} failed"
