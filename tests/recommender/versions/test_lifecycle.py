from datetime import timedelta
from importlib import import_module

import pglock
import pytest
from django.apps import apps
from django.db import OperationalError
from django.utils import timezone

from recommender.errors import TrainingCancelled, TrainingRefused, VersionNotReady
from recommender.models import MethodNumber, ModelVersion
from recommender.versions import lifecycle, training_log
from tests.factories import ProductFactory, VersionFactory
from tests.recommender.locks import held_elsewhere

pytestmark = pytest.mark.django_db


def state(version) -> str:
    return ModelVersion.objects.get(pk=version.pk).state


def test_versions_of_a_method_are_numbered_and_an_unknown_method_is_refused():
    assert [lifecycle.register("pixels").number, lifecycle.register("pixels").number] == [1, 2]
    assert lifecycle.register("dvbpr").role == "personal"
    with pytest.raises(TrainingRefused, match="'nonsense'.*visrec"):
        lifecycle.register("nonsense")


def test_of_two_registrations_at_once_the_second_waits():
    with (
        held_elsewhere("recommender.versions.register"),
        pglock.timeout(seconds=0.1),
        pytest.raises(OperationalError, match="lock timeout"),
    ):
        lifecycle.register("pixels")

    assert lifecycle.register("pixels").number == 1


def test_of_two_activations_for_one_role_at_once_the_second_waits(active):
    newer = VersionFactory()
    with held_elsewhere("recommender.versions.activate.similar"), pglock.timeout(seconds=0.1):
        with pytest.raises(OperationalError, match="lock timeout"):
            lifecycle.activate(newer)
        lifecycle.activate(VersionFactory(role="design", method="lsgan"))

    assert (state(active), state(newer)) == ("active", "ready")


def test_activating_retires_the_former_one(active):
    newer = VersionFactory()

    lifecycle.activate(newer)

    assert (state(active), state(newer)) == ("retired", "active")


def test_a_version_that_lacks_vectors_is_activated_by_a_worker(active, waiting, django_capture_on_commit_callbacks):
    ProductFactory()
    other, newer = VersionFactory(), VersionFactory()
    lifecycle.request_activation(other)

    with django_capture_on_commit_callbacks(execute=True):
        lifecycle.request_activation(newer)

    assert waiting("embed") == [("complete_version", [newer.pk])]
    assert (state(active), state(newer)) == ("active", "ready")
    lifecycle.activate_as_requested(other)  # the last request counts
    assert state(active) == "active"
    lifecycle.activate_as_requested(newer)
    assert (state(active), state(newer)) == ("retired", "active")
    lifecycle.activate(active)
    lifecycle.activate_as_requested(newer)
    assert state(active) == "active"


def test_a_version_that_lacks_nothing_is_activated_at_once_and_completed_once_more(
    active, waiting, django_capture_on_commit_callbacks
):
    newer = VersionFactory()

    with django_capture_on_commit_callbacks(execute=True):
        lifecycle.request_activation(newer)

    assert (state(active), state(newer)) == ("retired", "active")
    assert waiting("embed") == [("complete_version", [newer.pk])]


def test_an_untrained_version_is_not_activated(active):
    newer = VersionFactory(state="training")

    with pytest.raises(VersionNotReady, match="is training"):
        lifecycle.activate(newer)
    ProductFactory()
    with pytest.raises(VersionNotReady, match="is training"):
        lifecycle.request_activation(newer)

    assert state(active) == "active"


def test_rolling_back_returns_to_whichever_served_before(active):
    lifecycle.activate(active)
    newer = VersionFactory()
    lifecycle.activate(newer)

    assert lifecycle.roll_back("similar") == active
    assert (state(active), state(newer)) == ("active", "retired")
    with pytest.raises(VersionNotReady, match="no earlier version"):
        lifecycle.roll_back("personal")


def test_one_process_trains_a_version_until_its_lease_runs_out():
    version = lifecycle.register("pixels")
    lifecycle.claim(version.pk)

    with pytest.raises(VersionNotReady, match="another process"):
        lifecycle.claim(version.pk)

    ModelVersion.objects.filter(pk=version.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    assert lifecycle.claim(version.pk).state == "training"


def test_a_former_holder_changes_nothing_of_a_training_that_another_process_has():
    former = lifecycle.claim(lifecycle.register("pixels").pk)
    ModelVersion.objects.filter(pk=former.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    holder = lifecycle.claim(former.pk)
    lifecycle.follow(holder, stage="training", done=1, of=3)
    row = ModelVersion.objects.filter(pk=former.pk).values().get()

    with pytest.raises(TrainingCancelled, match="cancelled, or is another process's"):
        lifecycle.follow(former, stage="training", done=2, of=3)
    assert not lifecycle.renew(former)
    with pytest.raises(TrainingCancelled, match="cancelled, or is another process's"):
        lifecycle.check(former)
    with pytest.raises(TrainingCancelled, match="another process's"), lifecycle.writing(former):
        pytest.fail("a file is written")
    lifecycle.release(former)
    lifecycle.fail(former, ValueError("out of memory"))
    with pytest.raises(TrainingCancelled, match="cancelled, or is another process's"):
        lifecycle.finish(former)

    assert ModelVersion.objects.filter(pk=former.pk).values().get() == row
    assert (former.claims, holder.claims) == (1, 2)
    assert lifecycle.renew(holder)
    lifecycle.finish(holder)
    assert state(former) == "ready"


def test_a_training_by_hand_that_was_taken_for_lost_goes_on():
    version = lifecycle.register("pixels", here=True)
    ModelVersion.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    lifecycle.interrupt_abandoned()
    assert state(version) == "interrupted"

    lifecycle.follow(version, stage="training", done=1, of=1)

    assert state(version) == "training"
    lifecycle.finish(version)
    assert state(version) == "ready"


def test_anybody_cancels_a_training_whoever_has_it():
    before = lifecycle.register("pixels")
    holder = lifecycle.claim(before.pk)

    lifecycle.cancel(before)

    assert not lifecycle.renew(holder)
    assert state(before) == "cancelled"


def test_a_finished_or_unknown_version_cannot_be_claimed(active):
    with pytest.raises(VersionNotReady, match="is active"):
        lifecycle.claim(active.pk)
    with pytest.raises(VersionNotReady, match="no version 999"):
        lifecycle.claim(999)


def test_whoever_trains_a_cancelled_version_is_told():
    version = lifecycle.claim(lifecycle.register("pixels").pk)
    lifecycle.follow(version, stage="training", done=1, of=3)

    lifecycle.cancel(version)

    with pytest.raises(TrainingCancelled):
        lifecycle.follow(version, stage="training", done=2, of=3)
    assert ModelVersion.objects.get(pk=version.pk).progress["done"] == 1
    with pytest.raises(VersionNotReady, match="is cancelled"):
        lifecycle.cancel(version)


def test_a_training_that_loses_one_worker_after_the_other_fails_with_the_reason():
    version = lifecycle.register("pixels")
    for _ in range(lifecycle.TRIES):
        lifecycle.claim(version.pk)
        ModelVersion.objects.update(lease_until=None)  # as if it had run out

    with pytest.raises(VersionNotReady, match="5 workers were lost before an epoch ended"):
        lifecycle.claim(version.pk)

    found = ModelVersion.objects.get()
    assert (found.state, found.lease_until) == ("failed", None)
    assert found.error.startswith("5 workers were lost")


def test_a_worker_that_hands_its_training_over_or_has_ended_an_epoch_is_not_lost():
    version = lifecycle.register("pixels")
    for _ in range(lifecycle.TRIES):
        lifecycle.release(lifecycle.claim(version.pk))
        lifecycle.postpone(lifecycle.claim(version.pk), OSError("No space left on device"))
        ModelVersion.objects.update(lease_until=None)
    assert ModelVersion.objects.get().tries == 0

    for _ in range(lifecycle.TRIES - 1):
        lifecycle.claim(version.pk)
        ModelVersion.objects.update(lease_until=None)
    lifecycle.follow(lifecycle.claim(version.pk), stage="training", done=1, tries=1)
    ModelVersion.objects.update(lease_until=None)

    assert lifecycle.claim(version.pk).tries == 2


LOSING = {"auc": 0.47, "auc of popularity": 0.64, "ndcg@10": 0.02, "ndcg@10 of popularity": 0.05}


def test_what_is_below_popularity_is_kept_and_activated_only_by_a_person(active_personal):
    losing = lifecycle.register("hybrid", activate=True, here=True)
    lifecycle.follow(losing, stage="trained", metrics=LOSING)

    lifecycle.finish(losing)
    lifecycle.activate_as_requested(losing)

    assert (state(losing), state(active_personal)) == ("ready", "active")
    assert (
        losing.error
        == ModelVersion.objects.get(pk=losing.pk).error
        == (
            "below popularity on the products held out (auc 0.47 against 0.64, ndcg@10 0.02 against 0.05): "
            "not activated, what served before serves on"
        )
    )
    lifecycle.request_activation(losing, "ada")
    assert (state(losing), state(active_personal)) == ("active", "retired")
    assert ModelVersion.objects.get(pk=losing.pk).error == ""


def test_what_is_not_below_popularity_is_activated(active_personal):
    level = lifecycle.register("hybrid", activate=True, here=True)
    lifecycle.follow(level, stage="trained", metrics=LOSING | {"auc": 0.64})

    lifecycle.finish(level)
    lifecycle.activate_as_requested(level)

    assert (state(level), level.error) == ("active", "")


def test_the_number_of_a_deleted_version_is_never_given_again():
    first, second = lifecycle.register("hog"), lifecycle.register("hog")
    lifecycle.delete(second)

    assert lifecycle.register("hog").number == 3
    assert first.number == 1


def test_an_upgraded_shop_gives_no_number_of_a_version_that_served_and_was_deleted():
    VersionFactory(method="hog", number=2)
    served = VersionFactory(method="timm:a b", number=7)
    lifecycle.activate(served)
    ModelVersion.objects.filter(pk=served.pk).delete()

    import_module("recommender.migrations.0025_method_numbers").note_numbers(apps, None)

    assert set(MethodNumber.objects.values_list("method", "last")) == {("hog", 2), ("timm:a b", 7)}


def test_what_has_ended_is_trained_again_with_all_that_it_had():
    failed = VersionFactory(method="hog", state="failed", settings={"dimensions": 8}, epochs=3, seed=7)

    again = lifecycle.train_again(failed, "ada")

    assert (again.method, again.settings, again.epochs, again.seed) == ("hog", {"dimensions": 8}, 3, 7)
    assert (again.state, again.by, again.number, again.activate_when_ready) == ("queued", "ada", 2, False)
    with pytest.raises(VersionNotReady, match="hog 2 is queued; only one that has ended is trained again"):
        lifecycle.train_again(again)


def test_a_version_names_the_machine_that_trains_it():
    assert lifecycle.register("hog", here=True).worker == training_log.worker_name()
