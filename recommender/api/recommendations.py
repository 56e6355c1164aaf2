"""The recommendation answer: what may be asked, and how it is told."""

from collections.abc import Callable
from dataclasses import replace
from functools import wraps

from django.http import QueryDict
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ParseError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.views import APIView

from catalog.models import Kind
from recommender.api.fields import Filters, Flag, Limit, Skus
from recommender.api.products import ProductSerializer, product_context
from recommender.serving import saved
from recommender.serving.saved import Caller
from recommender.serving.types import Recommendation, RecommendationQuery, Result


class AskParams(Filters):
    limit = Limit(default=12)
    in_stock = Flag(required=False, help_text="Only true: what is sold out is never recommended.")
    exclude = Skus(required=False, help_text="SKUs: commas between them, repeated, or both.")
    min_score = serializers.FloatField(min_value=0, max_value=1, default=0.0)
    diversity = serializers.FloatField(
        min_value=0,
        max_value=1,
        default=0.0,
        help_text="0: by score alone; 1: of the best five for each place those that are least alike, "
        "in the eyes of the similarity model.",
    )
    exclude_seen = Flag(
        default=True,
        help_text="Of personal answers: whether whatever the shopper did anything with is left out. "
        "What they bought or dislike always is, and copies of its picture with it.",
    )
    placement = serializers.CharField(required=False, max_length=50, help_text="Where the caller shows the answer.")
    explain = Flag(default=False, help_text="Whether each result says which of the shopper's products carried it.")

    def validate_in_stock(self, in_stock: bool) -> bool:
        if not in_stock:
            raise serializers.ValidationError("What is sold out is never recommended: say true, or leave it out.")
        return in_stock


def said(request: Request) -> QueryDict:
    """The parameters in the query string, and of a POST in the body too: where both name one, the body is heard."""
    params = request.query_params.copy()
    if request.method != "POST":
        return params
    if isinstance(request.data, QueryDict):
        params.update(request.data)
    elif isinstance(request.data, dict):
        for name, value in request.data.items():
            several = name == "exclude" and isinstance(value, list)
            params.setlistdefault(name).extend(value if several else [value])
    else:
        raise ParseError("The body is an object: a name and a value each.")
    return params


def asked(params: QueryDict) -> RecommendationQuery:
    """Raises ValidationError."""
    checked = AskParams(data=params)
    checked.is_valid(raise_exception=True)
    return RecommendationQuery(**{name: value for name, value in checked.validated_data.items() if name != "in_stock"})


class VersionSerializer(serializers.Serializer):
    id = serializers.IntegerField()
    method = serializers.CharField()
    version = serializers.IntegerField(source="number")


class BecauseSerializer(serializers.Serializer):
    product = ProductSerializer()
    kind = serializers.ChoiceField(Kind.choices, help_text="The most telling thing that the shopper did with it.")
    weight = serializers.FloatField(
        min_value=0,
        max_value=1,
        help_text="What the score's log-odds would lose without it, as a share of all that is told. A trained taste "
        "would lose it had it not been learnt from; what is deleted afterwards counts until the next training.",
    )


class ResultSerializer(serializers.Serializer):
    rank = serializers.IntegerField(min_value=1)
    score = serializers.FloatField(min_value=0, max_value=1)
    product = ProductSerializer()
    because = BecauseSerializer(many=True, required=False, help_text="Only with explain.")

    def to_representation(self, result: Result) -> dict:
        told = super().to_representation(result)
        if result.because is None:
            del told["because"]
        return told


class RecommendationSerializer(serializers.Serializer):
    recommendation_id = serializers.UUIDField(source="id")
    strategy = serializers.ChoiceField(["similar", "photo", "personal", "fold-in", "session", "popular"])
    model = VersionSerializer(source="version", allow_null=True)
    results = ResultSerializer(many=True)
    next = serializers.SerializerMethodField(help_text="The address of the page after this; null on the last.")
    placement = serializers.CharField(source="query.placement", required=False, help_text="As it was asked with.")
    reason = serializers.CharField(required=False, help_text="Only without results: why there are none.")

    @extend_schema_field({"type": "string", "format": "uri", "nullable": True})
    def get_next(self, recommendation: Recommendation) -> str | None:
        if not recommendation.has_next:
            return None
        address = reverse("api:recommendation", [recommendation.id], request=self.context["request"])
        return f"{address}?page={recommendation.page + 1}"

    def to_representation(self, recommendation: Recommendation) -> dict:
        told = super().to_representation(recommendation)
        if recommendation.results:
            del told["reason"]
        if not recommendation.query.placement:
            del told["placement"]
        return told


def answer(request: Request, recommendation: Recommendation) -> Response:
    results = recommendation.results
    if recommendation.query.explain:
        results = [replace(result, because=result.because or []) for result in results]
    carriers = [because.product for result in results for because in result.because or []]
    context = product_context(request, [*(result.product for result in results), *carriers])
    recommendation = replace(recommendation, results=results, reason=recommendation.reason or "nothing_matches")
    return Response(RecommendationSerializer(recommendation, context=context).data)


def recommends(**documented) -> Callable[[Callable[..., Recommendation]], Callable[..., Response]]:
    """Makes a handler of a view's method that takes what is asked after the request, and returns a recommendation.

    documented: what `extend_schema` is told beside the parameters and the answer.
    """

    def handler_of(recommend: Callable[..., Recommendation]) -> Callable[..., Response]:
        @wraps(recommend)
        def handler(view: APIView, request: Request, **place: str) -> Response:
            found = recommend(view, request, asked(said(request)), **place)
            return answer(request, saved.keep(found, Caller.of(request)))

        return extend_schema(parameters=[AskParams], responses=RecommendationSerializer, **documented)(handler)

    return handler_of
