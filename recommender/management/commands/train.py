import signal
from argparse import RawDescriptionHelpFormatter
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from recommender.errors import RecommenderError
from recommender.models import MAX_EPOCHS, MAX_SEED, ModelVersion
from recommender.operations import training_checks
from recommender.versions import lifecycle, methods


class Command(BaseCommand):
    help = "Train a model version, embed all images with it and build its index."

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        parser.formatter_class = RawDescriptionHelpFormatter
        parser.epilog = f"methods:\n{methods.help_text()}\n\nThe settings of a method: manage.py methods METHOD"
        return parser

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("method", nargs="?", help="one of the methods below")
        parser.add_argument("--epochs", type=int, help="number of epochs; the method has a default")
        parser.add_argument(
            "--set",
            action="append",
            default=[],
            metavar="KEY=VALUE",
            help="a setting of the method; may be repeated. `manage.py methods METHOD` lists them",
        )
        parser.add_argument("--seed", type=int, help="seed of the random numbers; default: 0")
        parser.add_argument("--activate", action="store_true", help="activate the version when it is ready")
        parser.add_argument("--queue", action="store_true", help="queue the training for a worker, and do not wait")
        parser.add_argument(
            "--resume", type=int, metavar="ID", help="continue the interrupted training of this version"
        )

    def handle(
        self,
        *,
        method: str | None,
        epochs: int | None,
        seed: int | None,
        activate: bool,
        queue: bool,
        resume: int | None,
        **options: Any,
    ) -> str:
        if method is None and resume is None:
            raise CommandError("name a method, or an interrupted version by --resume ID")
        if resume is not None and (method or epochs or options["set"] or seed is not None):
            raise CommandError(f"--resume {resume} takes method, epochs, settings and seed from the version: omit them")
        check_range("--epochs", epochs, 1, MAX_EPOCHS)
        check_range("--seed", seed, 0, MAX_SEED)

        version = None
        former_handler = signal.signal(signal.SIGTERM, signal.default_int_handler)  # SIGTERM interrupts as Ctrl-C does
        try:
            if method is None:
                assert resume is not None
                version = resumed_version(resume, activate, queue)
            else:
                settings = parse_settings(options["set"])
                methods.check_settings(method, settings)  # before torch is imported, which takes seconds
                training_checks.check_shop(method)
                version = lifecycle.register(
                    method, method_settings=settings, epochs=epochs, seed=seed or 0, activate=activate, here=not queue
                )
            if queue:
                lifecycle.queue_training(version)
                return f"version {version.pk} ({version}) is queued"
            self.stderr.write(f"version {version.pk}: {version}")
            from recommender.workers import training  # imports torch

            version = training.run(version, progress=options["verbosity"] > 0)
        except RecommenderError as error:
            raise CommandError(str(error)) from error
        except KeyboardInterrupt:
            hint = f"; continue with: train --resume {version.pk}" if version else ""
            raise CommandError(f"interrupted{hint}", returncode=130) from None
        finally:
            signal.signal(signal.SIGTERM, former_handler)
        reason = f", {version.error}" if version.error else ""
        return f"version {version.pk} ({version}) is {version.state}{reason}" + measures_of(version)


def check_range(option: str, value: int | None, least: int, most: int) -> None:
    """Raise CommandError if the option has a value that is not in the range from least to most."""
    if value is not None and not least <= value <= most:
        raise CommandError(f"{option} is {value}; it takes a whole number from {least} to {most}")


def parse_settings(settings: list[str]) -> dict[str, str]:
    """Return the values of --set by name. Raises CommandError."""
    pairs = {}
    for setting in settings:
        key, equals, value = setting.partition("=")
        if not (key and equals):
            raise CommandError(f"--set {setting}: write it as KEY=VALUE")
        pairs[key] = value
    return pairs


def resumed_version(version_id: int, activate: bool, queue: bool) -> ModelVersion:
    """Return the interrupted version, claimed unless a worker is to continue it. Raises CommandError."""
    version = ModelVersion.objects.filter(pk=version_id).first() if queue else lifecycle.claim(version_id, here=True)
    if version is None:
        raise CommandError(f"there is no version {version_id}")
    if activate and not version.activate_when_ready:
        version.activate_when_ready = True
        version.save(update_fields=["activate_when_ready"])
    return version


def measures_of(version: ModelVersion) -> str:
    """Return the version's measures and warnings, each on a line of its own."""
    figures = {name: value for name, value in version.metrics.items() if isinstance(value, int | float)}
    lines = [f"{name}: {value}" for name, value in figures.items()]
    lines += [f"warning: {warning}" for warning in version.metrics.get("warnings", [])]
    return "".join(f"\n  {line}" for line in lines)
