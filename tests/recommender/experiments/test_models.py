import pytest

from recommender.experiments.models import Arm, new_salt
from recommender.versions import lifecycle
from tests.factories import VersionFactory
from tests.recommender.experiments.conftest import begin


def test_an_arm_fixes_what_it_names():
    assert Arm(diversity=0.0, exclude_seen=False).parameters == {"diversity": 0.0, "exclude_seen": False}
    assert Arm().parameters == {}


def test_what_an_arm_fixes_besides_a_version_can_be_adopted():
    assert [arm.can_be_adopted for arm in (Arm(), Arm(strategy="popular"), Arm(diversity=0.0))] == [False, True, True]


def test_each_experiment_has_a_salt_of_its_own():
    assert len({new_salt() for _ in range(10)}) == 10


@pytest.mark.django_db
def test_an_arm_says_that_its_version_was_deleted():
    version = VersionFactory()
    arm = begin(Arm(name="A", share=50), Arm(name="B", share=50, version=version)).arms.last()
    assert not arm.lacks_version

    lifecycle.delete(version)
    arm.refresh_from_db()

    assert (arm.lacks_version, arm.version_name) == (True, str(version))
