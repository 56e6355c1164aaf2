"""Resource recommendations/batch/: the strips of one page, each a recommendation of its own, by one request."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.conf import settings
from django.http import QueryDict
from drf_spectacular.utils import PolymorphicProxySerializer, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import APIException, PermissionDenied, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from recommender.access.keys import key_of
from recommender.api import examples, similar, users, visitors
from recommender.api.errors import handle_exception
from recommender.api.fields import MAX_SKU_LENGTH, BoundedList, Flag, Strict
from recommender.api.permissions import STATELESS, Rule, may, reason_against
from recommender.api.recommendations import (
    RecommendationParams,
    RecommendationSerializer,
    add_params,
    query_of,
    recommendation_response,
)
from recommender.api.schema import ProblemSerializer
from recommender.errors import RecommenderError
from recommender.serving import recommend, saved
from recommender.serving.saved import Caller
from recommender.serving.types import Recommendation, RecommendationQuery

MAX_REQUESTS = 10
Member = Mapping[str, Any]  # a request of the batch
NAME = serializers.CharField(max_length=150, trim_whitespace=False)  # of a product, a shopper or a guest


@dataclass(frozen=True)
class Strip:
    """A kind of recommendation: who may have it, and how it is made of a member of the batch."""

    rule: Rule
    recommend: Callable[[Request, Member, RecommendationQuery], Recommendation]


def similar_to(request: Request, member: Member, query: RecommendationQuery) -> Recommendation:
    """Recommend products that look like the one of the `sku`."""
    return similar.similar_to(request, required(member, "sku"), query)


def personal(request: Request, member: Member, query: RecommendationQuery) -> Recommendation:
    """Recommend products to the `user`, to the guest of the `session`, or to the caller."""
    if "user" in member:
        return users.recommend_to(request, users.shopper_for(request, required(member, "user"), users.VIEW), query)
    if "session" in member:
        check(request, visitors.VisitorRecommendations.rules["GET"])
        return visitors.recommend_to_guest(request, required(member, "session"), query)
    guest = visitors.visitor_of(request)
    if guest:
        return visitors.recommend_to_guest(request, guest.session, query)
    return users.recommend_to_caller(request, query)


def by_example(request: Request, member: Member, query: RecommendationQuery) -> Recommendation:
    """Recommend products by those that the member names."""
    return examples.recommend_to_guest(examples.ByExample(data=member), query)


def for_events(request: Request, member: Member, query: RecommendationQuery) -> Recommendation:
    """Recommend products by the events of the member."""
    return examples.recommend_to_guest(examples.Session(data=member), query)


def popular(request: Request, member: Member, query: RecommendationQuery) -> Recommendation:
    """Recommend the most popular products."""
    return recommend.popular_products(query)


STRIPS = {
    "similar": Strip(similar.SimilarProducts.rules["GET"], similar_to),
    "personal": Strip(users.MyRecommendations.rules["GET"], personal),
    "session": Strip(examples.RecommendForSession.rules["POST"], for_events),
    "by-example": Strip(examples.RecommendByExample.rules["POST"], by_example),
    "popular": Strip(STATELESS, popular),
}


def required(member: Member, name: str) -> str:
    """Return a text of a member. Raises ValidationError."""
    try:
        text: str = NAME.run_validation(member.get(name))
    except ValidationError as error:
        raise ValidationError({name: error.detail}) from error
    return text


def check(request: Request, rule: Rule) -> None:
    """Raise PermissionDenied unless the caller may do what has this rule."""
    if not may(request, rule):
        raise PermissionDenied(reason_against(rule, key_of(request)))


class StripForm(RecommendationParams):
    """A recommendation that is requested, with the parameters of its kind and those of all."""

    kind = serializers.ChoiceField(list(STRIPS))
    sku = serializers.CharField(required=False, max_length=MAX_SKU_LENGTH, help_text="`similar`: to this product.")
    user = serializers.CharField(required=False, max_length=150, help_text="`personal`: to this shopper.")
    session = serializers.CharField(required=False, max_length=150, help_text="`personal`: to this guest.")
    like = examples.SkuList(help_text="`by-example`: SKUs of products that the visitor likes.")
    dislike = examples.SkuList(help_text="`by-example`: SKUs of products that the visitor dislikes.")
    events = BoundedList(
        child=examples.SessionEvent(),
        required=False,
        max_length=examples.MAX_EVENTS,
        help_text="`session`: the events.",
    )


@extend_schema_field(StripForm(many=True))
class Requests(BoundedList):
    """Requests, each of which is checked by itself later."""

    child = serializers.DictField()


class StripsInput(Strict):
    """Recommendations that are requested together."""

    requests = Requests(min_length=1, max_length=MAX_REQUESTS)
    distinct = Flag(default=False, help_text="Whether no product is in two lists; the first list that has it keeps it.")


RESPONSE = PolymorphicProxySerializer(
    component_name="RecommendationOrProblem",
    serializers=[RecommendationSerializer, ProblemSerializer],
    resource_type_field_name=None,
    many=True,
)


@extend_schema_field(RESPONSE)
class Responses(serializers.ListField):
    """Recommendations and problem documents, of each request what it would have got by itself."""


class StripsSerializer(serializers.Serializer[None]):
    results = Responses(
        help_text="Of each request, in order, a recommendation or a problem document, which has a `status`."
    )


class Strips(APIView):
    body_limit = settings.BATCH_BODY_LIMIT
    operations = {"POST": "recommend_in_batch"}
    rules = {"POST": STATELESS}
    only_reads = True  # by POST as well: a replica may answer

    @extend_schema(
        summary="Several recommendations at once",
        description=f"Up to {MAX_REQUESTS} recommendations, such as the strips of one page: `similar` with a `sku`, "
        "`personal` for the caller, for the guest whose token is in the header X-Visitor, for a `user` or for a "
        "`session`, `session` with `events`, `by-example` with `like` and `dislike`, and `popular`. Each is "
        "for whom it is by itself, and counts as a request of its own. With `distinct` no product is in two lists.",
        request=StripsInput,
        responses=StripsSerializer,
    )
    def post(self, request: Request) -> Response:
        params = StripsInput(data=request.data)
        params.is_valid(raise_exception=True)
        members = params.validated_data["requests"]
        for _ in members[1:]:  # the first was counted as this request
            self.check_throttles(request)
        shown: list[str] = []
        found = []
        for member in members:
            payload = self.respond(request, member, shown)
            found.append(payload)
            if params.validated_data["distinct"]:
                shown += [result["product"]["sku"] for result in payload.get("results", [])]
        return Response({"results": found})

    def respond(self, request: Request, member: Member, shown: list[str]) -> dict[str, Any]:
        """Return a recommendation without the products `shown`, which are SKUs, or a problem document."""
        try:
            kind = member.get("kind")
            strip = STRIPS.get(kind) if isinstance(kind, str) else None
            if strip is None:
                raise ValidationError({"kind": [f"One of {', '.join(STRIPS)} is expected."]})
            check(request, strip.rule)
            given = QueryDict(mutable=True)
            add_params(given, member)
            query = query_of(given)
            found = strip.recommend(request, member, replace(query, exclude=[*query.exclude, *shown]))
            payload: dict[str, Any] = recommendation_response(request, saved.save(found, Caller.of(request))).data
        except (APIException, RecommenderError) as error:
            refused = handle_exception(error, {"view": self, "request": request})
            if refused is None:
                raise
            payload = refused.data
        return payload
