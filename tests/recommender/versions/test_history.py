"""The history of what served, and the way back along it."""

from importlib import import_module

import pytest
from django.apps import apps
from django.utils import timezone

from recommender.errors import VersionNotReady
from recommender.models import Activation, ModelVersion, Role
from recommender.versions import history, lifecycle
from tests.factories import ProductFactory, VersionFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def versions():
    """Three versions, activated one after the other by an account."""
    found = VersionFactory.create_batch(3, method="pixels")
    for version in found:
        lifecycle.request_activation(version, "ada")
    return found


def serving() -> ModelVersion:
    return ModelVersion.objects.get(role=Role.SIMILAR, state="active")


def test_it_says_what_served_in_place_of_what_who_wanted_it_and_why(versions):
    first, second, third = versions
    lifecycle.roll_back(Role.SIMILAR, "key ERP", reason="too many shoes")

    rows = Activation.objects.values_list("name", "former", "by", "is_roll_back", "reason")
    assert list(rows) == [
        (str(second), str(third), "key ERP", True, "too many shoes"),
        (str(third), str(second), "ada", False, ""),
        (str(second), str(first), "ada", False, ""),
        (str(first), "", "ada", False, ""),
    ]


def test_a_roll_back_goes_back_step_by_step_and_brings_nothing_again_that_it_left(versions):
    first, second, third = versions

    assert [lifecycle.roll_back(Role.SIMILAR) for _ in range(2)] == [second, first]
    assert serving() == first
    with pytest.raises(VersionNotReady, match="no earlier version has served"):
        lifecycle.roll_back(Role.SIMILAR)

    lifecycle.activate(third)
    assert lifecycle.roll_back(Role.SIMILAR) == first


def test_of_two_presses_of_one_button_one_goes_back(versions):
    first, second, third = versions
    assert lifecycle.roll_back(Role.SIMILAR, leaving=third) == second
    with pytest.raises(VersionNotReady, match=f"{third} is not active: {second} serves similar styles"):
        lifecycle.roll_back(Role.SIMILAR, leaving=third)
    assert serving() == second


def test_a_deleted_version_is_passed_over_but_not_forgotten(versions):
    first, second, third = versions
    lifecycle.delete(second)

    assert history.former_version(Role.SIMILAR) == first
    assert Activation.objects.get(version=None).name == str(second)


def test_what_serves_already_is_not_activated_again(versions):
    lifecycle.request_activation(versions[2], "bob")
    assert Activation.objects.count() == 3


def test_a_request_that_waits_for_a_worker_keeps_who_made_it(active):
    ProductFactory()
    newer, newest = VersionFactory.create_batch(2)
    lifecycle.request_activation(newer, "ada")
    lifecycle.request_activation(newest, "bob")
    assert Activation.objects.get().at is None

    lifecycle.activate_as_requested(newest)

    row = Activation.objects.get()
    assert (row.version, row.by, row.former) == (newest, "bob", str(active))
    assert row.at <= timezone.now()


def test_an_upgraded_shop_knows_the_last_activation_of_each_version(active):
    ModelVersion.objects.update(activated_at=timezone.now())
    former = VersionFactory(state="retired", activated_at=timezone.now() - timezone.timedelta(days=1))
    VersionFactory()

    import_module("recommender.migrations.0018_activations").record_former(apps, None)

    assert list(Activation.objects.values_list("version", "former")) == [(active.pk, str(former)), (former.pk, "")]
    assert lifecycle.roll_back(Role.SIMILAR) == former


def test_a_version_of_the_longest_name_can_serve(active):
    longest = VersionFactory(method="x" * ModelVersion._meta.get_field("method").max_length, number=2**31 - 1)

    lifecycle.activate(longest)
    lifecycle.activate(active)

    assert Activation.objects.get(version=active).former == str(longest)
