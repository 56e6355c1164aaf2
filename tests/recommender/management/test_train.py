import signal

import pytest
from django.core.management import CommandError, call_command, load_command_class

from recommender.management.commands.train import measures_of, parse_settings
from recommender.models import ModelVersion
from recommender.versions import lifecycle
from tests.factories import VersionFactory

pytestmark = pytest.mark.django_db


@pytest.mark.slow
def test_the_command_trains_and_says_what_came_of_it(shop, capsys):
    call_command("train", "pixels", "--activate", verbosity=0)

    assert "is active" in capsys.readouterr().out
    assert ModelVersion.objects.get().state == "active"


@pytest.mark.slow
def test_a_command_that_is_terminated_leaves_a_training_to_be_gone_on_with(shop, monkeypatch):
    follow, handler = lifecycle.follow, signal.getsignal(signal.SIGTERM)

    def terminate(version, *, stage, done=0, **fields):
        follow(version, stage=stage, done=done, **fields)
        if (stage, done) == ("training", 1):
            signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr(lifecycle, "follow", terminate)
    with pytest.raises(CommandError, match=r"interrupted; continue with: train --resume \d+") as interruption:
        call_command("train", "dvbpr", "--epochs", "2", verbosity=0)

    assert interruption.value.returncode == 130
    assert ModelVersion.objects.get().state == "interrupted"
    assert signal.getsignal(signal.SIGTERM) == handler


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nonsense"], "no method is called 'nonsense'"),
        ([], "name a method"),
        (["pixels", "--set", "dimensions"], "write it as KEY=VALUE"),
        (["--resume", "999"], "no version 999"),
        (["--resume", "999", "--queue"], "no version 999"),
        (["visrec", "--resume", "999"], "takes method, epochs, settings and seed from the version: omit them"),
        (["pixels", "--set", "colour=red"], "colour"),
        (["pixels", "--set", "colour=red", "--queue"], "colour"),
        (["vbpr", "--set", "weights=\udcff.pth"], r"weights is '\\udcff.pth'; it takes text without NUL"),
        (["vbpr", "--set", "weights=\0.pth", "--queue"], r"weights is '\\x00.pth'; it takes text without NUL"),
        (["pixels", "--epochs", "99999999999"], "--epochs is 99999999999; it takes a whole number from 1 to 100000"),
        (["pixels", "--seed", "-1"], "--seed is -1; it takes a whole number from 0 to 2147483647"),
        (["pixels", "--seed", "2147483648", "--queue"], "--seed is 2147483648; it takes a whole number from 0 to 2"),
        (
            ["pixels", "--seed", "9" * 20],
            "--seed is 99999999999999999999; it takes a whole number from 0 to 2147483647",
        ),
        (["visrec", "--epochs", "0"], "--epochs is 0; it takes a whole number from 1 to 100000"),
        (["visrec", "--epochs", "-2"], "--epochs is -2; it takes a whole number from 1 to 100000"),
    ],
)
def test_the_command_names_what_it_cannot_do_and_leaves_no_version_behind(shop, arguments, message):
    with pytest.raises(CommandError, match=message):
        call_command("train", *arguments, verbosity=0)

    assert not ModelVersion.objects.exists()


def test_the_command_leaves_no_version_behind_in_a_shop_too_small_to_learn_from(db):
    with pytest.raises(CommandError, match="the shop has 0 pictures; a training needs at least 10"):
        call_command("train", "pixels", verbosity=0)

    assert not ModelVersion.objects.exists()


@pytest.mark.slow
def test_what_went_wrong_in_a_training_is_told(shop):
    answer = call_command("train", "vae", "--epochs", "1", "--set", "kl=1000", verbosity=0)

    version = ModelVersion.objects.get()
    [warning] = version.metrics["warnings"]
    assert "trained too short" in warning
    assert f"warning: {warning}" in answer
    assert set(version.metrics["losses"][0]) == {"epoch", "network", "network/bce", "network/kl"}


def test_a_queued_training_is_left_to_a_worker(shop, capsys):
    call_command("train", "pixels", "--queue", "--activate", "--set", "dimensions=8", "--seed", "3", verbosity=0)

    version = ModelVersion.objects.get()
    assert capsys.readouterr().out == f"version {version.pk} ({version}) is queued\n"
    assert (version.state, version.by_worker, version.activate_when_ready, version.seed) == ("queued", True, True, 3)
    assert version.settings == {"dimensions": "8"}


def test_the_help_says_how_to_see_the_settings_of_a_method():
    text = load_command_class("recommender", "train").create_parser("manage.py", "train").format_help()

    assert "The settings of a method: manage.py methods METHOD" in text
    assert "  visrec        our default" in text


def test_settings_may_have_an_equals_sign_in_their_value():
    assert parse_settings(["weights=a=b.pth", "colour=0.5", "colour=0.6"]) == {"weights": "a=b.pth", "colour": "0.6"}


def test_measures_and_warnings_have_a_line_each():
    version = VersionFactory.build(metrics={"auc": 0.78, "losses": [{"epoch": 1}], "warnings": ["it is late"]})

    assert measures_of(version) == "\n  auc: 0.78\n  warning: it is late"
