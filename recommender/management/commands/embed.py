from django.core.management.base import BaseCommand, CommandError

from recommender.models import SEEING, SERVABLE, ImageEmbedding, ModelVersion
from recommender.versions import queries
from recommender.versions.vectors import index


class Command(BaseCommand):
    help = "Embed the products' pictures, with every version that is kept ready or with the one named."

    def create_parser(self, *args, **kwargs):
        # Django gives every command a --version that prints Django's own; here it names a model version.
        return super().create_parser(*args, conflict_handler="resolve", **kwargs)

    def add_arguments(self, parser):
        parser.add_argument("--version", dest="version_id", type=int, metavar="ID", help="only this model version")
        parser.add_argument("--missing", action="store_true", help="only pictures without a vector; else all, anew")

    def handle(self, *, version_id, missing, verbosity, **options):
        chosen = self.chosen(version_id)
        from recommender.workers import embedding  # torch

        for version in chosen:
            batches = embedding.embed_all(version, anew=not missing, progress=verbosity > 0)
            count = max((done for done, _ in batches), default=0)
            index.build_index(version)
            total = ImageEmbedding.objects.filter(version=version).count()
            self.stdout.write(f"version {version.pk} ({version}): {count} pictures embedded, {total} in all")

    def chosen(self, version_id: int | None) -> list[ModelVersion]:
        if version_id is None:
            found = list(queries.servable_versions())
            if not found:
                raise CommandError("no version is trained yet; see train --help")
            return found
        version = ModelVersion.objects.filter(pk=version_id).first()
        if version is None:
            raise CommandError(f"there is no version {version_id}")
        if version.state not in SERVABLE:
            raise CommandError(f"version {version_id} ({version}) is {version.state}: train it first")
        if version.role not in SEEING:
            raise CommandError(f"version {version_id} ({version}) makes pictures, and embeds none")
        return [version]
