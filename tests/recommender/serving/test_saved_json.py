import json
from dataclasses import asdict
from decimal import Decimal

import numpy as np
import pytest
from django.core.serializers.json import DjangoJSONEncoder

from catalog.models import Kind
from recommender.errors import NoSuchRecommendation
from recommender.serving import history, saved_json
from recommender.serving.history import ProductActivity
from recommender.serving.types import RecommendationQuery, RetrievalPlan
from tests.factories import ProductFactory, ShopperFactory, embed, turned

SERVED = ("visitor", "version", "trial")  # of which the plan and the exposure are saved


def through_json(value):
    return json.loads(json.dumps(value, cls=DjangoJSONEncoder))


def test_what_was_asked_comes_back():
    everything = RecommendationQuery(
        limit=3,
        category="Bags",
        min_price=Decimal("1.50"),
        max_price=Decimal("0.00"),
        exclude=["A-1"],
        min_score=0.1,
        diversity=0.2,
        exclude_seen=False,
        placement="cart",
        explain=True,
    )
    for query in (RecommendationQuery(exclude=[]), everything):
        saved = through_json(saved_json.query_to_json(query))
        fields = {name: value for name, value in asdict(query).items() if name not in SERVED}
        assert saved == through_json(fields)  # with every other field
        assert saved_json.query_from_json(saved) == query


def test_what_an_answer_is_made_from_comes_back(active_personal):
    product, shopper = ProductFactory(), ShopperFactory()
    embed(product, active_personal, turned(30))
    own = history.load_history(active_personal, [ProductActivity(product.pk, Kind.LIKE, 0.7, is_new=True)])
    plan = RetrievalPlan("personal", active_personal, np.array([1.0, 1 / 3]), None, shopper, "", own, [product.pk])

    back = saved_json.plan_from_json(through_json(saved_json.plan_to_json(plan, explain=True)))

    assert (back.strategy, back.version, list(back.vector)) == ("personal", active_personal, [1.0, 1 / 3])
    assert (back.product, back.shopper, back.session, back.excluded_ids) == (None, shopper, "", [product.pk])
    assert (back.own.activities, back.own.vectors.tolist()) == (own.activities, own.vectors.tolist())
    assert len(saved_json.plan_from_json(through_json(saved_json.plan_to_json(plan, explain=False))).own) == 0
    type(active_personal).objects.all().delete()
    with pytest.raises(NoSuchRecommendation, match="version that gave this recommendation was deleted"):
        saved_json.plan_from_json(through_json(saved_json.plan_to_json(plan, explain=False)))
