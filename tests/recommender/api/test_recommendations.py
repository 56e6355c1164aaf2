from dataclasses import replace
from decimal import Decimal

import pytest
from django.http import QueryDict
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.serializers import Serializer
from rest_framework.test import APIRequestFactory

from catalog.models import Kind, Product
from recommender.api.products import ProductSerializer
from recommender.api.recommendations import RecommendationSerializer, query_of
from recommender.serving.types import Contributor, Recommendation, RecommendationQuery, Result, RetrievalPlan
from tests.factories import CategoryFactory, ProductFactory


def test_nothing_asked_is_the_default():
    assert query_of(QueryDict("")) == RecommendationQuery(limit=12, exclude=[])


def test_everything_asked_is_heard(db):
    CategoryFactory(name="Boots")

    query = query_of(
        QueryDict(
            "limit=100&category=boots&min_price=1&max_price=9.90&in_stock=1&min_score=0.5&diversity=1"
            "&placement=cart&explain=true&exclude_seen=no"
        )
    )

    assert query == RecommendationQuery(
        limit=100,
        category="Boots",
        min_price=Decimal("1.00"),
        max_price=Decimal("9.90"),
        exclude=[],
        min_score=0.5,
        diversity=1.0,
        exclude_seen=False,
        placement="cart",
        explain=True,
    )


@pytest.mark.parametrize(
    ("query", "skus"),
    [
        ("exclude=A-1", ["A-1"]),
        ("exclude=A-1&exclude=A-2", ["A-1", "A-2"]),
        ("exclude=", []),
        ("exclude=,", [","]),
        (
            "exclude=" + ",".join(f"A-{n}" for n in range(100, 1100)),
            [f"A-{n}" for n in sorted(range(100, 1100), key=str)],
        ),
        ("exclude=A-1,A-2&exclude=A-3", ["A-1", "A-1,A-2", "A-2", "A-3"]),  # a SKU may have a comma in it
    ],
)
def test_skus_are_excluded_by_commas_and_by_repetition(query, skus):
    assert query_of(QueryDict(query)).exclude == skus


@pytest.mark.parametrize(("text", "heard"), [("1", True), ("0", False), ("true", True), ("false", False)])
def test_explain_is_a_truth_value(text, heard):
    assert query_of(QueryDict(f"explain={text}")).explain is heard


@pytest.mark.parametrize(
    ("query", "field", "reason"),
    [
        ("limit=0", "limit", "greater than or equal to 1"),
        ("limit=9999", "limit", "less than or equal to 100"),
        ("limit=ten", "limit", "valid integer"),
        ("category=Nope", "category", "There is no category 'Nope'."),
        ("min_score=1.1", "min_score", "less than or equal to 1"),
        ("min_score=nan", "min_score", "valid number"),
        ("diversity=-0.1", "diversity", "greater than or equal to 0"),
        ("min_price=2&max_price=1", "min_price", "above max_price"),
        ("max_price=inf", "max_price", "valid number"),
        ("explain=perhaps", "explain", "valid boolean"),
        ("in_stock=false", "in_stock", "Products that are sold out are never recommended"),
        ("in_stock=0", "in_stock", "Products that are sold out are never recommended"),
        ("placement=" + "x" * 51, "placement", "no more than 50"),
        ("exclude=a%00b", "exclude", "Null characters"),
        ("exclude=A-1," + "x" * 101, "exclude", "no more than 100 characters"),
        ("exclude=" + ",".join(map(str, range(1001))), "exclude", "no more than 1000"),
        ("exclude_seen=perhaps", "exclude_seen", "valid boolean"),
    ],
)
def test_what_makes_no_sense_is_refused_with_its_reason(db, query, field, reason):
    with pytest.raises(ValidationError) as refused:
        query_of(QueryDict(query))

    assert list(refused.value.detail) == [field]
    assert reason in str(refused.value.detail[field])


@pytest.mark.parametrize("has_results", [True, False])
def test_an_answer_is_what_its_fields_give(active, has_results):
    first, second = [
        Product.objects.get(pk=ProductFactory(**given).pk) for given in ({"attributes": {"a": "b"}}, {"image": False})
    ]
    results = [
        Result(1, 0.75, first, True, because=[Contributor(second, Kind.LIKE, 1.0)]),
        Result(2, 0.5, second, False, because=[]),
    ]
    query, plan = RecommendationQuery(placement="cart", explain=True), RetrievalPlan("similar", active)
    found = Recommendation(query, plan, results if has_results else [], "nothing_matches", has_next=has_results)
    found = found if has_results else replace(found, nearest=results)
    context = {"request": Request(APIRequestFactory().get("/api/v1/")), "findable": {first.pk}}
    serializer = RecommendationSerializer(found, context=context)

    by_fields = Serializer.to_representation(serializer, found)
    if has_results:
        del by_fields["reason"]  # only without results
        assert by_fields.pop("nearest") == []  # left out if there is none

    assert serializer.data == by_fields
    for product in (first, second):
        fields = ProductSerializer(context=context)
        documented = Serializer.to_representation(fields, product)
        assert documented.pop("problem", "") == ""  # left out if there is none
        assert documented.pop("is_hidden", False) is False  # left out if visitors see it
        assert fields.to_representation(product) == documented
