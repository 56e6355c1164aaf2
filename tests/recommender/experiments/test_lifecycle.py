from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from recommender.errors import ExperimentNotReady, ExperimentRefused, VersionNotReady
from recommender.experiments import lifecycle
from recommender.experiments.models import Arm, Entry, Experiment
from recommender.models import Activation, Role
from recommender.versions import lifecycle as versions
from recommender.versions import queries
from recommender.webhooks.models import Delivery, Event, Webhook
from tests.factories import ProductFactory, VersionFactory
from tests.recommender.experiments.conftest import begin, draft

pytestmark = pytest.mark.django_db


def state_of(experiment: Experiment) -> str:
    return Experiment.objects.get(pk=experiment.pk).state


def history_of(experiment: Experiment) -> list[tuple[str, str]]:
    return [(entry.by, entry.text) for entry in reversed(experiment.entries.all())]


@pytest.mark.parametrize(
    ("arms", "reason"),
    [
        ([Arm(name="A", share=50)], "2 to 10 arms"),
        ([Arm(name="A", share=50), Arm(name="A", share=50)], "one name"),
        ([Arm(name="A", share=60), Arm(name="B", share=50)], "110 %"),
        ([Arm(name="A", share=50), Arm(name="B", share=50, strategy="popular")], "never the most popular"),
        ([Arm(name=name, share=20) for name in "ABC"], "two are enough"),
    ],
)
def test_arms_that_make_no_experiment_are_refused(arms, reason):
    with pytest.raises(ExperimentRefused, match=reason):
        draft(*arms)
    assert not Experiment.objects.exists()


def test_a_version_of_another_role_is_refused():
    with pytest.raises(ExperimentRefused, match="is for personal recommendations"):
        draft(Arm(name="A", share=50), Arm(name="B", share=50, version=VersionFactory(role="personal", method="ease")))


@pytest.mark.parametrize(
    ("role", "fixed", "reason"),
    [
        ("similar", {"exclude_seen": True}, "arm b: similar styles are the same for who has seen them already"),
        ("personal", {"strategy": "popular", "version": "ease 1"}, "arm b: the most popular products are those of no"),
        ("similar", {"version": "ease 1"}, "arm b: ease 1 is for personal recommendations, the experiment for similar"),
    ],
)
def test_what_an_arm_would_ignore_is_refused(role, fixed, reason):
    if "version" in fixed:
        fixed = fixed | {"version": VersionFactory(role="personal", method="ease")}
    with pytest.raises(ExperimentRefused, match=reason):
        draft(Arm(name="a", share=50), Arm(name="b", share=50, **fixed), role=role)


def test_a_draft_whose_version_was_deleted_is_not_started():
    version = VersionFactory()
    experiment = draft(Arm(name="A", share=50), Arm(name="B", share=50, version=version))
    versions.delete(version)

    with pytest.raises(ExperimentNotReady, match="arm B: pixels 1 was deleted; choose another version"):
        lifecycle.start(experiment, "boss")

    lifecycle.name_versions(experiment)  # it was saved once more, with the active version
    lifecycle.start(experiment, "boss")
    assert state_of(experiment) == "running"


def test_a_draft_is_deleted_and_nothing_else_is():
    first, second = draft(), draft()
    lifecycle.start(second, "boss")

    lifecycle.delete(first)
    with pytest.raises(ExperimentNotReady, match="runs already, and cannot be deleted"):
        lifecycle.delete(second)

    assert list(Experiment.objects.all()) == [second]


def test_a_placement_counts_once():
    assert draft(placements=["home", "product", "home"]).placements == ["home", "product"]


def test_what_is_done_is_written_down():
    experiment = begin()
    lifecycle.stop(experiment, "key ERP", "the season is over")
    lifecycle.conclude(experiment, "boss")

    assert history_of(experiment) == [
        ("boss", "Created."),
        ("boss", "Started."),
        ("key ERP", "Stopped: the season is over."),
        ("boss", "Concluded without a winner."),
    ]
    experiment.refresh_from_db()
    assert experiment.started_at <= experiment.stopped_at <= experiment.concluded_at


def test_each_step_has_its_state():
    experiment = draft()
    for step in (lambda: lifecycle.stop(experiment, "boss"), lambda: lifecycle.conclude(experiment, "boss")):
        with pytest.raises(ExperimentNotReady, match="is a draft"):
            step()
    lifecycle.start(experiment, "boss")
    with pytest.raises(ExperimentNotReady, match="runs already, and cannot be started"):
        lifecycle.start(experiment, "boss")
    lifecycle.conclude(experiment, "boss")  # which stops it
    with pytest.raises(ExperimentNotReady, match="was concluded already"):
        lifecycle.conclude(experiment, "boss")
    assert [text for _, text in history_of(experiment)][-2:] == ["Stopped.", "Concluded without a winner."]


@pytest.mark.parametrize(
    ("first", "second", "reason"),
    [
        (["product"], ["cart", "product"], "Variety runs for product; stop it first, or choose another placement"),
        ([], ["cart"], "Variety runs everywhere; stop it first"),
        (["product", "cart"], [], "Variety runs for product, cart; stop it first, or choose other placements"),
        (["product"], ["cart"], ""),
    ],
)
def test_one_experiment_at_a_time_for_a_placement(first, second, reason):
    begin(placements=first)
    other, personal = draft(placements=second), draft(placements=first, role="personal")
    lifecycle.start(personal, "boss")

    if reason:
        with pytest.raises(ExperimentNotReady) as error:
            lifecycle.start(other, "boss")
        assert str(error.value) == reason
    else:
        lifecycle.start(other, "boss")


def test_a_version_that_is_not_trained_cannot_be_tried():
    experiment = draft(Arm(name="A", share=50), Arm(name="B", share=50, version=VersionFactory(state="training")))

    with pytest.raises(ExperimentNotReady, match="arm B: pixels 1 is training, not trained"):
        lifecycle.start(experiment, "boss")
    assert state_of(experiment) == "draft"


def test_an_experiment_that_was_stopped_has_no_salt():
    experiment = begin()
    assert experiment.salt

    lifecycle.stop(experiment, "boss")
    experiment.refresh_from_db()

    assert experiment.salt == ""


def test_the_version_that_won_is_activated_with_the_conclusion(active):
    other = VersionFactory()
    experiment = begin(Arm(name="A", share=50), Arm(name="B", share=50, version=other))

    lifecycle.conclude(experiment, "boss", experiment.arms.get(name="B"))

    experiment.refresh_from_db()
    assert (experiment.state, experiment.winner.name) == ("concluded", "B")
    assert queries.serving_version(Role.SIMILAR) == other
    assert Activation.objects.get(version=other).by == "boss"
    assert history_of(experiment)[-1] == ("boss", f"Concluded: B won, {other} is active now.")


def test_a_winner_that_lacks_embeddings_is_activated_by_a_worker(active):
    other, _ = VersionFactory(), ProductFactory()
    experiment = begin(Arm(name="A", share=50), Arm(name="B", share=50, version=other))

    lifecycle.conclude(experiment, "boss", experiment.arms.get(name="B"))

    text = f"Concluded: B won, {other} is active as soon as it has embedded all images."
    assert history_of(experiment)[-1] == ("boss", text)
    assert queries.serving_version(Role.SIMILAR) == active


def test_what_else_won_is_adopted_and_withdrawn_once(active):
    other = VersionFactory()
    experiment = begin(Arm(name="A", share=50), Arm(name="B", share=50, version=other, diversity=0.4))
    lifecycle.conclude(experiment, "boss", experiment.arms.get(name="B"))
    experiment.refresh_from_db()
    assert experiment.adopted_at == experiment.concluded_at

    lifecycle.withdraw(experiment, "boss")

    with pytest.raises(ExperimentNotReady, match="nothing of Variety is adopted"):
        lifecycle.withdraw(experiment, "boss")
    assert queries.serving_version(Role.SIMILAR) == other
    assert [text for _, text in history_of(experiment)[-2:]] == [
        f"Concluded: B won, {other} is active now, everybody gets what else it fixes.",
        "Withdrawn: nobody gets any more what it fixed besides a version.",
    ]


def test_without_its_version_an_arm_cannot_win(active):
    other = VersionFactory()
    experiment = begin(Arm(name="A", share=50), Arm(name="B", share=50, version=other))
    versions.delete(other)

    with pytest.raises(ExperimentNotReady, match=f"{other} was deleted"):
        lifecycle.conclude(experiment, "boss", experiment.arms.get(name="B"))
    assert state_of(experiment) == "running"


def test_a_conclusion_and_its_activation_are_one_transaction(active):
    other = VersionFactory()
    experiment = begin(Arm(name="A", share=50), Arm(name="B", share=50, version=other))
    type(other).objects.filter(pk=other.pk).update(state="failed")

    with pytest.raises(VersionNotReady):
        lifecycle.conclude(experiment, "boss", experiment.arms.get(name="B"))
    assert (state_of(experiment), queries.serving_version(Role.SIMILAR)) == ("running", active)


def test_an_arm_is_stopped_and_with_the_last_of_them_the_experiment():
    hook = Webhook.objects.create(url="https://shop.example/", events=[Event.EXPERIMENT_STOPPED], secret="whsec_AAAA")
    experiment = begin(
        *(Arm(name=name, share=20, diversity=share) for name, share in (("A", 0), ("B", 0.2), ("C", 0.4)))
    )
    control, second, third = experiment.arms.all()

    with pytest.raises(ExperimentNotReady, match="is the control"):
        lifecycle.stop_arm(control, "it is worse")
    lifecycle.stop_arm(second, "it is worse")
    with pytest.raises(ExperimentNotReady, match="stopped already"):
        lifecycle.stop_arm(second, "it is worse")
    assert state_of(experiment) == "running"
    lifecycle.stop_arm(third, "it is empty")

    assert state_of(experiment) == "stopped"
    assert Delivery.objects.filter(webhook=hook).count() == 3
    assert Entry.objects.filter(by="").count() == 3


@pytest.mark.django_db(transaction=True)
def test_of_two_that_are_started_at_once_one_runs(active):
    experiments = [draft(), draft()]

    def attempt(experiment: Experiment) -> bool:
        try:
            lifecycle.start(experiment, "boss")
        except ExperimentNotReady:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(2) as pool:
        started = list(pool.map(attempt, experiments))

    assert sorted(started) == [False, True]
    assert Experiment.objects.filter(state="running").count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_a_stop_and_a_conclusion_at_once_each_is_written_once(active):
    experiment = begin()

    def attempt(step) -> None:
        try:
            step(experiment, "boss")
        except ExperimentNotReady:
            pass
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(attempt, [lifecycle.stop, lifecycle.conclude] * 2))

    texts = [text for _, text in history_of(experiment)]
    assert (texts.count("Stopped."), texts.count("Concluded without a winner.")) == (1, 1)
