import pytest
from django.core.management import CommandError, call_command

from recommender.models import ModelVersion
from recommender.workers import photo_calibration
from tests.factories import VersionFactory
from tests.recommender.workers.drawings import search_version

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("all_trials")]


def test_it_fits_the_chances_and_says_how_reliable_they_are(monkeypatch, capsys):
    monkeypatch.setattr(photo_calibration, "NO_PRODUCTS", 0.45)
    version = search_version()

    call_command("calibrate")

    told = capsys.readouterr().out
    saved = ModelVersion.objects.get(pk=version.pk)
    assert f"29 photos, a match from a score of {saved.good_match:.3f}" in told
    assert told.count("calibration error 0.") == 2

    call_command("calibrate", "--check", "--version", str(version.pk))
    assert capsys.readouterr().out == told
    assert ModelVersion.objects.get(pk=version.pk).match_curves == saved.match_curves


def test_a_version_without_embeddings_has_nothing_to_fit():
    version = VersionFactory(state="active")

    with pytest.raises(CommandError, match=f"version {version.pk} .* has no chances"):
        call_command("calibrate")


@pytest.mark.parametrize(
    ("given", "reason"), [([], "no model version is active"), (["--version", "7"], "no trained version 7")]
)
def test_what_cannot_be_calibrated_is_named(given, reason):
    with pytest.raises(CommandError, match=reason):
        call_command("calibrate", *given)
