"""Recommendations: their parameters and their representation, for all resources that return some."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache, cached_property, wraps
from typing import Any, TypedDict, Unpack
from uuid import UUID

from django.http import QueryDict
from django.urls import get_script_prefix, reverse
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ParseError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from catalog.models import Kind
from recommender.access.keys import key_of
from recommender.api.fields import Filters, Flag, Limit, Number, Skus
from recommender.api.products import ProductSerializer, at_origin
from recommender.models import ModelVersion
from recommender.serving import saved
from recommender.serving.saved import Caller
from recommender.serving.types import (
    Contributor,
    Match,
    PhotoFindings,
    PhotoObject,
    Recommendation,
    RecommendationQuery,
    Result,
)
from recommender.versions.queries import findable_since


class RecommendationParams(Filters):
    """Parameters of a recommendation."""

    limit = Limit(default=12)
    in_stock = Flag(required=False, help_text="Only true: products that are sold out are never recommended.")
    exclude = Skus(required=False, help_text="SKUs to leave out: separated by commas, repeated, or both.")
    min_score = Number(min_value=0, max_value=1, default=0.0)
    diversity = Number(
        min_value=0,
        max_value=1,
        default=0.0,
        help_text="0: products are ranked by score alone. 1: of the best products, five times as many as the limit, "
        "those are chosen that are least similar to each other, by the similarity model.",
    )
    exclude_seen = Flag(
        default=True,
        help_text="For personal recommendations: leave out products that the shopper has any interaction with. "
        "Products that the shopper bought or dislikes, and copies of their images, are always left out.",
    )
    placement = serializers.CharField(
        required=False, max_length=50, help_text="Where the caller shows the recommendation."
    )
    explain = Flag(
        default=False, help_text="Whether each result names the shopper's products that contributed most to it."
    )

    def validate_in_stock(self, in_stock: bool) -> bool:
        if not in_stock:
            raise serializers.ValidationError(
                "Products that are sold out are never recommended: use true, or leave it out."
            )
        return in_stock


NOBODY = UUID(int=0)

# To make one for each request would take longer than the validation. It keeps nothing of what it validates.
PARAMS = RecommendationParams()


def params_of(request: Request) -> QueryDict:
    """Return the parameters in the query string and, for a POST, in the body; of a name in both, the body's counts.

    Raises ParseError for a body that is no object.
    """
    params = request.query_params.copy()
    if request.method != "POST":
        return params
    body: object = request.data
    if isinstance(body, QueryDict):
        for name, values in body.lists():
            params.setlistdefault(name).extend(values)
    elif isinstance(body, dict):
        add_params(params, body)
    else:
        raise ParseError("The body must be an object with names and values.")
    return params


def add_params(params: QueryDict, body: Mapping[str, object]) -> None:
    """Add the parameters of a body in JSON."""
    values: Any  # of JSON, which serializers check
    for name, values in body.items():
        params.setlistdefault(name).extend(values if name == "exclude" and isinstance(values, list) else [values])


def query_of(params: QueryDict) -> RecommendationQuery:
    """Return the parameters as a query. Raises ValidationError."""
    checked = PARAMS.run_validation(params)
    return RecommendationQuery(**{name: value for name, value in checked.items() if name != "in_stock"})


def for_visitor(request: Request, query: RecommendationQuery, name: str) -> RecommendationQuery:
    """Return the query with the visitor that experiments count: the caller, or whom a key names."""
    return replace(query, visitor=name if key_of(request) else Caller.of(request).visitor)


class VersionSerializer(serializers.Serializer[ModelVersion]):
    id = serializers.IntegerField()
    method = serializers.CharField()
    version = serializers.IntegerField(source="number")


class BecauseSerializer(serializers.Serializer[Contributor]):
    product = ProductSerializer()
    kind = serializers.ChoiceField(Kind.choices, help_text="The strongest interaction of the shopper with it.")
    weight = serializers.FloatField(
        min_value=0,
        max_value=1,
        help_text="How much lower the log-odds of the score would be without this product, as a share of the sum over "
        "the products in the list. For a trained taste: if the model had not been trained with it. A deleted "
        "interaction counts until the next training.",
    )


class ResultSerializer(serializers.Serializer[Result]):
    rank = serializers.IntegerField(min_value=1)
    score = serializers.FloatField(
        min_value=0,
        max_value=1,
        help_text="How well it suits, by which the list is ranked. In a personal list it is a chance: of the products "
        "that shoppers took later and as many drawn at random, the share that were taken of those with this score.",
    )
    product = ProductSerializer()
    because = BecauseSerializer(many=True, required=False, help_text="Only with explain.")


@extend_schema_field(
    {"type": "array", "items": {"type": "number", "minimum": 0, "maximum": 1}, "minItems": 4, "maxItems": 4}
)
class BoxOut(serializers.ListField):
    """Box of a part of a photo."""


class PhotoObjectSerializer(serializers.Serializer[PhotoObject]):
    box = BoxOut()
    label = serializers.CharField(  # type: ignore[assignment]  # a field of that name, not the serializer's own label
        required=False, help_text="Category of the product that it is a good match of."
    )


class MatchSerializer(serializers.Serializer[Match]):
    same_product = serializers.FloatField(min_value=0, max_value=1)
    same_style = serializers.FloatField(min_value=0, max_value=1)


class RecommendationSerializer(serializers.Serializer[Recommendation]):
    recommendation_id = serializers.UUIDField(source="id")
    strategy = serializers.ChoiceField(["similar", "photo", "text", "personal", "fold-in", "session", "popular"])
    model = VersionSerializer(source="version", allow_null=True)
    results = ResultSerializer(many=True)
    next = serializers.SerializerMethodField(help_text="URL of the next page; null on the last page.")
    placement = serializers.CharField(source="query.placement", required=False, help_text="As in the request.")
    reason = serializers.CharField(required=False, help_text="Only without results: why there are none.")
    nearest = ResultSerializer(
        many=True, required=False, help_text="Only with the reason no_good_match: the products that come nearest."
    )

    box = BoxOut(
        source="photo.box",
        required=False,
        help_text="Only of a photo: the part that was searched by: left, top, right and bottom, as shares of its "
        "sides.",
    )
    objects = PhotoObjectSerializer(
        source="photo.objects",
        many=True,
        required=False,
        help_text="Only of a photo: what was found in it. Without `box` in the request the first was searched by.",
    )
    match = MatchSerializer(
        source="photo.match",
        required=False,
        help_text="Only of a photo: the chances that the first result, or else the nearest product, is the product in "
        "the photo, and that it is of the same style. They were fitted to altered images of the catalogue.",
    )

    @extend_schema_field({"type": "string", "format": "uri", "nullable": True})
    def get_next(self, recommendation: Recommendation) -> str | None:
        if not recommendation.has_next:
            return None
        path = page_path(get_script_prefix()).replace(str(NOBODY), str(recommendation.id))
        return at_origin(self.products.origin, f"{path}?page={recommendation.page + 1}")

    def to_representation(self, recommendation: Recommendation) -> dict[str, Any]:
        """Return what the fields above give, without a call for each."""
        version, query = recommendation.version, recommendation.query
        payload: dict[str, Any] = {
            "recommendation_id": str(recommendation.id),
            "strategy": recommendation.strategy,
            "model": {"id": version.pk, "method": version.method, "version": version.number} if version else None,
            "results": [self.represent(result) for result in recommendation.results],
            "next": self.get_next(recommendation),
        }
        if query.placement:
            payload["placement"] = query.placement
        if not recommendation.results:
            payload["reason"] = recommendation.reason
        if recommendation.nearest:
            payload["nearest"] = [self.represent(result) for result in recommendation.nearest]
        return payload | (photo_payload(recommendation.photo) if recommendation.photo else {})

    def represent(self, result: Result) -> dict[str, Any]:
        product = self.products.to_representation
        payload = {"rank": result.rank, "score": result.score, "product": product(result.product)}
        if result.because is not None:
            payload["because"] = [
                {"product": product(because.product), "kind": because.kind, "weight": because.weight}
                for because in result.because
            ]
        return payload

    @cached_property
    def products(self) -> ProductSerializer:
        return ProductSerializer(context=self.context)


def photo_payload(found: PhotoFindings) -> dict[str, Any]:
    """Return what the fields of a photo give."""
    objects = [{"box": list(each.box)} | ({"label": each.label} if each.label else {}) for each in found.objects]
    payload: dict[str, Any] = {"box": list(found.box), "objects": objects}
    if found.match:
        payload["match"] = {"same_product": found.match.same_product, "same_style": found.match.same_style}
    return payload


@cache
def page_path(script: str) -> str:
    """Return the path of the recommendation NOBODY: for each one to reverse it would take a while."""
    return reverse("api:recommendation", args=[NOBODY])


def recommendation_response(request: Request, recommendation: Recommendation) -> Response:
    """Return the recommendation as a response."""
    results = recommendation.results
    if recommendation.query.explain:
        results = [replace(result, because=result.because or []) for result in results]
    contributors = [because.product for result in results for because in result.because or []]
    shown = [*results, *recommendation.nearest]
    findable = {result.product.pk for result in shown if result.is_findable} | set(findable_since(contributors))
    context = {"request": request, "findable": findable}
    recommendation = replace(recommendation, results=results, reason=recommendation.reason or "nothing_matches")
    return Response(RecommendationSerializer(recommendation, context=context).data)


class Documented(TypedDict, total=False):
    """Arguments of extend_schema that differ between the resources."""

    summary: str
    description: str
    request: type[serializers.Serializer[None]]
    responses: dict[Any, type[serializers.Serializer[Any]]]  # where there is more than the recommendation


def recommends(
    *parameters: type[serializers.Serializer[None]], **documented: Unpack[Documented]
) -> Callable[[Callable[..., Recommendation]], Callable[..., Response]]:
    """Return a decorator for a view's method that takes the request and a query and returns a recommendation.

    parameters: serializers of those that it takes beside those of all recommendations.

    The handler that replaces it reads the query from the request, saves the recommendation and returns a response.
    """

    documented.setdefault("responses", {200: RecommendationSerializer})

    def decorator(recommend: Callable[..., Recommendation]) -> Callable[..., Response]:
        @wraps(recommend)
        def handler(view: APIView, request: Request, **path_params: str) -> Response:
            found = recommend(view, request, query_of(params_of(request)), **path_params)
            return recommendation_response(request, saved.save(found, Caller.of(request)))

        described = extend_schema(parameters=[*parameters, RecommendationParams], **documented)
        return described(handler)

    return decorator
