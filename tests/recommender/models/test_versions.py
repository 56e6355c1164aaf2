import pytest
from django.db import IntegrityError, transaction

from tests.factories import VersionFactory

pytestmark = pytest.mark.django_db


def test_the_database_allows_one_active_version_a_role(active):
    with pytest.raises(IntegrityError, match="one_active_version"), transaction.atomic():
        VersionFactory(state="active")


def test_a_version_s_folder_is_named_after_its_id_and_method(active, settings):
    assert active.folder == settings.MODELS_ROOT / f"{active.pk:06d}-pixels"
