from collections.abc import Sequence
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from recommender.models import ModelVersion, Role
from recommender.versions import queries
from recommender.versions.vectors import scores

KINDS = {"same_product": "the same product", "same_style": "the same style"}


class Command(BaseCommand):
    help = (
        "Fit the chances that a search by photo gives, to altered images of the catalogue, and print how reliable they "
        "are on others; or, with --role personal, print how reliable the chances of personal lists are. A training "
        "fits both by itself."
    )

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        # Django's own option --version prints its version; here --version names a model version.
        return super().create_parser(prog_name, subcommand, conflict_handler="resolve", **kwargs)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--version", dest="version_id", type=int, metavar="ID", help="default: the active one")
        parser.add_argument("--role", choices=[Role.SIMILAR, Role.PERSONAL], default=Role.SIMILAR)
        parser.add_argument("--check", action="store_true", help="only print; fit nothing")

    def handle(self, *, version_id: int | None, role: str, check: bool, **options: Any) -> str:
        version = chosen_version(version_id, Role(role))
        return reliability_of_tastes(version) if role == Role.PERSONAL else calibrate_photos(version, check)


def calibrate_photos(version: ModelVersion, check: bool) -> str:
    """Fit the chances of a search by photo, unless they are only checked; return how reliable they are."""
    from recommender.workers import photo_calibration  # imports torch

    if not check:
        photo_calibration.calibrate(version)
        photo_calibration.save(version)
    if not version.match_curves:
        raise CommandError(
            f"version {version.pk} ({version}) has no chances: no image is embedded, or none were fitted"
        )
    tried = list(photo_calibration.trials(version, photo_calibration.HELD_OUT))
    lines = [f"version {version.pk} ({version}): {len(tried)} photos, a match from a score of {version.good_match:.3f}"]
    for kind, name in KINDS.items():
        chances = [scores.match_probability(version.match_curves[kind], each.score) for each in tried]
        bins = photo_calibration.bins_of(chances, [getattr(each, kind) for each in tried])
        error = photo_calibration.calibration_error(bins)
        lines += ["", f"{name:18} photos  chance  right   calibration error {error:.3f}"]
        for each in bins:
            ranged = f"{each.low:8.1f} to {each.high:.1f}   {each.count:6}"
            lines.append(f"{ranged}  {each.probability:6.2f} {each.share:6.2f}  {bar(each.share)}".rstrip())
    return "\n".join(lines)


def reliability_of_tastes(version: ModelVersion) -> str:
    """Return how reliable the chances of a personal version were, when it was trained and since."""
    from recommender.workers import taste_calibration  # imports torch

    lines = [
        f"version {version.pk} ({version}): a product that a shopper took next beside one drawn at random; of "
        "those of a chance, the share that was taken"
    ]
    if held_out := version.metrics.get("reliability"):
        lines += table("held out of the training", held_out, version.metrics["calibration error"])
    else:
        lines += ["", "held out of the training: nothing was, or it is of a release before chances were fitted"]
    bins, count = taste_calibration.later_reliability(version)
    if count >= taste_calibration.LEAST_TRIALS:
        rows = [(each.probability, each.share, each.count) for each in bins]
        lines += table(f"taken first since then by {count} shoppers", rows, taste_calibration.calibration_error(bins))
    else:
        lines += [
            "",
            f"taken since then: {count} of the shoppers that it knows took something; "
            f"{taste_calibration.LEAST_TRIALS} are needed",
        ]
    return "\n".join(lines)


def table(title: str, rows: Sequence[tuple[float, float, int]], error: float) -> list[str]:
    """Return the lines of a table of (probability, share, count)."""
    lines = ["", f"{title}: calibration error {error:.3f}", "  products  chance  taken"]
    lines += [
        f"{count:10}  {probability:6.2f} {share:6.2f}  {bar(share)}".rstrip() for probability, share, count in rows
    ]
    return lines


def bar(share: float) -> str:
    """Return a share as a bar of up to twenty blocks."""
    return "█" * round(20 * share)


def chosen_version(version_id: int | None, role: Role) -> ModelVersion:
    """Return the version of this id and role, or the active one. Raises CommandError."""
    if version_id is None:
        version = queries.active_version(role)
        if version is None:
            raise CommandError(f"no model version is active for {role.label}; see train --help")
        return version
    version = queries.servable_versions().filter(pk=version_id, role=role).first()
    if version is None:
        raise CommandError(f"there is no trained version {version_id} for {role.label}")
    return version
