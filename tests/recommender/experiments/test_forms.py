import pytest

from recommender.experiments.forms import PlacementsField, VersionField, versions_to_try
from tests.factories import VersionFactory

pytestmark = pytest.mark.django_db


def test_versions_that_are_trained_and_serve_lists_can_be_tried():
    ready, _ = VersionFactory(), VersionFactory(state="training")
    personal = VersionFactory(role="personal", method="ease", state="active")
    VersionFactory(role="design", method="lsgan")

    assert set(versions_to_try()) == {ready, personal}


def test_a_version_is_offered_with_what_it_was_trained_with():
    version = VersionFactory(method="visrec", settings={"colour": 0.2}, state="active")

    assert VersionField().label_from_instance(version) == "visrec 1 (similar styles, active, colour 0.2)"


@pytest.mark.parametrize(
    ("text", "placements"),
    [("", []), ("product", ["product"]), (" home ,, product,home, ", ["home", "product"])],
)
def test_placements_are_read_with_spaces_and_commas_too_many(text, placements):
    assert PlacementsField(required=False).clean(text) == placements
