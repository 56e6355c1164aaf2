from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from recommender.models import ModelVersion, Role
from recommender.versions import queries
from recommender.versions.vectors import scores

KINDS = {"same_product": "the same product", "same_style": "the same style"}


class Command(BaseCommand):
    help = (
        "Fit the chances that a search by photo gives, to altered images of the catalogue, and print how reliable they "
        "are on others. A training does the first by itself."
    )

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        # Django's own option --version prints its version; here --version names a model version.
        return super().create_parser(prog_name, subcommand, conflict_handler="resolve", **kwargs)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--version", dest="version_id", type=int, metavar="ID", help="default: the active one")
        parser.add_argument("--check", action="store_true", help="only print; fit nothing")

    def handle(self, *, version_id: int | None, check: bool, **options: Any) -> str:
        version = chosen_version(version_id)
        from recommender.workers import photo_calibration  # imports torch

        if not check:
            photo_calibration.calibrate(version)
            photo_calibration.save(version)
        if not version.match_curves:
            raise CommandError(
                f"version {version.pk} ({version}) has no chances: no image is embedded, or none were fitted"
            )
        tried = list(photo_calibration.trials(version, photo_calibration.HELD_OUT))
        lines = [
            f"version {version.pk} ({version}): {len(tried)} photos, a match from a score of {version.good_match:.3f}"
        ]
        for kind, name in KINDS.items():
            chances = [scores.match_probability(version.match_curves[kind], each.score) for each in tried]
            bins = photo_calibration.bins_of(chances, [getattr(each, kind) for each in tried])
            error = photo_calibration.calibration_error(bins)
            lines += ["", f"{name:18} photos  chance  right   calibration error {error:.3f}"]
            for each in bins:
                bar = "█" * round(20 * each.share)
                ranged = f"{each.low:8.1f} to {each.high:.1f}   {each.count:6}"
                lines.append(f"{ranged}  {each.probability:6.2f} {each.share:6.2f}  {bar}".rstrip())
        return "\n".join(lines)


def chosen_version(version_id: int | None) -> ModelVersion:
    """Return the version of this id, or the active one, that is searched by photo. Raises CommandError."""
    if version_id is None:
        version = queries.active_version(Role.SIMILAR)
        if version is None:
            raise CommandError("no model version is active for similar styles; see train --help")
        return version
    version = queries.servable_versions().filter(pk=version_id, role=Role.SIMILAR).first()
    if version is None:
        raise CommandError(f"there is no trained version {version_id} for similar styles")
    return version
