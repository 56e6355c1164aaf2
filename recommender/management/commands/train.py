import signal
from argparse import RawDescriptionHelpFormatter

from django.core.management.base import BaseCommand, CommandError

from recommender.errors import RecommenderError
from recommender.models import ModelVersion
from recommender.versions import lifecycle, methods
from recommender.workers import training_data

SETTING = "a setting of the method; of a wrong one it says which there are, of a wrong value what it takes"


class Command(BaseCommand):
    help = "Train a model version, embed the catalogue with it and build its index."

    def create_parser(self, *args, **kwargs):
        parser = super().create_parser(*args, **kwargs)
        parser.formatter_class = RawDescriptionHelpFormatter
        parser.epilog = methods.help_text()
        return parser

    def add_arguments(self, parser):
        parser.add_argument("method", nargs="?", help="one of the methods below")
        parser.add_argument("--epochs", type=int, help="how many; otherwise as the method has it")
        parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help=SETTING)
        parser.add_argument("--seed", type=int, help="default: 0")
        parser.add_argument("--activate", action="store_true", help="put it into service when it is ready")
        parser.add_argument("--queue", action="store_true", help="leave the work to a worker")
        parser.add_argument("--resume", type=int, metavar="ID", help="go on with an interrupted version")

    def handle(self, *, method, epochs, seed, activate, queue, resume, **options):
        if method is None and resume is None:
            raise CommandError("name a method, or --resume an ID")
        if resume is not None and (method or epochs or options["set"] or seed is not None):
            raise CommandError(f"--resume {resume} goes on with what that version was told; leave the rest away")
        if epochs is not None and epochs < 1:
            raise CommandError(f"--epochs {epochs}: it takes a whole number from 1")
        from recommender.workers import training  # torch

        version = None
        former = signal.signal(signal.SIGTERM, signal.default_int_handler)  # an interruption as Ctrl-C is
        try:
            if resume is not None:
                version = resumed(resume, activate, queue)
            else:
                settings = parsed(options["set"])
                methods.check_settings(method, settings)
                training_data.check_shop(method)
                version = lifecycle.register(
                    method, method_settings=settings, epochs=epochs, seed=seed or 0, activate=activate, here=not queue
                )
            if queue:
                lifecycle.queue_training(version)
                return f"version {version.pk} ({version}) is queued"
            self.stderr.write(f"version {version.pk}: {version}")
            version = training.run(version, progress=options["verbosity"] > 0)
        except RecommenderError as error:
            raise CommandError(str(error)) from error
        except KeyboardInterrupt:
            again = f"; go on with: train --resume {version.pk}" if version else ""
            raise CommandError(f"interrupted{again}", returncode=130) from None
        finally:
            signal.signal(signal.SIGTERM, former)
        return f"version {version.pk} ({version}) is {version.state}" + measured(version)


def parsed(settings: list[str]) -> dict[str, str]:
    pairs = {}
    for setting in settings:
        key, equals, value = setting.partition("=")
        if not (key and equals):
            raise CommandError(f"--set {setting}: write it as key=value")
        pairs[key] = value
    return pairs


def resumed(version_id: int, activate: bool, queue: bool) -> ModelVersion:
    version = ModelVersion.objects.filter(pk=version_id).first() if queue else lifecycle.claim(version_id, here=True)
    if version is None:
        raise CommandError(f"there is no version {version_id}")
    if activate and not version.activate_when_ready:
        version.activate_when_ready = True
        version.save(update_fields=["activate_when_ready"])
    return version


def measured(version: ModelVersion) -> str:
    figures = {name: value for name, value in version.metrics.items() if isinstance(value, int | float)}
    lines = [f"{name}: {value}" for name, value in figures.items()]
    lines += [f"warning: {warning}" for warning in version.metrics.get("warnings", [])]
    return "".join(f"\n  {line}" for line in lines)
