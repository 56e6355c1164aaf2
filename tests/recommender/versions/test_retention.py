from datetime import timedelta

import pytest
from django.utils import timezone

from recommender import maintenance
from recommender.experiments import lifecycle
from recommender.experiments.models import Arm
from recommender.models import Activation, ImageEmbedding, ModelVersion
from recommender.versions import retention
from tests.factories import ProductFactory, VersionFactory, embed, turned
from tests.recommender.experiments.conftest import begin, draft

pytestmark = pytest.mark.django_db


@pytest.fixture
def old_versions(active):
    """Four versions, the oldest first, of which the oldest but one served before the active one."""
    versions = [VersionFactory(state="ready") for _ in range(4)]
    for days, version in zip((50, 40, 30, 20), versions, strict=True):
        used = timezone.now() - timedelta(days)
        ModelVersion.objects.filter(pk=version.pk).update(finished_at=used, created_at=used)
    served = timezone.now() - timedelta(35)
    ModelVersion.objects.filter(pk=versions[1].pk).update(state="retired", activated_at=served)
    for version, at in ((versions[1], served), (active, timezone.now())):
        Activation.objects.create(role="similar", version=version, name=str(version), at=at)
    return versions


def test_of_old_versions_the_last_and_the_one_to_roll_back_to_are_retained(old_versions, settings, active):
    settings.RETAINED_VERSIONS = 2
    product = ProductFactory()
    for version in old_versions:
        embed(product, version, turned(0))
        (version.folder / "training").mkdir(parents=True)
    design = VersionFactory(role="design", method="lsgan")

    maintenance.sweep()

    retained = {active, design, old_versions[1], old_versions[3]}
    assert set(ModelVersion.objects.all()) == retained
    assert {row.version for row in ImageEmbedding.objects.all()} == {old_versions[1], old_versions[3]}


def test_a_version_of_this_week_is_not_removed_but_has_a_date(old_versions, settings):
    settings.RETAINED_VERSIONS = 3
    assert set(retention.removal_dates()) == {old_versions[0].pk}
    used = timezone.now() - timedelta(3)
    ModelVersion.objects.filter(pk__in=[version.pk for version in old_versions]).update(finished_at=used)

    retention.remove_old_versions()

    assert ModelVersion.objects.filter(pk=old_versions[0].pk).exists()
    assert retention.removal_dates() == {old_versions[0].pk: used + retention.GRACE}


def test_what_a_training_left_is_removed_once_it_has_ended(active):
    running, cancelled = VersionFactory(state="training"), VersionFactory(state="cancelled")
    ModelVersion.objects.filter(pk=active.pk).update(finished_at=timezone.now() - retention.STOPPED)
    ModelVersion.objects.filter(pk=cancelled.pk).update(finished_at=timezone.now())  # its worker may not know it yet
    for version in (active, running, cancelled):
        (version.folder / "training").mkdir(parents=True)
        (version.folder / "training" / "epoch.safetensors").touch()
        (version.folder / "training-00002").mkdir()
        (version.folder / "pictures.npy").touch()
        (version.folder / "weights.safetensors").touch()

    retention.remove_leftovers()

    assert [file.name for file in active.folder.iterdir()] == ["weights.safetensors"]
    assert [len(list(version.folder.iterdir())) for version in (running, cancelled)] == [4, 4]


def test_a_version_of_an_experiment_that_runs_is_retained(old_versions, settings):
    settings.RETAINED_VERSIONS = 1
    tried, other = old_versions[0], old_versions[2]
    experiment = begin(Arm(name="A", share=50), Arm(name="B", share=50, version=tried))
    draft(Arm(name="A", share=50), Arm(name="B", share=50, version=other))
    assert set(retention.removal_dates()) == {other.pk, old_versions[3].pk}

    lifecycle.stop(experiment, "boss")

    assert set(retention.removal_dates()) == {tried.pk, other.pk, old_versions[3].pk}
