"""What the import commands have in common: their options, and how they tell of problems."""

import argparse
from abc import ABC, abstractmethod
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError, CommandParser, OutputWrapper
from tqdm import tqdm

from catalog.errors import ImportFailed
from catalog.importers.reports import Outcome
from catalog.importers.rows import Problem

SHOWN = 50


class ImportCommand(ABC, BaseCommand):
    """Problems as they are met, above a progress bar; the counts at the end."""

    source: str  # what the usage calls it
    what: str  # it holds

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("source", type=Path, metavar=self.source)
        parser.add_argument("--limit", type=at_least_one, metavar="N", help=f"only the first N {self.what}")
        parser.add_argument("--dry-run", action="store_true", help="only say what would be done")

    def handle(self, source: Path, limit: int | None, dry_run: bool, verbosity: int, **options: object) -> str:
        on_problem = ProblemPrinter(self.stderr)
        try:
            report = self.take(
                source, options, limit=limit, dry_run=dry_run, progress=verbosity > 0, on_problem=on_problem
            )
        except ImportFailed as error:
            raise CommandError(str(error)) from error
        on_problem.finish()
        return f"{report} (dry run: nothing was written)" if dry_run else str(report)

    @abstractmethod
    def take(self, source: Path, options: dict[str, object], **manners) -> Outcome:
        """Import it; manners: limit, dry_run, progress and on_problem, as every import has them."""


class ProblemPrinter:
    """Prints the first problems as they happen, between two drawings of the progress bar; the others are counted."""

    def __init__(self, stderr: OutputWrapper):
        self.stderr = stderr
        self.count = 0

    def __call__(self, problem: Problem) -> None:
        self.count += 1
        if self.count <= SHOWN:
            with tqdm.external_write_mode():
                self.stderr.write(str(problem))

    def finish(self) -> None:
        if self.count > SHOWN:
            self.stderr.write(f"… and {self.count - SHOWN} more")


def at_least_one(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)
