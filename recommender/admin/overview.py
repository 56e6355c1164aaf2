"""The first page of the admin: what shoppers do with recommendations, and whether models and workers keep up."""

import threading
from dataclasses import dataclass
from datetime import timedelta

import cachetools
from django.utils import timezone

from recommender.admin import measures
from recommender.models import LIVE, Activation, ModelVersion, Role
from recommender.serving import outcomes
from recommender.versions import progress
from recommender.versions.queries import active_version

RANGES = {1: "24 hours", 7: "7 days", 30: "30 days"}
FRESH_SECONDS = 60  # for which figures that are counted over many rows are shown again
LAST_ENDED = 5  # trainings that are shown


@dataclass(frozen=True)
class Group:
    """Recommendations of one kind that were seen, and what followed, as text."""

    name: str
    recommendations: int
    results: int
    rates: list[tuple[str, str]]  # of outcomes.KINDS: number and share, and the interval of the share


@dataclass(frozen=True)
class Serving:
    """The version that serves a role."""

    role: str
    version: ModelVersion | None
    measures: str
    activation: Activation | None


def days_of(text: str) -> int:
    """Return the days of a query parameter; a day if it is none of RANGES."""
    return int(text) if text.isascii() and text.isdecimal() and int(text) in RANGES else 1


@cachetools.cached(cachetools.TTLCache(16, FRESH_SECONDS), lock=threading.Lock())
def groups(dimensions: tuple[str, ...], days: int) -> list[Group]:
    """Return what followed on recommendations of the last days, by these of outcomes.DIMENSIONS."""
    return [_group(row) for row in outcomes.by(dimensions, timezone.now() - timedelta(days=days))]


def _group(outcome: outcomes.Outcome) -> Group:
    known = [str(value) for name, value in outcome.group.items() if name != "version" and value]
    if number := outcome.group.get("version"):
        version = ModelVersion.objects.filter(pk=number).first()
        known.append(str(version) if version else f"version {number}, deleted")
    rates = [
        (f"{rate.count} · {100 * rate.value:.1f} %", " to ".join(f"{100 * bound:.1f}" for bound in rate.interval))
        for rate in outcome.rates.values()
    ]
    return Group(", ".join(known) or "unknown", outcome.recommendations, outcome.results, rates)


def serving() -> list[Serving]:
    """Return what serves each role."""
    found = []
    for role in Role:
        version = active_version(role)
        last = Activation.objects.filter(role=role, version=version, at__isnull=False).first() if version else None
        found.append(Serving(role.label, version, measures.headline(version.metrics) if version else "", last))
    return found


def trainings() -> list[tuple[ModelVersion, str]]:
    """Return the versions in training or waiting for it, and those that ended last, with how far each is in words."""
    live = ModelVersion.objects.filter(state__in=LIVE).order_by("pk")
    ended = ModelVersion.objects.filter(finished_at__isnull=False).order_by("-finished_at").defer("taste")
    return [
        *((version, progress.describe(version)) for version in live),
        *((version, measures.headline(version.metrics) or version.error) for version in ended[:LAST_ENDED]),
    ]
