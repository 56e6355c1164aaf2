import shutil
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from catalog import categories
from recommender.errors import RecommenderError


class Command(BaseCommand):
    help = (
        "Find demand gaps: generated images that many shoppers would like, as a model of their tastes predicts, and "
        "that no product of the shop looks like."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--category", metavar="NAME", help="search only this category; default: all that the generator has learned"
        )
        parser.add_argument("--out", type=Path, metavar="FOLDER", help="copy the report and its images to this folder")

    def handle(self, *, category: str | None, out: Path | None, verbosity: int, **options: Any) -> str:
        chosen = None
        if category is not None:
            found = categories.find_by_name([category])
            if not found:
                raise CommandError(f"there is no category {category!r}")
            chosen = list(found.values())
        if out:
            try:
                out.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise CommandError(f"--out {out}: {error.strerror}") from error
        from recommender.workers import gaps  # imports torch

        try:
            report, folder = gaps.find(chosen, progress=verbosity > 0)
        except RecommenderError as error:
            raise CommandError(str(error)) from error
        for gap in report.gaps:
            self.stdout.write(
                f"{gap.category}: {gap.shoppers} of {report.shoppers} shoppers are predicted to rank it among the best "
                f"1 % of the category, {gap.above_all} of them above all products. No product is near: for "
                f"{gap.apart:.0%} of the products the generator's copy is nearer to its original; the nearest product "
                f"is {gap.nearest} ({folder / gap.file})"
            )
        if out:
            for former in out.glob("gap-[0-9][0-9].png"):
                former.unlink()
            shutil.copytree(folder, out, dirs_exist_ok=True)
        return f"{len(report.gaps)} gaps, by prediction alone, in {out or folder}"
