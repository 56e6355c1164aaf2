import pytest

from recommender.experiments import lifecycle, running
from recommender.experiments.assignment import pseudonym
from recommender.experiments.models import Arm
from recommender.experiments.running import Exposure
from recommender.models import Role
from recommender.versions import lifecycle as versions
from recommender.versions import queries
from tests.factories import VersionFactory
from tests.recommender.experiments.conftest import begin, everybody

pytestmark = pytest.mark.django_db
VISITORS = [f"guest-{number}" for number in range(200)]


def serve(visitor="guest-1", placement="product", role=Role.SIMILAR):
    return running.serving(role, placement, visitor)


def test_without_experiments_the_active_version_serves(active):
    assert serve() == (active, None)


def test_a_visitor_gets_the_version_of_their_arm_by_one_statement(active, django_assert_num_queries):
    other = VersionFactory()
    experiment = begin(Arm(name="A", share=50), Arm(name="B", share=50, version=other))
    first, second = experiment.arms.all()
    serve()  # the experiments are read, once a process

    with django_assert_num_queries(len(VISITORS)):
        served = [serve(visitor) for visitor in VISITORS]

    assert {(version, trial.exposure.arm) for version, trial in served} == {(active, first.pk), (other, second.pk)}
    visitor, (_, trial) = VISITORS[0], served[0]
    assert trial.exposure == Exposure(experiment.pk, trial.exposure.arm, pseudonym(experiment.salt, visitor))


@pytest.mark.parametrize(
    ("placement", "role", "visitor"),
    [("cart", Role.SIMILAR, "ada"), ("product", Role.PERSONAL, "ada"), ("product", Role.SIMILAR, "")],
)
def test_elsewhere_and_for_who_is_not_known_there_is_no_trial(active, placement, role, visitor):
    begin(placements=["product", "home"])

    assert serve(visitor, placement, role)[1] is None
    assert serve("ada", "home")[1] is not None


def test_without_placements_it_is_everywhere_and_beyond_the_shares_nowhere(active):
    begin(Arm(name="A", share=10), Arm(name="B", share=10))

    tried = [trial for _, trial in (serve(visitor, "") for visitor in VISITORS) if trial]

    assert 15 <= len(tried) <= 65  # of 200, 40 are expected


def test_parameters_and_strategy_come_with_the_trial(active_personal):
    begin(*everybody(Arm(name="B", diversity=0.5, strategy="popular")), role="personal")

    _, trial = serve("guest-1", role=Role.PERSONAL)

    assert (trial.parameters, trial.is_popular) == ({"diversity": 0.5}, True)


def test_from_its_end_on_an_experiment_is_gone(active):
    experiment = begin(*everybody(Arm(name="B", version=VersionFactory())))
    assert serve()[0] != active

    lifecycle.stop(experiment, "boss")

    assert serve() == (active, None)
    assert running.last_known().mark is None


def test_the_visitors_of_a_stopped_arm_see_the_control_and_do_not_count(active):
    control = VersionFactory()
    arms = (Arm(name="A", share=0, version=control), Arm(name="B", share=100), Arm(name="C", share=0))
    experiment = begin(*arms)
    assert serve()[0] == active

    lifecycle.stop_arm(experiment.arms.get(name="B"), "it is clicked less")
    version, trial = serve()

    assert (version, trial.exposure) == (control, None)


def test_an_arm_whose_version_was_deleted_shows_the_active_one_and_does_not_count(active):
    other = VersionFactory()
    begin(*everybody(Arm(name="B", version=other)))
    assert serve()[0] == other

    versions.delete(other)
    version, trial = serve()

    assert (version, trial.exposure) == (active, None)


def test_an_arm_without_a_version_follows_the_active_one(active):
    begin(*everybody(Arm(name="B", diversity=0.5)))
    assert serve()[0] == active

    versions.activate(new := VersionFactory())

    assert serve()[0] == new == queries.serving_version(Role.SIMILAR)


def test_what_won_besides_a_version_is_for_everybody_until_it_is_withdrawn(active):
    experiment = begin(*everybody(Arm(name="B", diversity=0.5, min_score=0.1)), placements=["product"])
    lifecycle.conclude(experiment, "boss", experiment.arms.get(name="B"))

    for visitor in ("", "guest-1"):  # staff have no name here, either
        version, trial = serve(visitor)
        assert (version, trial.parameters, trial.exposure) == (active, {"diversity": 0.5, "min_score": 0.1}, None)
    assert serve("guest-1", "cart") == (active, None)

    lifecycle.withdraw(experiment, "boss")

    assert serve() == (active, None)


def test_arms_are_added_to_what_was_adopted_and_the_latest_counts(active_personal):
    for arm in (Arm(name="B", strategy="popular", diversity=0.5), Arm(name="C", diversity=0.2)):
        experiment = begin(*everybody(arm), role="personal")
        lifecycle.conclude(experiment, "boss", experiment.arms.get(name=arm.name))
    assert (serve(role=Role.PERSONAL)[1].strategy, serve(role=Role.PERSONAL)[1].parameters) == (
        "usual",
        {"diversity": 0.2},
    )

    begin(*everybody(Arm(name="D", min_score=0.3)), role="personal")

    _, trial = serve(role=Role.PERSONAL)
    assert (trial.parameters, bool(trial.exposure)) == ({"diversity": 0.2, "min_score": 0.3}, True)
