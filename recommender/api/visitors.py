"""Resource visitors/: guests of a storefront, each known by a token that only they hold."""

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import AuthenticationFailed, NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from catalog import interactions, queries, visitors
from catalog.visitors import HEADER, BadToken, Visitor
from recommender.api.histories import HISTORY, delete_one, history_page
from recommender.api.pagination import Pages
from recommender.api.permissions import PUBLIC, Rule
from recommender.api.problems import as_sentence
from recommender.api.recommendations import for_visitor, recommends
from recommender.serving import recommend
from recommender.serving.types import Recommendation, RecommendationQuery
from recommender.throttling import VisitorThrottle

VIEW, READ, FORGET = "catalog.view_shopper", "catalog.view_interaction", "catalog.delete_interaction"
TOKEN = extend_schema(parameters=[OpenApiParameter(HEADER, OpenApiTypes.STR, OpenApiParameter.HEADER, required=True)])


def visitor_of(request: Request) -> Visitor | None:
    """Return the guest whose token is in the header X-Visitor; None without it. Raises AuthenticationFailed."""
    token = request.headers.get(HEADER)
    if token is None:
        return None
    try:
        return visitors.read_token(token)
    except BadToken as error:
        raise AuthenticationFailed(f"{HEADER}: {as_sentence(error)}") from error


def required_visitor_of(request: Request) -> Visitor:
    """Return the guest whose token is in the header X-Visitor. Raises AuthenticationFailed, without the header too."""
    visitor = visitor_of(request)
    if visitor is None:
        raise AuthenticationFailed(f"This needs the header {HEADER} with a token of POST visitors/.")
    return visitor


def recommend_to_guest(request: Request, session: str, query: RecommendationQuery) -> Recommendation:
    """Recommend products to a guest."""
    return recommend.for_session(session, for_visitor(request, query, session))


class VisitorSerializer(serializers.Serializer[None]):
    visitor = serializers.CharField(
        help_text=f"Token for the header {HEADER}; valid for {visitors.TOKEN_AGE.days} days."
    )


class Visitors(APIView):
    operations = {"POST": "create_visitor"}
    rules = {"POST": PUBLIC}
    throttle_classes = [*APIView.throttle_classes, VisitorThrottle]

    @extend_schema(
        summary="A token for a guest",
        description=f"The token is for one guest's browser, which sends it in the header {HEADER} with the guest's "
        "interactions and reads the guest's recommendations with it. Nothing is stored before there is an interaction.",
        request=None,
        responses={201: VisitorSerializer},
    )
    def post(self, request: Request) -> Response:
        return Response({"visitor": visitors.issue_token()}, status=201)


class OwnRecommendations(APIView):
    operations = {"GET": "recommend_to_own_visitor"}
    rules = {"GET": PUBLIC}

    @TOKEN
    @recommends(
        summary="Recommendations for the guest of a token",
        description="By the guest's interactions. The strategy is `popular` while there are none.",
    )
    def get(self, request: Request, query: RecommendationQuery) -> Recommendation:
        return recommend_to_guest(request, required_visitor_of(request).session, query)


class VisitorRecommendations(APIView):
    operations = {"GET": "recommend_to_visitor"}
    rules = {"GET": Rule(permissions=(VIEW,))}

    @recommends(
        summary="Recommendations for a guest",
        description="By the interactions that were recorded under this session.",
    )
    def get(self, request: Request, query: RecommendationQuery, session: str) -> Recommendation:
        return recommend_to_guest(request, session, query)


class OwnInteractions(APIView):
    pagination_class = Pages  # drf-spectacular reads it
    operations = {"GET": "list_own_visitor_interactions", "DELETE": "delete_own_visitor_interactions"}
    rules = {"GET": PUBLIC, "DELETE": PUBLIC}

    @TOKEN
    @HISTORY
    @extend_schema(summary="Interactions of the guest of a token")
    def get(self, request: Request) -> Response:
        return history_page(request, queries.interactions_of(session=required_visitor_of(request).session))

    @TOKEN
    @extend_schema(summary="Delete the interactions of the guest of a token", responses={204: None})
    def delete(self, request: Request) -> Response:
        interactions.delete_guest_history(required_visitor_of(request).session)
        return Response(status=204)


class OwnInteraction(APIView):
    operations = {"DELETE": "delete_own_visitor_interaction"}
    rules = {"DELETE": PUBLIC}

    @TOKEN
    @extend_schema(summary="Delete an interaction of the guest of a token", responses={204: None})
    def delete(self, request: Request, event: str) -> Response:
        return delete_one(queries.interactions_of(session=required_visitor_of(request).session), event)


class VisitorInteractions(APIView):
    pagination_class = Pages
    operations = {"GET": "list_visitor_interactions", "DELETE": "delete_visitor_interactions"}
    rules = {"GET": Rule(permissions=(READ,)), "DELETE": Rule(permissions=(FORGET,))}

    @HISTORY
    @extend_schema(summary="Interactions of a guest")
    def get(self, request: Request, session: str) -> Response:
        return history_page(request, queries.interactions_of(session=session))

    @extend_schema(summary="Delete the interactions of a guest", responses={204: None})
    def delete(self, request: Request, session: str) -> Response:
        if not interactions.delete_guest_history(session):
            raise NotFound(f"There is no guest {session!r}: they have no interactions.")
        return Response(status=204)


class VisitorInteraction(APIView):
    operations = {"DELETE": "delete_visitor_interaction"}
    rules = {"DELETE": Rule(permissions=(FORGET,))}

    @extend_schema(summary="Delete an interaction of a guest", responses={204: None})
    def delete(self, request: Request, session: str, event: str) -> Response:
        return delete_one(queries.interactions_of(session=session), event)
