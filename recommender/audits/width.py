"""Width of the search by a version: more than usual while the recall of its index is below the target, for certain.

A walk keeps the usual number of candidates, then four times as many up to pgvector's limit, then all vectors are
compared, where these are few enough. Meanwhile the index is built anew, and the usual search is measured beside the
wider one: it is back as soon as its recall reaches the target, for certain.
"""

import logging

from django.conf import settings
from django.db import transaction
from django.db.models import F

from recommender import broker
from recommender.audits import recall
from recommender.audits.models import ChangeKind, SearchChange
from recommender.audits.recall import LEAST, Recall
from recommender.experiments.models import Arm, ExperimentState
from recommender.models import ModelVersion
from recommender.serving.eligible import Eligible
from recommender.versions.vectors import nearest

log = logging.getLogger(__name__)

STEP = 4
MOST_COMPARED = 200_000  # products, more of which no request should compare with


def steer(version: ModelVersion) -> None:
    """Search more widely by a version, or as usual again, if what is known of its recall says so."""
    parts = recall.of(version)
    if version.ef_search is not None and is_mended(parts):
        change(version, None, ChangeKind.NARROWED, "the usual search finds enough again")
    elif low := next((part for part in [*recall.of(version, recall.NEWEST), *parts] if is_low(part)), None):
        wider = next_width(version)
        if wider is None:
            return
        if version.ef_search is None:
            broker.send("rebuild_index", version.pk, priority=broker.LATER)
        low_bound, high_bound = (f"{100 * bound:.1f}" for bound in low.interval)
        reason = f"{low.requests} requests ({low.filters}) had a recall of {low_bound} to {high_bound} %"
        change(version, wider, ChangeKind.WIDENED, reason)


def is_low(part: Recall) -> bool:
    """Return whether the recall is below VISREC_INDEX_RECALL, for certain."""
    return part.requests >= LEAST and part.interval[1] < settings.INDEX_RECALL


def is_mended(parts: list[Recall]) -> bool:
    """Return whether the recall of the usual search is not below VISREC_INDEX_RECALL, for certain."""
    whole = recall.together(parts)
    if whole is None or whole.requests < LEAST or whole.usual_interval[0] < settings.INDEX_RECALL:
        return False
    return not any(part.requests >= LEAST and part.usual_interval[1] < settings.INDEX_RECALL for part in parts)


def next_width(version: ModelVersion) -> int | None:
    """Return with how many candidates a version is searched next, 0 for a comparison; None if there is nothing left."""
    if version.ef_search == nearest.EXACT:
        return None
    now = nearest.ef_search(version)
    if now < nearest.MOST_EF_SEARCH:
        return min(STEP * now, nearest.MOST_EF_SEARCH)
    return nearest.EXACT if Eligible().estimate() <= MOST_COMPARED else None


@transaction.atomic
def change(version: ModelVersion, ef_search: int | None, kind: ChangeKind, reason: str) -> None:
    """Search by a version with so many candidates, from the next request of each process on."""
    ModelVersion.objects.filter(pk=version.pk).update(ef_search=ef_search)
    # Processes read a version of an experiment again when an arm was written.
    tried = Arm.objects.filter(version=version, experiment__state=ExperimentState.RUNNING)
    tried.update(share=F("share"))
    SearchChange.objects.create(version=version, kind=kind, ef_search=ef_search, reason=reason)
    log.warning("%s is %s: %s", version, kind.label, reason)


def note_rebuilt(version: ModelVersion) -> None:
    """Store that the index of a version was built anew, so that its recall is measured anew."""
    SearchChange.objects.create(version=version, kind=ChangeKind.REBUILT, ef_search=version.ef_search)
