"""Options of the import commands, and how they print problems."""

import argparse
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, TypedDict, Unpack

from django.core.management.base import BaseCommand, CommandError, CommandParser, OutputWrapper
from tqdm import tqdm

from catalog.errors import ImportFailed
from catalog.importers.preview import Preview, lines_of
from catalog.importers.remote import local_copy
from catalog.importers.reports import ImportReport, OnProblem
from catalog.importers.rows import Problem

SHOWN = 50


class ImportOptions(TypedDict):
    """Options that every import function takes."""

    limit: int | None
    dry_run: bool
    progress: bool
    on_problem: OnProblem


class ImportCommand(ABC, BaseCommand):
    """A command that prints problems as they occur, above a progress bar, and the counts at the end."""

    source: str  # the name of the argument in the usage
    noun: str  # of the rows, in the plural
    help_set: str  # what --set does

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("source", metavar=self.source, help="a path, or a URL, from which it is fetched first")
        parser.add_argument("--limit", type=positive_int, metavar="N", help=f"only the first N {self.noun}")
        parser.add_argument("--dry-run", action="store_true", help="only report what would be done")
        parser.add_argument(
            "--preview", action="store_true", help=f"only show the columns and the first ten {self.noun}"
        )
        parser.add_argument("--set", action="append", default=[], metavar="COLUMN=FIELD", help=self.help_set)

    def handle(self, source: str, limit: int | None, dry_run: bool, verbosity: int, **options: Any) -> str:
        on_problem = ProblemPrinter(self.stderr)
        try:
            options["columns"] = self.read_columns(options)
            with local_copy(source) as path:
                if options["preview"]:
                    return "\n".join(lines_of(self.read_preview(path, options)))
                report = self.run_import(
                    path, options, limit=limit, dry_run=dry_run, progress=verbosity > 0, on_problem=on_problem
                )
        except ImportFailed as error:
            raise CommandError(str(error)) from error
        on_problem.print_rest()
        for note in report.notes:
            self.stderr.write(f"Note: {note}")
        return f"{report} (dry run: nothing was written)" if dry_run else str(report)

    @abstractmethod
    def read_columns(self, options: dict[str, Any]) -> dict[str, str]:
        """Return what columns are taken for, where they are not to be recognised. Raises ImportFailed."""

    @abstractmethod
    def read_preview(self, source: Path, options: dict[str, Any]) -> Preview:
        """Read the first rows; `options` as for run_import."""

    @abstractmethod
    def run_import(self, source: Path, options: dict[str, Any], **common: Unpack[ImportOptions]) -> ImportReport:
        """Import the source; `options` has all options of the command, and `columns` of read_columns."""


class ProblemPrinter:
    """Printer of the first problems, between two updates of the progress bar; the others are counted."""

    def __init__(self, stderr: OutputWrapper) -> None:
        self.stderr = stderr
        self.count = 0

    def __call__(self, problem: Problem) -> None:
        self.count += 1
        if self.count <= SHOWN:
            with tqdm.external_write_mode():
                self.stderr.write(str(problem))

    def print_rest(self) -> None:
        if self.count > SHOWN:
            self.stderr.write(f"… and {self.count - SHOWN} more")


def positive_int(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)
