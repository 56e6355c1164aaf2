"""Indexes of the versions that serve: their recall by kind of filter, and how they are searched, for the first page."""

from dataclasses import dataclass

from recommender.audits import recall
from recommender.audits.models import SearchChange
from recommender.audits.recall import Recall
from recommender.models import ModelVersion
from recommender.versions import queries
from recommender.versions.vectors import nearest


@dataclass(frozen=True)
class Row:
    """Recall of the answers to requests with one kind of filter, as text."""

    filters: str
    requests: int
    recall: str
    interval: str
    compared: str  # for which share of them all vectors were compared


@dataclass(frozen=True)
class Index:
    """The index of a version that serves."""

    version: ModelVersion
    rows: list[Row]
    usual: str  # recall of the usual search, as text; "" unless the version is searched otherwise
    search: str  # how it is searched, unless as usual
    changes: list[SearchChange]  # the last ones


def indexes() -> list[Index]:
    """Return the indexes that serve and of which requests were sampled, or whose search was changed."""
    found = []
    for version in queries.serving_versions().order_by("role", "pk"):
        parts, changes = recall.of(version), list(SearchChange.objects.filter(version=version)[:3])
        if parts or changes:
            is_usual = version.ef_search is None
            whole = None if is_usual else recall.together(parts)
            usual = percent(whole.usual, whole.usual_interval) if whole else ""
            found.append(Index(version, [row_of(part) for part in parts], usual, describe(version), changes))
    return found


def row_of(part: Recall) -> Row:
    low, high = part.interval
    interval = f"{100 * low:.1f} to {100 * high:.1f}"
    return Row(part.filters, part.requests, f"{100 * part.value:.1f} %", interval, f"{100 * part.exact:.0f} %")


def percent(value: float, interval: tuple[float, float]) -> str:
    """Return a share with its interval as text."""
    return f"{100 * value:.1f} % ({100 * interval[0]:.1f} to {100 * interval[1]:.1f})"


def describe(version: ModelVersion) -> str:
    """Return in words how a version is searched; "" if as usual."""
    if version.ef_search is None:
        return ""
    if version.ef_search == nearest.EXACT:
        return "all products are compared, without the index"
    usual = nearest.ef_search(ModelVersion(metric=version.metric))
    return f"its index is searched with {version.ef_search:,} candidates in place of {usual:,}"
