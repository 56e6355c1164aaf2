"""The stages of the demo before its shop opens. Each does only what is missing, wherever the last run stopped."""

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.management import call_command
from django.utils import timezone

if TYPE_CHECKING:
    from catalog.demo import CatalogWriter


class DemoError(Exception):
    """The demo cannot continue; the message says why, in one line."""


@dataclass(frozen=True)
class Options:
    """The options of `make demo`."""

    port: int
    catalog: Path | None
    interactions: Path | None
    limit: int | None
    designs: bool = True  # whether to train a generator of designs as well
    is_empty: bool = False  # whether to open without products, which are imported while the shop runs


@contextmanager
def stage(title: str) -> Iterator[list[str]]:
    """Print a line when the block ends: seconds, title and the notes that the block appended to the yielded list."""
    began = time.monotonic()
    notes: list[str] = []
    yield notes
    print(f"{time.monotonic() - began:7.1f} s  {title}{': ' if notes else ''}{'; '.join(notes)}", flush=True)


def begin_drawing(options: Options) -> "CatalogWriter | None":
    """Start to draw the products of the demo, unless the shop has been filled; what draws ends with this process."""
    from catalog.demo import CatalogWriter  # Pillow and numpy

    fills = read_fills()
    is_drawn = options.catalog is None and not options.is_empty and is_to_fill(options, fills)
    return CatalogWriter(drawn_catalog()) if is_drawn else None


def prepare() -> None:
    """Prepare the database and the static files, and send what workers had not finished to those that start now."""
    with stage("migrations and static files"):
        call_command("migrate", verbosity=0)
        if static_files_changed():  # to hash and compress them takes seconds
            call_command("collectstatic", verbosity=0, interactive=False)
    resend_trainings()


def fill(options: Options, drawing: "CatalogWriter | None") -> datetime:
    """Fill the shop, and return when it last received anything new. Raises DemoError."""
    from catalog.errors import CatalogError
    from recommender.errors import RecommenderError

    try:
        filled_at = fill_shop(options, drawing)
    except (CatalogError, RecommenderError) as error:
        raise DemoError(str(error)) from error
    with stage("logins"):
        create_accounts()
    return filled_at


def start_models(options: Options, filled_at: datetime) -> None:
    """Start a starter for each role that no version serves, and queue what is to be trained. Raises DemoError."""
    from recommender.errors import RecommenderError, TrainingRefused

    try:
        if not options.is_empty:
            for role, method in (("similar", "visrec"), ("personal", "hybrid")):
                try:
                    ensure_started(role)
                    ensure_queued(role, method, filled_at)
                except TrainingRefused as error:  # the shop opens without it
                    print(f"           {method} is not trained: {error}", flush=True)
            if options.designs:
                ensure_queued("design", "lsgan", filled_at)
    except RecommenderError as error:
        raise DemoError(str(error)) from error


def static_files_changed() -> bool:
    """Return whether a static file, or the list of packages that contain some, is newer than the collected files."""
    manifest = settings.STATIC_ROOT / "staticfiles.json"
    sources = [settings.ROOT / "docker" / "requirements-web.txt", *(settings.ROOT / "static").rglob("*")]
    return not manifest.exists() or max(path.stat().st_mtime for path in sources) > manifest.stat().st_mtime


@dataclass
class Fill:
    """A source that the shop was filled from, as fills.json has it."""

    begun: str  # ISO 8601
    done: bool = False
    brought: bool = True  # whether it had anything new for the shop
    simulated: bool = True  # whether its shoppers are simulated


def fill_shop(options: Options, drawing: "CatalogWriter | None" = None) -> datetime:
    """Fill the shop from CATALOG, or else with the drawn products, and return when it last received anything new.

    An interrupted import is repeated, which changes nothing of what it has imported, and so is one of a file that has
    been written anew. A shop that was begun without products is never filled with the drawn ones.
    """
    fills = read_fills()
    if options.is_empty and not fills:
        fills["EMPTY"] = Fill(timezone.now().isoformat(), done=True, simulated=False)
        save_fills(fills)
    if is_to_fill(options, fills):
        key = key_of(options)
        is_new = key not in fills
        this = fills.setdefault(key, Fill(timezone.now().isoformat(), simulated=options.interactions is None))
        save_fills(fills)
        created = import_source(options, drawing, only_simulated=all(each.simulated for each in fills.values()))
        this.done, this.brought = True, bool(created) or not is_new
        save_fills(fills)
    return max(datetime.fromisoformat(each.begun) for each in fills.values() if each.brought)


def is_to_fill(options: Options, fills: "dict[str, Fill]") -> bool:
    """Return whether the source of these options is yet to be imported, or was not to its end."""
    key = key_of(options)
    return not fills[key].done if key in fills else not fills or options.catalog is not None


def drawn_catalog() -> Path:
    """Return the folder of the drawn products."""
    folder: Path = settings.VAR / "demo" / "catalog"
    return folder


def key_of(options: Options) -> str:
    """Return the name in fills.json of the source of these options."""
    source = named(options.catalog or drawn_catalog())
    return f"{source} LIMIT={options.limit} INTERACTIONS={named(options.interactions)}"


def named(source: Path | None) -> str:
    """Return what identifies a source: of a file, also when it was written."""
    return f"{source} of {source.stat().st_mtime_ns}" if source and source.is_file() else f"{source}"


def fills_file() -> Path:
    """Return the file that says what the shop was filled from."""
    file: Path = settings.VAR / "demo" / "fills.json"
    return file


def read_fills() -> dict[str, Fill]:
    """Return what the shop was filled from, or begun to be, by key."""
    file = fills_file()
    return {key: Fill(**each) for key, each in json.loads(file.read_text()).items()} if file.exists() else {}


def save_fills(fills: dict[str, Fill]) -> None:
    """Write the fills as JSON; a crash leaves the former file or the new one, never a part."""
    file = fills_file()
    file.parent.mkdir(parents=True, exist_ok=True)
    file.with_suffix(".new").write_text(json.dumps({key: vars(each) for key, each in fills.items()}, indent=1))
    file.with_suffix(".new").replace(file)


def import_source(options: Options, drawing: "CatalogWriter | None", *, only_simulated: bool) -> int:
    """Import products and interactions into the shop, and return how many products are new.

    only_simulated: whether all shoppers so far are simulated; only then does a source without interactions get some.
    """
    from catalog import downloads, importers
    from catalog.demo.simulation import SHOP
    from catalog.demo.simulation.shop import simulate_shoppers
    from recommender import popularity

    source = options.catalog or drawn_catalog()
    if drawing:
        with stage("drew the demo catalogue"):
            drawing.finish(progress=True)
    with stage("products") as notes:
        report = importers.import_products(source, limit=options.limit, progress=True)
        notes.append(f"{report.created} created, {report.updated} updated, {report.unchanged} unchanged")
        notes += [f"{report.failed} failed, such as {problem}" for problem in report.problems[:1]]
    if report.awaited:
        with stage("images by URL") as notes:  # no worker runs yet
            notes.append(downloads.run_all(progress=True))
    if not report.created + report.updated + report.unchanged:
        raise DemoError(f"nothing of {source} was imported. {report.problems[0]}")
    print_notes(report.notes)
    with stage("interactions") as notes:
        if options.interactions:
            taken = importers.import_interactions(options.interactions, progress=True)
            notes.append(f"{taken.accepted} accepted, {taken.duplicates} known, {taken.failed} failed")
            notes += [f"such as {problem}" for problem in taken.problems[:1]]
        elif options.catalog is None:
            taken = importers.import_interactions(source / "interactions.csv", progress=True, is_simulated=True)
            notes.append(f"{taken.accepted} of simulated shoppers")
        elif only_simulated:
            notes.append(f"{simulate_shoppers(SHOP, progress=True)} of simulated shoppers: the source has none")
        popularity.count()
    if options.interactions:
        print_notes(taken.notes)
    return report.created


def print_notes(notes: Sequence[str]) -> None:
    """Print what an import assumed and left out."""
    for note in notes:
        print(f"           Note: {note}", flush=True)


def resend_trainings() -> None:
    """Send the trainings that workers have not finished to them again, in their order."""
    from recommender import broker
    from recommender.models import LIVE, ModelVersion

    unfinished = ModelVersion.objects.filter(state__in=LIVE, by_worker=True).order_by("pk")
    unfinished.update(lease_until=None)  # their processes have ended: we hold the lock, and no worker has started
    for version in unfinished:
        broker.send("train_version", version.pk)


def ensure_started(role: str) -> None:
    """Fit and activate the role's starter, which takes seconds, unless a version is active.

    One that was interrupted is resumed. Raises TrainingRefused if the shop has too little.
    """
    from recommender.models import UNFINISHED, ModelVersion, Role
    from recommender.versions import lifecycle, methods, queries

    if queries.active_version(Role(role)):
        return
    method = methods.STARTERS[Role(role)]
    with stage(f"{method} serves {Role(role).label}"):
        from recommender.operations import training_checks
        from recommender.workers import training  # imports torch, which takes seconds

        unfinished = ModelVersion.objects.filter(
            method=method, state__in=UNFINISHED, activate_when_ready=True, by_worker=False
        )
        interrupted = unfinished.order_by("pk").first()
        if interrupted:
            # Its process has ended: we hold the lock on the data folder.
            ModelVersion.objects.filter(pk=interrupted.pk).update(lease_until=None)
            version = lifecycle.claim(interrupted.pk, here=True)
        else:
            training_checks.check_shop(method)  # before a version is registered, which could only fail
            version = lifecycle.register(method, activate=True, here=True)
        training.run(version, calibrates=False)  # which takes longer than all the rest


def ensure_queued(role: str, method: str, filled_at: datetime) -> None:
    """Queue the training of a version by a worker, unless one was created after `filled_at`, or another serves since.

    One that failed is tried again, but for a generator, which fails in each shop that has too few pictures.
    """
    from recommender.models import ModelVersion, Role, State
    from recommender.versions import lifecycle, methods

    since = ModelVersion.objects.filter(role=role, created_at__gt=filled_at)
    chosen = since.filter(state=State.ACTIVE).exclude(method=methods.STARTERS.get(Role(role)))
    tried = since.filter(method=method)
    if role != Role.DESIGN:
        tried = tried.exclude(state=State.FAILED)
    if not (chosen.exists() or tried.exists()):
        lifecycle.queue_training(lifecycle.register(method, activate=True))


def create_accounts() -> None:
    """Create the accounts admin and shopper, if they do not exist; their passwords are their names."""
    from django.contrib.auth import get_user_model

    from catalog.models import Shopper

    accounts = get_user_model().objects
    if not accounts.filter(username="admin").exists():
        accounts.create_superuser("admin", password="admin")
    account = accounts.filter(username="shopper").first() or accounts.create_user("shopper", password="shopper")
    Shopper.objects.get_or_create(key="shopper")
    Shopper.objects.filter(key="shopper", account__isnull=True).update(account=account)
