import pytest
from django.core.management import CommandError, call_command

from recommender.models import ModelVersion
from recommender.workers import photo_calibration
from tests.factories import VersionFactory
from tests.recommender.workers.drawings import search_version
from tests.recommender.workers.tastes import later_shop

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


def test_the_chances_of_a_personal_version_are_compared_with_what_was_taken_since(capsys):
    version = later_shop(shoppers=24)
    version.metrics = {"calibration error": 0.021, "reliability": [[0.1, 0.12, 30], [0.9, 0.88, 25]]}
    version.save()

    call_command("calibrate", "--role", "personal")

    told = capsys.readouterr().out
    assert "held out of the training: calibration error 0.021" in told
    assert "        25    0.90   0.88  ██████████████████" in told
    assert "taken first since then by 24 shoppers: calibration error 0." in told


def test_too_few_products_taken_since_are_counted_and_no_more(capsys):
    version = later_shop(shoppers=3)

    call_command("calibrate", "--role", "personal", "--version", str(version.pk))

    told = capsys.readouterr().out
    assert "held out of the training: nothing was" in told
    assert "taken since then: 3 of the shoppers that it knows took something; 20 are needed" in told


def test_a_version_of_another_role_is_not_taken():
    version = later_shop(shoppers=1)

    with pytest.raises(CommandError, match=f"no trained version {version.pk} for similar styles"):
        call_command("calibrate", "--version", str(version.pk))
