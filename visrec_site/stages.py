"""What the demo does before its shop opens. Each stage does only what is missing, whatever stopped the run before."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.utils import timezone


class DemoError(Exception):
    """Why the demo cannot go on, in one line."""


@dataclass(frozen=True)
class Options:
    port: int
    catalog: Path | None
    interactions: Path | None
    limit: int | None
    designs: bool = True  # whether a generator is to be trained as well


@contextmanager
def stage(title: str) -> Iterator[list[str]]:
    """One line when it is over: how long it took and what came of it (what the caller appends)."""
    began, notes = time.monotonic(), []
    yield notes
    print(f"{time.monotonic() - began:7.1f} s  {title}{': ' if notes else ''}{'; '.join(notes)}", flush=True)


def prepare(options: Options) -> None:
    """Everything that the database and the disk must hold before the shop opens."""
    with stage("migrations and static files"):
        call_command("migrate", verbosity=0)
        if static_files_changed():  # hashing and compressing them takes seconds
            call_command("collectstatic", verbosity=0, interactive=False)
    from catalog.errors import CatalogError
    from recommender.errors import RecommenderError

    try:
        filled = fill(options)
        train("similar", "visrec", filled)
        train("personal", "hybrid", filled)
        if options.designs:
            leave_to_a_worker("design", "lsgan", filled)
    except (CatalogError, RecommenderError) as error:
        raise DemoError(str(error)) from error
    with stage("logins"):
        make_logins()


def static_files_changed() -> bool:
    """Whether our own static files, or the packages that bring theirs, are newer than what was collected."""
    manifest = settings.STATIC_ROOT / "staticfiles.json"
    sources = [settings.ROOT / "docker" / "requirements-web.txt", *(settings.ROOT / "static").rglob("*")]
    return not manifest.exists() or max(path.stat().st_mtime for path in sources) > manifest.stat().st_mtime


@dataclass
class Fill:
    """One source that the shop was filled from."""

    begun: str  # ISO 8601
    done: bool = False
    brought: bool = True  # whether it had anything that the shop did not have
    simulated: bool = True  # whether its shoppers are ours


def fill(options: Options) -> datetime:
    """Fill the shop from CATALOG, or else with the drawn products; returns when it was last filled with anything new.

    A fill that was interrupted is made once more, which changes nothing that is there.
    """
    file = settings.VAR / "demo" / "fills.json"
    fills = {key: Fill(**each) for key, each in json.loads(file.read_text()).items()} if file.exists() else {}
    source = options.catalog or settings.VAR / "demo" / "catalog"
    key = f"{source} LIMIT={options.limit} INTERACTIONS={options.interactions}"
    anew = key not in fills
    if not (fills[key].done if key in fills else fills and options.catalog is None):
        this = fills.setdefault(key, Fill(timezone.now().isoformat(), simulated=options.interactions is None))
        write(fills, file)
        created = bring(options, source, only_simulated=all(each.simulated for each in fills.values()))
        this.done, this.brought = True, bool(created) or not anew
        write(fills, file)
    return max(datetime.fromisoformat(each.begun) for each in fills.values() if each.brought)


def write(fills: dict[str, Fill], file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.with_suffix(".new").write_text(json.dumps({key: vars(each) for key, each in fills.items()}, indent=1))
    file.with_suffix(".new").replace(file)


def bring(options: Options, source: Path, *, only_simulated: bool) -> int:
    """Products and interactions into the shop; returns how many products are new."""
    from catalog import importers
    from catalog.demo import write_catalog
    from catalog.demo.simulation import SHOP
    from catalog.demo.simulation.shop import simulate_shoppers
    from recommender.serving import popularity

    if options.catalog is None:
        with stage("drew the demo catalogue"):
            write_catalog(source, progress=True)
    with stage("products") as notes:
        report = importers.import_products(source, limit=options.limit, progress=True)
        notes.append(f"{report.created} created, {report.updated} updated, {report.unchanged} unchanged")
        notes += [f"{report.failed} failed, such as {problem}" for problem in report.problems[:1]]
    with stage("interactions") as notes:
        if options.interactions:
            taken = importers.import_interactions(options.interactions, progress=True)
            notes.append(f"{taken.accepted} accepted, {taken.duplicates} known, {taken.failed} failed")
        elif options.catalog is None:
            taken = importers.import_interactions(source / "interactions.csv", progress=True, is_simulated=True)
            notes.append(f"{taken.accepted} of simulated shoppers")
        elif only_simulated:
            notes.append(f"{simulate_shoppers(SHOP, progress=True)} of simulated shoppers: the source has none")
        popularity.count()
    return report.created


def train(role: str, method: str, filled: datetime) -> None:
    """An active version for the role that knows what the shop was filled with: the one there is, or a new one.

    One whose training was interrupted, and who asked for it, goes on.
    """
    from recommender.models import UNFINISHED, ModelVersion
    from recommender.versions import lifecycle, queries

    active = queries.active_version(role)
    if active and active.created_at > filled:
        return
    with stage(f"{method} trained, the catalogue embedded and indexed") as notes:
        from recommender.workers import training, training_data  # torch: seconds that a second start need not spend

        unfinished = ModelVersion.objects.filter(role=role, state__in=UNFINISHED, activate_when_ready=True)
        left = unfinished.filter(created_at__gt=filled).order_by("pk").first()
        if left:
            # Whoever held it is gone: we hold the lock on the data.
            ModelVersion.objects.filter(pk=left.pk).update(lease_until=None)
            version = lifecycle.claim(left.pk, here=True)
        else:
            training_data.check_shop(method)  # before there is a version, which could only fail
            version = lifecycle.register(method, activate=True, here=True)
        version = training.run(version, progress=True)
        version.refresh_from_db()
        notes += [f"{name} {version.metrics[name]}" for name in ("auc", "auc of popularity") if name in version.metrics]


def leave_to_a_worker(role: str, method: str, filled: datetime) -> None:
    """Have a version trained beside the open shop, once for whatever the shop was filled with."""
    from recommender.models import ModelVersion
    from recommender.versions import lifecycle

    if ModelVersion.objects.filter(role=role, created_at__gt=filled).exists():
        return
    with stage(f"{method} is left to a worker, which puts it into service in some minutes"):
        lifecycle.queue_training(lifecycle.register(method, activate=True))


def make_logins() -> None:
    from django.contrib.auth import get_user_model

    from catalog.models import Shopper

    accounts = get_user_model().objects
    if not accounts.filter(username="admin").exists():
        accounts.create_superuser("admin", password="admin")
    account = accounts.filter(username="shopper").first() or accounts.create_user("shopper", password="shopper")
    Shopper.objects.get_or_create(key="shopper")
    Shopper.objects.filter(key="shopper", account__isnull=True).update(account=account)
