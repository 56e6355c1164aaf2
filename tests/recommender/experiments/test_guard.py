from datetime import timedelta

import numpy as np
import pytest
from django.utils import timezone

from recommender.experiments import counters, guard, lifecycle
from recommender.experiments.models import Arm, Experiment
from recommender.experiments.running import Exposure
from recommender.versions import lifecycle as versions
from recommender.webhooks.models import Delivery, Event, Webhook
from tests.factories import VersionFactory
from tests.recommender.experiments.conftest import begin
from tests.recommender.experiments.crowds import visit

pytestmark = pytest.mark.django_db


def last_of(experiment: Experiment) -> tuple[str, str]:
    """The state of an experiment, and the last line of its history."""
    experiment.refresh_from_db()
    return experiment.state, experiment.entries.all()[0].text


def three_arms() -> Experiment:
    return begin(*(Arm(name=name, share=30, diversity=value) for name, value in (("A", 0), ("B", 0.2), ("C", 0.4))))


def test_an_arm_that_does_harm_is_stopped_and_the_others_go_on():
    hook = Webhook.objects.create(url="https://shop.example/", events=[Event.EXPERIMENT_STOPPED], secret="whsec_AAAA")
    experiment = three_arms()
    visit(experiment, {"A": 0.25, "B": 0.10, "C": 0.25}, 800, np.random.default_rng(0))

    guard.check_due()

    state, text = last_of(experiment)
    assert state == "running"
    assert text.startswith("B was stopped: its rate is ") and text.endswith(
        "points below that of A, and 1.0 are allowed."
    )
    assert [bool(arm.stopped_at) for arm in experiment.arms.all()] == [False, True, False]
    assert Delivery.objects.get(webhook=hook).event == "experiment.stopped"


@pytest.mark.parametrize("margin", [0.3, 0.0])
def test_what_is_worse_by_less_than_the_margin_goes_on(margin):
    experiment = begin(Arm(name="A", share=50), Arm(name="B", share=50, diversity=0.4), margin=margin)
    visit(experiment, {"A": 0.25, "B": 0.10}, 800, np.random.default_rng(0))

    guard.check_due()

    assert last_of(experiment)[0] == ("running" if margin else "stopped")


def test_an_arm_whose_lists_are_empty_is_stopped():
    experiment = three_arms()
    for arm, empty in zip(experiment.arms.all(), (2, 2, 60), strict=True):
        for number in range(300):
            counters.add(Exposure(experiment.pk, arm.pk, number), counters.EMPTY if number < empty else counters.FULL)

    guard.check_due()

    assert last_of(experiment) == (
        "running",
        "C was stopped: 20.0 % of its lists were empty or errors, and 0.67 % of those of A.",
    )


def test_an_arm_whose_version_was_deleted_is_stopped_and_the_experiment_with_it():
    version = VersionFactory()
    experiment = begin(Arm(name="A", share=50), Arm(name="B", share=50, version=version))
    versions.delete(version)

    guard.check_due()

    assert last_of(experiment) == ("stopped", "Stopped: all arms but the first were stopped.")
    assert experiment.arms.get(name="B").reason == f"{version}, which it shows, was deleted"


def test_without_the_version_of_its_control_an_experiment_is_stopped():
    version = VersionFactory()
    experiment = begin(Arm(name="A", share=50, version=version), Arm(name="B", share=50))
    versions.delete(version)

    guard.check_due()

    assert last_of(experiment) == ("stopped", f"Stopped: {version}, which A shows, was deleted.")


def test_after_its_days_an_experiment_is_stopped():
    experiment = begin(days=7)
    Experiment.objects.update(started_at=timezone.now() - timedelta(days=7))

    guard.check_due()

    assert last_of(experiment) == ("stopped", "Stopped: it ran for 7 days.")


def test_each_experiment_is_checked_every_ten_minutes():
    experiment = begin(days=7)
    guard.check_due()
    Experiment.objects.update(started_at=timezone.now() - timedelta(days=7))

    guard.check_due()
    assert last_of(experiment)[0] == "running"
    Experiment.objects.update(checked_at=timezone.now() - timedelta(minutes=11))
    guard.check_due()
    assert last_of(experiment)[0] == "stopped"


def test_what_nobody_concludes_is_concluded_before_its_impressions_are_deleted(settings):
    old, new = begin(), begin(role="personal")
    for experiment in (old, new):
        lifecycle.stop(experiment, "boss")
    Experiment.objects.filter(pk=old.pk).update(started_at=timezone.now() - timedelta(days=settings.IMPRESSION_DAYS))

    guard.check_due()

    assert last_of(old) == ("concluded", "Concluded without a winner.")
    assert old.figures
    assert last_of(new)[0] == "stopped"


def test_without_the_cache_the_rest_is_checked(no_cache):
    experiment = begin(Arm(name="A", share=50), Arm(name="B", share=50, diversity=0.4))
    visit(experiment, {"A": 0.25, "B": 0.10}, 800, np.random.default_rng(0))

    guard.check_due()

    assert last_of(experiment)[0] == "stopped"
