import uuid

import pytest
from django.db import IntegrityError, transaction

from recommender.models import Impression

pytestmark = pytest.mark.django_db


def test_what_was_seen_of_a_recommendation_is_one_row():
    seen = Impression(recommendation_id=uuid.uuid4(), strategy="similar", positions=[1, 2])
    seen.save(force_insert=True)

    with pytest.raises(IntegrityError), transaction.atomic():
        Impression(recommendation_id=seen.pk, strategy="similar", positions=[3]).save(force_insert=True)

    assert str(seen) == f"2 results of recommendation {seen.pk}"
