import shutil
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from catalog import categories
from recommender.errors import RecommenderError


class Command(BaseCommand):
    help = (
        "Look where in the generator's space many shoppers would like something, by what a model of their tastes "
        "predicts, and no product is near."
    )

    def add_arguments(self, parser):
        parser.add_argument("--category", metavar="NAME", help="look through this one alone; else all that were learnt")
        parser.add_argument("--out", type=Path, metavar="FOLDER", help="copy the report and its pictures there")

    def handle(self, *, category, out, verbosity, **options):
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
        from recommender.workers import gaps  # torch

        try:
            report, folder = gaps.find(chosen, progress=verbosity > 0)
        except RecommenderError as error:
            raise CommandError(str(error)) from error
        for gap in report.gaps:
            self.stdout.write(
                f"{gap.category}: {gap.shoppers} of {report.shoppers} shoppers are predicted to rank it in their first "
                f"hundredth, {gap.above_all} above all products; no product is near: of {gap.apart:.0%} the "
                f"generator's own copies are nearer, and {gap.nearest} comes nearest ({folder / gap.file})"
            )
        if out:
            for former in out.glob("gap-[0-9][0-9].png"):
                former.unlink()
            shutil.copytree(folder, out, dirs_exist_ok=True)
        return f"{len(report.gaps)} gaps, by prediction alone, in {out or folder}"
