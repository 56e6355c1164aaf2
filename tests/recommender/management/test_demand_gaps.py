import json

import pytest
from django.core.management import CommandError, call_command
from PIL import Image

from ml.generation import gaps as ml_gaps
from recommender.designs import gap_reports
from tests.recommender.locks import held_elsewhere

pytestmark = pytest.mark.django_db
ADMIN = "/admin/recommender/design/demand-gaps/"


def test_the_command_reports_and_copies(trained_shop, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(ml_gaps, "TOP", 0.0)  # whatever is better than the worst product
    monkeypatch.setattr(ml_gaps, "APART", 0.0)

    call_command("demand_gaps", category="shoes", out=tmp_path / "out", verbosity=0)

    report = json.loads((tmp_path / "out" / "gaps.json").read_text())
    assert report["shoppers"] == 3 and report["gaps"]
    assert report["gaps"][0]["category"] == "Shoes"
    assert f"{len(report['gaps'])} gaps, by prediction alone" in capsys.readouterr().out
    with Image.open(tmp_path / "out" / report["gaps"][0]["file"]) as picture:
        assert picture.size == (64, 64)
    assert (tmp_path / "out" / "gaps.png").exists()
    assert gap_reports.load_report(trained_shop).gaps[0].file == "gap-01.png"


def test_the_command_names_what_lacks(active_personal):
    with pytest.raises(CommandError, match="no category 'hats'"):
        call_command("demand_gaps", category="hats")
    with pytest.raises(CommandError, match="active for designs"):
        call_command("demand_gaps")


def test_a_folder_that_cannot_be_written_is_told_before_the_work(active_personal, tmp_path):
    (tmp_path / "file").touch()

    with pytest.raises(CommandError, match="file: File exists"):
        call_command("demand_gaps", out=tmp_path / "file")


def test_of_two_at_once_one_is_refused_and_a_third_may_follow(admin_client, generator):
    with held_elsewhere(gap_reports.LOCK):
        with pytest.raises(CommandError, match="already"):
            call_command("demand_gaps")
        page = admin_client.get(ADMIN).content.decode()
        assert gap_reports.is_search_running()
        assert "A worker is searching now." in page and 'type="submit" value="Search' not in page

    assert not gap_reports.is_search_running()
    assert 'type="submit" value="Search"' in admin_client.get(ADMIN).content.decode()
    for _ in range(2):
        with pytest.raises(CommandError, match="active for personal"):
            call_command("demand_gaps")
