"""Removal of old versions, with their vectors, index and checkpoint, and of what ended trainings leave behind.

Of each role the active version, the one that a roll-back activates, and those trained or activated last are retained,
VISREC_RETAINED_VERSIONS besides the active one, and those of running experiments. Another is removed once it has not
been used for GRACE.
"""

import logging
import shutil
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models.functions import Greatest
from django.utils import timezone

from recommender.errors import VersionNotReady
from recommender.models import SERVABLE, UNFINISHED, ModelVersion, Role, State
from recommender.versions import history, lifecycle
from recommender.versions.vectors import index

log = logging.getLogger(__name__)

GRACE = timedelta(days=7)
STOPPED = timedelta(hours=1)  # after its end: a training that was cancelled may go on for a while


def removal_dates() -> dict[int, datetime]:
    """Return, by id, when each version that is not retained is removed."""
    dates: dict[int, datetime] = {}
    for role in Role:
        others = ModelVersion.objects.filter(role=role, state__in=SERVABLE, activation_requested_at=None)
        others = others.exclude(arms__experiment__state="running")
        used_at = Greatest("finished_at", "activated_at", "created_at")  # PostgreSQL ignores nulls
        used = others.exclude(state=State.ACTIVE).annotate(used_at=used_at).order_by("-used_at", "-pk")
        former = history.former_version(role)
        ranked = sorted(used.values_list("pk", "used_at"), key=lambda row: former is None or row[0] != former.pk)
        dates |= {pk: used_at + GRACE for pk, used_at in ranked[settings.RETAINED_VERSIONS :]}
    return dates


def remove_old_versions() -> None:
    """Delete the versions whose time has come."""
    now = timezone.now()
    due = [pk for pk, date in removal_dates().items() if date <= now]
    for version in ModelVersion.objects.filter(pk__in=due):
        try:
            lifecycle.delete(version)
        except VersionNotReady:  # it was activated just now
            continue
        log.info("%s was removed: newer ones are retained", version)


def remove_leftovers() -> None:
    """Delete what ended trainings would have been resumed from, the images that they decoded, and unused indexes."""
    ended = ModelVersion.objects.exclude(state__in=UNFINISHED).filter(finished_at__lt=timezone.now() - STOPPED)
    for version in ended:
        for folder in version.folder.glob("training*"):
            shutil.rmtree(folder, ignore_errors=True)
        for file in version.folder.glob("*.npy"):
            file.unlink(missing_ok=True)
    index.drop_unused()
