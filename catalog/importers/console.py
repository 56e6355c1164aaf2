"""How the import commands tell of problems."""

from django.core.management.base import OutputWrapper
from tqdm import tqdm

from catalog.importers.rows import Problem

SHOWN = 50


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
