import uuid
from datetime import UTC, timedelta

import pytest
from django.utils import timezone

from recommender.admin import trends
from recommender.models import Activation, Impression
from recommender.serving import photo_counts
from tests.factories import InteractionFactory, ProductFactory, embed, turned

pytestmark = pytest.mark.django_db


def seen(placement: str, days_ago: int, clicked: bool = False) -> None:
    at = timezone.now() - timedelta(days=days_ago)
    shown = Impression.objects.create(
        recommendation_id=uuid.uuid4(), placement=placement, strategy="similar", positions=[1], shown_at=at
    )
    if clicked:
        InteractionFactory(recommendation_id=shown.pk, kind="click")


def test_a_chart_of_a_day_has_hours_and_others_days():
    for days, count, step in ((1, 24, timedelta(hours=1)), (7, 7, timedelta(days=1)), (30, 30, timedelta(days=1))):
        times = trends.times_of(days)
        assert (len(times), times[1] - times[0]) == (count, step)
        assert timezone.now() - step < times[-1] <= timezone.now()
    assert trends.label_of(trends.times_of(7)[-1], 7) == f"{timezone.now().astimezone(UTC):%-d %b}"


def test_what_was_seen_and_clicked_is_drawn_by_placement_those_seen_most_first():
    for clicked in (True, False, False):
        seen("product", 0, clicked)
    seen("home", 2)

    lists, clicks, rate = trends.placement_charts(7)

    assert lists.curves == clicks.curves == rate.curves == ["product", "home"]
    assert [[cell.value for cell in row.cells] for row in lists.rows][-3:] == [[0, 1], [0, 0], [3, 0]]
    assert [cell.value for cell in clicks.rows[-1].cells] == [1, 0]
    today, home = rate.rows[-1].cells
    assert (today.text, home) == ("33.3 (6.1 to 79.2), 1 of 3", None)
    assert today.low < today.value < today.high


def test_without_figures_there_are_no_charts():
    assert trends.placement_charts(7) == []
    assert trends.photo_chart(7) is trends.findable_chart(7) is None


def test_photo_searches_without_a_match_have_a_chart():
    photo_counts.count(is_matched=False)

    chart = trends.photo_chart(1)

    assert [row.cells[0].value for row in chart.rows] == [100]


def test_the_time_from_upload_to_findable_has_a_chart(active):
    at = timezone.now() - timedelta(minutes=1)
    Activation.objects.create(role="similar", version=active, name=str(active), at=at)
    embed(ProductFactory(), active, turned(0))

    chart = trends.findable_chart(30)

    [row] = chart.rows
    assert [0 <= cell.value < 60 for cell in row.cells] == [True, True]
    assert (chart.unit, chart.curves) == ("seconds", ["half of the pictures", "95 %"])
