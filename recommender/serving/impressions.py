"""Impressions: the results of recommendations that visitors saw."""

import json
import uuid
from collections.abc import Collection, Mapping
from datetime import timedelta

from django.conf import settings
from django.db import connections, router
from django.utils import timezone

from recommender.models import ExploredResult, Impression
from recommender.serving import saved
from recommender.serving.saved import Caller
from recommender.serving.saved_json import SavedJson

# A strip is seen bit by bit: what is seen later is added. Sorted by id, so that two writers never wait in a circle.
RECORD = """
    INSERT INTO recommender_impression (
        recommendation_id, placement, strategy, version, positions, shown_at, experiment, arm, visitor
    )
    SELECT recommendation, placement, strategy, version, positions, %s, experiment, arm, visitor
    FROM json_to_recordset(%s) AS seen (
        recommendation uuid, placement text, strategy text, version bigint, positions smallint[],
        experiment bigint, arm bigint, visitor bigint
    )
    ORDER BY recommendation
    ON CONFLICT (recommendation_id) DO UPDATE
    SET positions = ARRAY(SELECT DISTINCT unnest(recommender_impression.positions || excluded.positions) ORDER BY 1)
    WHERE NOT recommender_impression.positions @> excluded.positions
"""


def record(seen: Mapping[uuid.UUID, Collection[int]], caller: Caller) -> set[uuid.UUID]:
    """Store the positions that were seen by recommendation; return the recommendations that they were stored of.

    The others have expired, never were or are another client's. Raises SavedResultsUnavailable without the cache.
    """
    found = {key: content for key, content in saved.find_all(seen).items() if caller.may_see(content)}
    rows = [
        {
            "recommendation": str(recommendation),
            "placement": content["query"]["placement"],
            "strategy": content["plan"]["strategy"],
            "version": content["plan"]["version"],
            "positions": sorted(set(seen[recommendation])),
            **content.get("exposure", {}),
        }
        for recommendation, content in found.items()
    ]
    if rows:
        with connections[router.db_for_write(Impression)].cursor() as cursor:
            cursor.execute(RECORD, [timezone.now(), json.dumps(rows)])
    if explored := [result for key, content in found.items() if (result := explored_result(key, content, seen[key]))]:
        ExploredResult.objects.bulk_create(explored, ignore_conflicts=True)
    return set(found)


def explored_result(recommendation: uuid.UUID, content: SavedJson, seen: Collection[int]) -> ExploredResult | None:
    """Return the result of a saved recommendation that was drawn by chance, if it was seen."""
    drawn, plan = content.get("exploration"), content["plan"]
    if drawn is None or drawn["position"] not in seen or plan["version"] is None or plan["product"] is None:
        return None
    return ExploredResult(
        recommendation_id=recommendation,
        version=plan["version"],
        own_product=plan["product"],
        product=drawn["product"],
        propensity=drawn["propensity"],
        query=content["query"],
    )


def delete_old(limit: int) -> int:
    """Delete up to `limit` impressions older than VISREC_IMPRESSION_DAYS, the oldest first; return how many."""
    before = timezone.now() - timedelta(days=settings.IMPRESSION_DAYS)
    explored = ExploredResult.objects.filter(shown_at__lt=before).order_by("shown_at")[:limit]
    ExploredResult.objects.filter(pk__in=explored.values("pk")).delete()
    old = Impression.objects.filter(shown_at__lt=before).order_by("shown_at")[:limit]
    return Impression.objects.filter(pk__in=old.values("pk")).delete()[0]
