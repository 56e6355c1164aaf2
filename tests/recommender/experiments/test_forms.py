import pytest

from recommender.experiments.forms import versions_to_try
from tests.factories import VersionFactory

pytestmark = pytest.mark.django_db


def test_versions_that_are_trained_and_serve_lists_can_be_tried():
    ready, _ = VersionFactory(), VersionFactory(state="training")
    personal = VersionFactory(role="personal", method="ease", state="active")
    VersionFactory(role="design", method="lsgan")

    assert set(versions_to_try()) == {ready, personal}
