"""Recall of an index: the share of the nearest products that answers to real requests had, with intervals."""

from dataclasses import dataclass
from datetime import UTC, datetime

from catalog.rows import Sql, fetch
from recommender.audits.models import SearchChange
from recommender.models import ModelVersion
from recommender.serving.outcomes import wilson

WINDOW = 500  # the newest requests of a version that count
NEWEST = 100  # those by which an index is missed that was damaged just now
LEAST = 50  # requests below which nothing is concluded

BY_FILTERS = """
    SELECT filters, count(*), avg(recall), avg(usual_recall), avg((ef_search = 0)::int)::float
    FROM (SELECT * FROM audits_sampledrequest WHERE version_id = %s AND at >= %s ORDER BY at DESC LIMIT %s) newest
    GROUP BY filters ORDER BY count(*) DESC, filters
"""


@dataclass(frozen=True)
class Recall:
    """Recall of the answers to requests with the same kind of filter."""

    filters: str
    requests: int
    value: float
    usual: float  # of the usual search
    exact: float  # share of the requests for which all vectors were compared

    @property
    def interval(self) -> tuple[float, float]:
        """Return the 95 % interval. The recall of a request is 0 to 1, and varies no more than a yes or no would."""
        return wilson(self.value, self.requests)

    @property
    def usual_interval(self) -> tuple[float, float]:
        """Return the 95 % interval of the recall of the usual search."""
        return wilson(self.usual, self.requests)


def of(version: ModelVersion, window: int = 0) -> list[Recall]:
    """Return the recall by kind of filter, those with most requests first, since the search was last changed.

    window: of how many of the newest requests; 0: of WINDOW.
    """
    last = SearchChange.objects.filter(version=version).first()
    since = last.at if last else datetime(1970, 1, 1, tzinfo=UTC)
    return [Recall(*row) for row in fetch(Sql(BY_FILTERS, (version.pk, since, window or WINDOW)))]


def together(parts: list[Recall]) -> Recall | None:
    """Return the recall of all requests; None without any."""
    requests = sum(part.requests for part in parts)
    if not requests:
        return None
    means = [
        sum(getattr(part, name) * part.requests for part in parts) / requests for name in ("value", "usual", "exact")
    ]
    return Recall("all", requests, *means)
