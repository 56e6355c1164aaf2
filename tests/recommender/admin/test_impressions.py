import uuid

import pytest

from recommender.models import Impression

pytestmark = pytest.mark.django_db


def test_impressions_are_seen_and_not_changed(admin_client):
    Impression.objects.create(recommendation_id=uuid.uuid4(), placement="cart", strategy="similar", positions=[1, 3])

    page = admin_client.get("/admin/recommender/impression/")

    assert b"cart" in page.content and b"1, 3" in page.content
    assert admin_client.get("/admin/recommender/impression/add/").status_code == 403
