import pytest

from recommender.audits import recall, width
from recommender.audits.models import ChangeKind, SampledRequest
from recommender.audits.recall import Recall

pytestmark = pytest.mark.django_db


def answered(version, *recalls: float, filters: str = "no filter", **fields) -> None:
    fields = {"ef_search": 100} | fields
    SampledRequest.objects.bulk_create(
        SampledRequest(version=version, filters=filters, recall=value, **{"usual_recall": value} | fields)
        for value in recalls
    )


def test_recall_is_the_mean_by_kind_of_filter(active, active_personal):
    answered(active, 1, 0.5, 0.75)
    answered(active, 1, filters="category", ef_search=0, usual_recall=0.5)
    answered(active_personal, 0)

    plain, by_category = recall.of(active)

    assert (plain.filters, plain.requests, plain.value, plain.usual, plain.exact) == ("no filter", 3, 0.75, 0.75, 0)
    assert by_category == Recall("category", 1, 1, 0.5, 1)
    assert recall.together([plain, by_category]) == Recall("all", 4, 0.8125, 0.6875, 0.25)
    assert recall.together([]) is None


def test_what_was_measured_before_the_search_was_changed_does_not_count(active):
    answered(active, 0, 0)
    width.change(active, 400, ChangeKind.WIDENED, "")
    answered(active, 1)

    assert [(part.requests, part.value) for part in recall.of(active)] == [(1, 1)]


def test_only_the_newest_requests_count(active, monkeypatch):
    monkeypatch.setattr(recall, "WINDOW", 3)
    answered(active, 0, 0)
    answered(active, 1, 1, 1)

    assert [(part.requests, part.value) for part in recall.of(active)] == [(3, 1)]


def test_an_interval_is_never_wider_than_that_of_as_many_yes_and_no():
    low, high = Recall("no filter", 100, 0.9, 0.95, 0).interval

    assert (low, high) == pytest.approx((0.8256, 0.9448), abs=1e-4)  # Wilson's of 90 of 100
    assert Recall("no filter", 100, 0.9, 1, 0).usual_interval == pytest.approx((0.9630, 1), abs=1e-4)
