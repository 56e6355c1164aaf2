"""The making of a map: requested, claimed by a worker, followed, finished; made anew when the catalogue has changed."""

from datetime import timedelta
from functools import partial
from io import StringIO

import numpy as np
from django.db import IntegrityError, connection, transaction
from django.db.models import F
from django.utils import timezone

from catalog.models import Product
from recommender import broker, leases
from recommender.errors import MapNotMade, VersionNotReady
from recommender.maps.models import TasteMap
from recommender.models import EMBEDDING_ROLES, SERVABLE, ModelVersion, State

LEASE = timedelta(seconds=30)
TRIES = 3  # workers that may be lost over one map
CHANGED = 0.1  # share of products that came since, from which on the map of an active version is made anew


def request(version: ModelVersion) -> TasteMap:
    """Queue a map of a version and return it; one that is being made is returned as it is. Raises VersionNotReady."""
    if version.role not in EMBEDDING_ROLES:
        raise VersionNotReady(f"{version} is for {version.get_role_display()}: it embeds no products")
    if version.state not in SERVABLE:
        raise VersionNotReady(f"{version} is {version.state}, not trained")
    try:
        with transaction.atomic():
            queued = TasteMap.objects.create(version=version)
            transaction.on_commit(partial(broker.send, "make_map", queued.pk))
    except IntegrityError:
        return TasteMap.objects.get(version=version, finished_at=None)
    return queued


def shown(version: ModelVersion) -> TasteMap | None:
    """Return the map of a version that is shown: the last one that was finished."""
    return TasteMap.objects.filter(version=version, finished_at__isnull=False, error="").first()


def latest(version: ModelVersion) -> TasteMap | None:
    """Return the last map of a version, finished or not."""
    return TasteMap.objects.filter(version=version).first()


def claim(pk: int) -> TasteMap:
    """Take the lease of a map that is to be made. Raises MapNotMade if there is nothing to do, or it fails."""
    free = TasteMap.objects.filter(leases.is_free(), finished_at=None)
    claimed = leases.claim(free, pk, LEASE, tries=F("tries") + 1)
    if claimed is None:
        raise MapNotMade(f"map {pk} is being made, is finished, or is gone")
    if claimed.tries > TRIES:
        fail(claimed, f"{TRIES} workers were lost over it: for want of memory? See their log")
        raise MapNotMade(f"{claimed}: {claimed.error}")
    return claimed


def renew(claimed: TasteMap) -> bool:
    """Renew the lease of a map; return False once another worker has it, or it is gone."""
    return leases.hold(leases.held(claimed), LEASE)


def follow(claimed: TasteMap, progress: float) -> None:
    """Save how far a map is."""
    leases.hold(leases.held(claimed), LEASE, progress=progress)


def fail(claimed: TasteMap, error: str) -> None:
    """Save why a map was not made."""
    claimed.error = error
    leases.release(leases.held(claimed), error=error, finished_at=timezone.now())


@transaction.atomic
def finish(claimed: TasteMap, rows: np.ndarray, last_product: int) -> None:
    """Store the places of the products, in place of the version's earlier maps; nothing if another worker has it.

    rows: (N, 4) integers, id of the product, rank, x and y.
    """
    if not leases.lock(leases.held(claimed)):
        return
    lines = StringIO("".join(f"{claimed.pk}\t{row[0]}\t{row[1]}\t{row[2]}\t{row[3]}\n" for row in rows.tolist()))
    with connection.cursor() as cursor:
        cursor.copy_expert("COPY maps_mappoint (map_id, product_id, rank, x, y) FROM STDIN", lines)
    done = {"products": len(rows), "last_product": last_product, "progress": 1.0, "finished_at": timezone.now()}
    leases.release(leases.held(claimed), **done)
    TasteMap.objects.filter(version=claimed.version, pk__lt=claimed.pk).delete()


def resend() -> None:
    """Send maps to the workers again that nobody makes, and request those of active versions that are out of date."""
    for version in ModelVersion.objects.filter(state=State.ACTIVE, maps__isnull=False).distinct().defer("taste"):
        taste_map = latest(version)
        if taste_map and taste_map.finished_at and not taste_map.error and is_out_of_date(taste_map):
            request(version)
    for pk in TasteMap.objects.filter(leases.is_free(), finished_at=None).order_by("pk").values_list("pk", flat=True):
        broker.send("make_map", pk, priority=broker.LATER)


def is_out_of_date(taste_map: TasteMap) -> bool:
    """Return whether a share CHANGED of products came since a map was made; no more of them are read than that."""
    enough = max(int(CHANGED * taste_map.products), 1)
    return Product.objects.filter(pk__gt=taste_map.last_product).order_by("pk")[:enough].count() == enough


def count_missing(taste_map: TasteMap) -> int:
    """Return how many products came since a map was made."""
    return Product.objects.filter(pk__gt=taste_map.last_product).count()
