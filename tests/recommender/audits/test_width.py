import pytest

from recommender.audits import width
from recommender.audits.models import SearchChange
from recommender.experiments import running
from recommender.experiments.models import Arm
from recommender.models import Role
from recommender.versions.vectors import nearest
from tests.factories import VersionFactory
from tests.recommender.audits.test_recall import answered
from tests.recommender.experiments.conftest import begin, everybody

pytestmark = pytest.mark.django_db


def steered(version) -> int | None:
    width.steer(version)
    version.refresh_from_db()
    return version.ef_search


@pytest.mark.parametrize(
    ("recalls", "ef_search"),
    [
        ([0.5] * 49, None),  # too few
        ([0.9] * 60, None),  # below the target, but not for certain
        ([0.9] * 200, 400),
        ([1.0] * 200, None),
    ],
)
def test_a_version_is_searched_more_widely_once_it_is_certain_that_too_little_is_found(active, recalls, ef_search):
    answered(active, *recalls)

    assert steered(active) == ef_search
    assert SearchChange.objects.count() == (ef_search is not None)


def test_an_index_that_was_damaged_just_now_is_noticed_by_the_newest_requests(active):
    answered(active, *[1.0] * 400)
    answered(active, *[0.7] * 15)
    assert steered(active) is None

    answered(active, *[0.7] * 35)

    assert steered(active) == 400


def test_the_target_is_a_setting(active, settings):
    settings.INDEX_RECALL = 0.8
    answered(active, *[0.9] * 200)

    assert steered(active) is None


def test_one_kind_of_filter_is_enough(active):
    answered(active, *[1.0] * 300)
    answered(active, *[0.5] * 50, filters="price")

    assert steered(active) == 400
    assert SearchChange.objects.get().reason == "50 requests (price) had a recall of 36.6 to 63.4 %"


def test_the_search_grows_up_to_a_comparison_where_this_is_bearable(active, active_personal, monkeypatch):
    for version, widths in ((active, [400, 1000, 0]), (active_personal, [1000, 0])):
        found = []
        for _ in widths:
            answered(version, *[0.1] * 60)
            found.append(steered(version))
        assert found == widths
        answered(version, *[0.1] * 60)
        assert steered(version) == nearest.EXACT

    monkeypatch.setattr(width, "MOST_COMPARED", -1)
    active.ef_search = nearest.MOST_EF_SEARCH
    assert width.next_width(active) is None


@pytest.mark.parametrize(
    ("usual", "ef_search"),
    [([1.0] * 60, 400), ([1.0] * 100, None), ([0.97] * 100, 400), ([0.98] * 400, None), ([0.5] * 400, 400)],
)
def test_the_usual_search_is_back_once_it_is_certain_that_it_finds_enough(active, usual, ef_search):
    active.ef_search = 400
    active.save(update_fields=["ef_search"])
    for value in usual:
        answered(active, 1.0, usual_recall=value)

    assert steered(active) == ef_search


def test_a_kind_of_filter_whose_recall_is_low_keeps_the_wider_search(active):
    active.ef_search = 400
    active.save(update_fields=["ef_search"])
    answered(active, *[1.0] * 440)
    answered(active, *[1.0] * 60, filters="price", usual_recall=0.7)

    assert steered(active) == 400


def test_an_experiment_learns_of_it_in_the_statement_that_it_sends_anyway(active, django_assert_num_queries):
    version = VersionFactory()
    begin(*everybody(Arm(name="wide", version=version)))
    assert running.serving(Role.SIMILAR, "product", "ada")[0].ef_search is None

    answered(version, *[0.5] * 60)
    width.steer(version)

    assert running.serving(Role.SIMILAR, "product", "ada")[0].ef_search == 400
    with django_assert_num_queries(1):
        running.serving(Role.SIMILAR, "product", "ada")
