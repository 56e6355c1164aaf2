"""Charts of the first page: what was seen and clicked by placement, and how soon uploads were findable."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import cachetools
from django.utils import timezone

from recommender.admin.charts import Cell, Chart, Row
from recommender.operations.uploads import findable_over_time
from recommender.serving import outcomes, photo_counts
from recommender.serving.outcomes import Clicks

FRESH_SECONDS = 60  # for which figures that are counted over many rows are shown again
MOST_PLACEMENTS = 6  # in a chart: those that were seen most
NEWEST = 20_000  # images by which the time from upload to findable is told


def step_of(days: int) -> str:
    """Return what one point of a chart of so many days stands for."""
    return "hour" if days == 1 else "day"


def times_of(days: int) -> list[datetime]:
    """Return the beginnings of the hours of a day, or of the days, until now; the oldest first."""
    now = timezone.now().astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    if days == 1:
        return [now - timedelta(hours=hours) for hours in range(23, -1, -1)]
    today = now.replace(hour=0)
    return [today - timedelta(days=back) for back in range(days - 1, -1, -1)]


def label_of(at: datetime, days: int) -> str:
    """Return the name of an hour or day."""
    return f"{at:%H:00}" if days == 1 else f"{at.day} {at:%b}"


@cachetools.cached(cachetools.TTLCache(8, FRESH_SECONDS), lock=threading.Lock())
def placement_charts(days: int) -> list[Chart]:
    """Return charts of the lists that were seen, of clicks, and of their rate, by placement; none without any."""
    times = times_of(days)
    found = outcomes.clicks_over_time(step_of(days), times[0])
    seen: dict[str, int] = {}
    for each in found:
        seen[each.placement] = seen.get(each.placement, 0) + each.clicked.of
    placements = sorted(seen, key=lambda placement: -seen[placement])[:MOST_PLACEMENTS]
    known = {(each.at, each.placement): each for each in found}

    def chart(title: str, unit: str, cell: Callable[[Clicks | None], Cell | None]) -> Chart:
        rows = [
            Row(at.timestamp(), label_of(at, days), [cell(known.get((at, placement))) for placement in placements])
            for at in times
        ]
        curves = [placement or "unknown" for placement in placements]
        return Chart(title, f"{step_of(days)}, UTC", unit, curves, rows, is_time=True, from_zero=True)

    if not placements:
        return []
    return [
        chart("Lists seen", "", seen_cell),
        chart("Clicked", "", clicked_cell),
        chart("Clicked", "% of the lists seen", rate_cell),
    ]


def seen_cell(each: Clicks | None) -> Cell:
    count = each.clicked.of if each else 0
    return Cell(count, f"{count:,}")


def clicked_cell(each: Clicks | None) -> Cell:
    count = each.clicked.count if each else 0
    return Cell(count, f"{count:,}")


def rate_cell(each: Clicks | None) -> Cell | None:
    return percent(each.clicked) if each else None


def percent(rate: outcomes.Rate) -> Cell:
    """Return a rate in percent with its interval."""
    low, high = (100 * bound for bound in rate.interval)
    return Cell(
        100 * rate.value, f"{100 * rate.value:.1f} ({low:.1f} to {high:.1f}), {rate.count:,} of {rate.of:,}", low, high
    )


@cachetools.cached(cachetools.TTLCache(8, FRESH_SECONDS), lock=threading.Lock())
def photo_chart(days: int) -> Chart | None:
    """Return the chart of the share of searches by photo that found no good match; None without searches."""
    rates = photo_counts.unmatched_over_time(step_of(days), times_of(days)[0])
    rows = [Row(at.timestamp(), label_of(at, days), [percent(rate)]) for at, rate in rates]
    name = f"{step_of(days)}, UTC"
    title = "Photo searches without a match"
    return Chart(title, name, "%", ["without a match"], rows, is_time=True, from_zero=True) if rows else None


@cachetools.cached(cachetools.TTLCache(8, FRESH_SECONDS), lock=threading.Lock())
def findable_chart(days: int) -> Chart | None:
    """Return the chart of the seconds from upload to findable; None without uploads."""
    rows = [
        Row(at.timestamp(), label_of(at, days), [Cell(each, f"{each:.1f}") for each in seconds])
        for at, _, seconds in findable_over_time(step_of(days), times_of(days)[0])
    ]
    curves = ["half of the pictures", "95 %"]
    name = f"{step_of(days)} of the upload, UTC"
    return Chart("Upload to findable", name, "seconds", curves, rows, is_time=True, from_zero=True) if rows else None
