from datetime import timedelta

import numpy as np
import pytest
from django.utils import timezone

from catalog.models import Interaction
from recommender.experiments import figures, lifecycle
from recommender.experiments.models import Arm
from recommender.experiments.statistics import Totals
from recommender.models import Impression
from recommender.versions import lifecycle as versions
from tests.factories import ProductFactory, VersionFactory
from tests.recommender.experiments.conftest import begin, draft
from tests.recommender.experiments.crowds import event, impression, visit

pytestmark = pytest.mark.django_db


def test_sums_over_visitors_of_what_they_saw_and_did():
    experiment, product = begin(), ProductFactory(image=False)
    control, arm = experiment.arms.all()
    rows = [impression(experiment, control, visitor) for visitor in (1, 1, 2)]
    rows += [impression(experiment, arm, visitor) for visitor in (3, 3, 3)]
    Impression.objects.bulk_create([*rows, impression(begin(role="personal"), arm, 9)])
    clicks = [event(rows[0], product), event(rows[0], product), event(rows[3], product), event(rows[4], product)]
    Interaction.objects.bulk_create([*clicks, event(rows[2], product, "view")])

    first, second = figures.of(experiment)

    assert first.totals == Totals(visitors=2, x=3, y=1, xx=5, xy=2, yy=1)  # twice on one list counts once
    assert second.totals == Totals(visitors=1, x=3, y=2, xx=9, xy=6, yy=4)
    assert first.difference is None and second.difference.low is None


def test_known_rates_are_within_the_intervals():
    experiment = begin()
    visit(experiment, {"A": 0.10, "B": 0.20}, 1500, np.random.default_rng(0))

    control, arm = figures.of(experiment)

    assert (control.totals.visitors, arm.totals.visitors) == (1500, 1500)
    assert control.rate.low < 0.10 < control.rate.high and arm.rate.low < 0.20 < arm.rate.high
    assert 0 < arm.difference.low < 0.10 < arm.difference.high
    assert arm.more_visitors == 0


def test_two_placements_have_figures_of_their_own():
    found = {}
    for placement, rates in (("product", {"A": 0.10, "B": 0.20}), ("cart", {"A": 0.30, "B": 0.15})):
        experiment = begin(placements=[placement], margin=1)
        visit(experiment, rates, 1200, np.random.default_rng(5), placement=placement)
        found[placement] = figures.of(experiment)
        for each in found[placement]:
            assert each.rate.low < rates[each.arm.name] < each.rate.high

    assert found["product"][1].difference.low > 0 and found["cart"][1].difference.high < 0


def test_what_is_counted_is_the_goal():
    experiment = begin(goal="purchase")
    visit(experiment, {"A": 0.3, "B": 0.3}, 20, np.random.default_rng(1))
    assert [each.totals.y for each in figures.of(experiment)] == [0, 0]
    figures.recent.cache.clear()

    visit(experiment, {"A": 0.3, "B": 0.3}, 20, np.random.default_rng(2), kind="purchase")

    assert all(each.totals.y > 0 for each in figures.of(experiment))


def test_a_stopped_arm_is_compared_with_what_the_control_did_until_then():
    experiment = begin(
        *(Arm(name=name, share=30, diversity=value) for name, value in (("A", 0), ("B", 0.2), ("C", 0.4)))
    )
    control, second, third = experiment.arms.all()
    Impression.objects.bulk_create([impression(experiment, arm, arm.pk) for arm in (control, second, third)])
    lifecycle.stop_arm(second, "it is worse")
    later = timezone.now() + timedelta(seconds=1)
    Impression.objects.bulk_create([impression(experiment, arm, 99, shown_at=later) for arm in (control, third)])

    known = figures.count(experiment, tuple(experiment.arms.all()))

    assert [known[arm.pk].own.visitors for arm in (control, second, third)] == [2, 1, 2]
    assert [known[arm.pk].control.visitors for arm in (second, third)] == [1, 2]


def test_figures_of_a_concluded_experiment_stay_when_its_impressions_are_deleted():
    experiment = begin()
    visit(experiment, {"A": 0.2, "B": 0.2}, 120, np.random.default_rng(3))
    before = figures.of(experiment)
    lifecycle.conclude(experiment, "boss")
    Impression.objects.all().delete()
    figures.recent.cache.clear()

    experiment.refresh_from_db()

    assert figures.of(experiment) == before


def test_the_versions_that_were_seen_are_named():
    version = VersionFactory()
    experiment = begin(Arm(name="A", share=50), Arm(name="B", share=50, version=version))
    control, arm = experiment.arms.all()
    Impression.objects.bulk_create(
        [
            impression(experiment, arm, 1),
            impression(experiment, arm, 2, version=None),
            impression(experiment, control, 3, version=987),
        ]
    )

    seen = [each.versions for each in figures.of(experiment)]
    figures.recent.cache.clear()
    versions.delete(version)

    assert seen == [["version 987, deleted"], [str(version), "the most popular"]]
    assert figures.of(experiment)[1].versions[0] == f"version {version.pk}, deleted"


def test_they_are_counted_once_a_minute_and_a_draft_has_none(django_assert_num_queries):
    experiment = begin()
    figures.of(experiment)

    with django_assert_num_queries(1):  # the arms
        figures.of(experiment)
    assert [each.totals for each in figures.of(draft(placements=["cart"]))] == [Totals(), Totals()]
