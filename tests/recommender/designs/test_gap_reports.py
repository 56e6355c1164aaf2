import json

import pytest
from django.core.exceptions import ImproperlyConfigured

from recommender.designs import gap_reports
from recommender.designs.gap_reports import Gap, Report
from recommender.errors import GapSearchRunning
from tests.recommender.locks import held_elsewhere

REPORT = Report("lsgan 1", "dvbpr 1", "2026-01-01T00:00:00Z", 30, [Gap("Shoes", "gap-01.png", 7, 2, 0.9, 0.8, "P", 5)])


def test_a_report_is_loaded_as_it_was_saved(generator):
    assert gap_reports.load_report(generator) is None
    folder = gap_reports.folder_of(generator)
    folder.mkdir(parents=True)

    gap_reports.save_report(REPORT, folder)

    assert gap_reports.load_report(generator) == REPORT


def test_a_report_from_before_categories_were_named_is_loaded(generator):
    folder = gap_reports.folder_of(generator)
    folder.mkdir(parents=True)
    gap_reports.save_report(REPORT, folder)
    content = json.loads((folder / "gaps.json").read_text())
    del content["categories"]
    (folder / "gaps.json").write_text(json.dumps(content))

    assert gap_reports.load_report(generator).categories == []


@pytest.mark.django_db
def test_of_two_searches_at_once_the_second_is_refused():
    with held_elsewhere(gap_reports.LOCK):
        assert gap_reports.is_search_running()
        with pytest.raises(GapSearchRunning, match="already"), gap_reports.lock_search():
            pytest.fail("two at once")

    assert not gap_reports.is_search_running()


def test_behind_a_pooler_which_would_pass_the_lock_on_nothing_is_searched(settings):
    settings.POOLER = True

    with pytest.raises(ImproperlyConfigured, match="A search for gaps needs"), gap_reports.lock_search():
        pass


@pytest.mark.django_db
def test_a_search_that_fails_lets_the_next_one_in():
    with pytest.raises(ValueError, match="broken"), gap_reports.lock_search():
        assert gap_reports.is_search_running()
        raise ValueError("broken")

    assert not gap_reports.is_search_running()
    with gap_reports.lock_search():
        assert gap_reports.is_search_running()
