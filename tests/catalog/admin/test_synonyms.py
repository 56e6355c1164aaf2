import pytest

from catalog.models import Synonyms

pytestmark = pytest.mark.django_db


def test_staff_adds_synonyms(admin_client):
    assert admin_client.post("/admin/catalog/synonyms/add/", {"terms": "mac, raincoat"}).status_code == 302

    assert Synonyms.objects.filter(terms="mac, raincoat").exists()
    assert "mac, raincoat" in admin_client.get("/admin/catalog/synonyms/", {"q": "mac"}).content.decode()
