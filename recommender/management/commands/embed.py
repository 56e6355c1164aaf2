from functools import partial
from typing import Any, NoReturn

from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from recommender.models import EMBEDDING_ROLES, SERVABLE, ImageEmbedding, ModelVersion
from recommender.versions import queries
from recommender.versions.vectors import index


def show(bar: "tqdm[NoReturn]", done: int, of: int) -> None:
    """Show on the bar that `done` steps of `of` are behind."""
    bar.total = of
    bar.update(done - bar.n)


class Command(BaseCommand):
    help = "Embed the images of all products with every trained version, or with one."

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        # Django's own option --version prints its version; here --version names a model version.
        return super().create_parser(prog_name, subcommand, conflict_handler="resolve", **kwargs)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--version", dest="version_id", type=int, metavar="ID", help="only with this model version")
        parser.add_argument("--missing", action="store_true", help="only images without an embedding; default: all")

    def handle(self, *, version_id: int | None, missing: bool, verbosity: int, **options: Any) -> None:
        versions = self.chosen_versions(version_id)
        from recommender.workers import embedding  # imports torch

        for version in versions:
            batches = embedding.embed_all(version, anew=not missing, progress=verbosity > 0)
            count = max((done for done, _ in batches), default=0)
            with tqdm(desc="building the index", unit=" blocks", disable=not verbosity) as bar:
                index.build_index(version, partial(show, bar))
            total = ImageEmbedding.objects.filter(version=version).count()
            self.stdout.write(f"version {version.pk} ({version}): {count} images embedded, {total} in all")

    def chosen_versions(self, version_id: int | None) -> list[ModelVersion]:
        """Return the version of this id, or all trained ones. Raises CommandError."""
        if version_id is None:
            found = list(queries.servable_versions())
            if not found:
                raise CommandError("there is no trained version; see train --help")
            return found
        version = ModelVersion.objects.filter(pk=version_id).first()
        if version is None:
            raise CommandError(f"there is no version {version_id}")
        if version.state not in SERVABLE:
            raise CommandError(f"version {version_id} ({version}) is {version.state}: train it first")
        if version.role not in EMBEDDING_ROLES:
            raise CommandError(f"version {version_id} ({version}) generates images and embeds none")
        return [version]
