from datetime import timedelta

import pglock
import pytest
from django.db import IntegrityError, OperationalError, connection, transaction
from django.utils import timezone

from recommender.errors import TrainingCancelled, TrainingRefused, VersionNotReady
from recommender.models import ImageEmbedding, ModelVersion
from recommender.versions import lifecycle
from recommender.versions.vectors import index, store
from tests.factories import ProductFactory, VersionFactory, embed, turned
from tests.recommender.locks import held_elsewhere

pytestmark = pytest.mark.django_db


def indexes() -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT indexname FROM pg_indexes WHERE indexname LIKE 'embedding_hnsw_%'")
        return {name for (name,) in cursor.fetchall()}


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


def test_a_version_that_lacks_vectors_is_not_activated(active):
    ProductFactory()
    newer = VersionFactory()

    with pytest.raises(VersionNotReady, match="lacks the vectors of 1 pictures"):
        lifecycle.activate(newer)

    assert (state(active), state(newer)) == ("active", "ready")


def test_an_untrained_version_is_not_activated(active):
    newer = VersionFactory(state="training")

    with pytest.raises(VersionNotReady, match="is training"):
        lifecycle.activate(newer)

    assert state(active) == "active"


def test_the_database_allows_one_active_version_a_role(active):
    with pytest.raises(IntegrityError, match="one_active_version"), transaction.atomic():
        VersionFactory(state="active")


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


def test_storing_twice_changes_nothing_unless_asked_to(active):
    image = ProductFactory().images.get()

    store.store_vectors(active, [(image.pk, image.product_id, turned(0))])
    store.store_vectors(active, [(image.pk, image.product_id, turned(90))])
    assert ImageEmbedding.objects.get().vector == pytest.approx(turned(0), abs=1e-6)

    store.store_vectors(active, [(image.pk, image.product_id, turned(90))], replace=True)
    assert ImageEmbedding.objects.get().vector == pytest.approx(turned(90), abs=1e-6)


def test_a_picture_deleted_meanwhile_is_passed_over(active):
    image = ProductFactory().images.get()
    gone = ProductFactory()
    ghost = (gone.images.get().pk, gone.pk, turned(0))
    gone.delete()

    store.store_vectors(active, [ghost, (image.pk, image.product_id, turned(0))])

    assert ImageEmbedding.objects.get().image == image


def test_each_version_has_an_index_of_its_own_which_goes_with_it(active):
    other = VersionFactory(dimensions=3)
    index.build_index(active)
    index.build_index(other)
    index.build_index(other)
    assert indexes() == {index.index_name(active), index.index_name(other)}

    lifecycle.delete(other)

    assert indexes() == {index.index_name(active)}
    with pytest.raises(VersionNotReady, match="is active"):
        lifecycle.delete(active)


@pytest.mark.django_db(transaction=True)
def test_an_index_left_half_built_is_built_again():
    version = VersionFactory()
    embed(ProductFactory(), version, turned(0))
    name = index.index_name(version)
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE INDEX {name} ON recommender_imageembedding (id)")
        cursor.execute(f"UPDATE pg_index SET indisvalid = false WHERE indexrelid = '{name}'::regclass")

    index.build_index(version)

    with connection.cursor() as cursor:
        cursor.execute("SELECT indexdef FROM pg_indexes WHERE indexname = %s", [name])
        assert "hnsw" in cursor.fetchone()[0]
    lifecycle.delete(version)
