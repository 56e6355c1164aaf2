import pytest

from catalog.admin import pagination
from tests.factories import InteractionFactory

pytestmark = pytest.mark.django_db


def test_interactions_are_counted_no_further_than_the_newest(admin_client, monkeypatch):
    monkeypatch.setattr(pagination, "NEWEST", 2)
    for _ in range(3):
        InteractionFactory()

    listed = admin_client.get("/admin/catalog/interaction/").context["cl"]

    assert listed.paginator.count == 2
