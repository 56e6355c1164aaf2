"""users/ and me/: what a shopper would like; keeping what a guest did, forgetting what a shopper did."""

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound, PermissionDenied
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from catalog import interactions, queries, visitors
from catalog.models import Shopper
from recommender.api.problems import MEDIA_TYPE
from recommender.api.recommendations import recommends
from recommender.api.schema import ProblemSerializer
from recommender.serving import recommend
from recommender.serving.types import Recommendation, RecommendationQuery


def shopper_for(request: Request, key: str) -> Shopper | None:
    """The shopper of this key, if the caller may see them; None for an account that has not done anything yet.

    Raises PermissionDenied for anybody else's key, whether or not there is such a shopper; for staff, NotFound.
    """
    own = visitors.find_shopper(request.user)
    if key in names_of(request.user, own):
        return own
    if not request.user.is_staff:
        raise PermissionDenied(f"This account may not see the shopper {key!r}.")
    found = Shopper.objects.filter(key=key).first()
    if found is None:
        raise unknown(key)
    return found


def names_of(account, shopper: Shopper | None) -> set[str]:
    return {account.get_username()} | ({shopper.key} if shopper else set())


def unknown(key: str) -> NotFound:
    return NotFound(f"There is no shopper {key!r}.")


def recommended(shopper: Shopper | None, query: RecommendationQuery) -> Recommendation:
    return recommend.for_shopper(shopper, query) if shopper else recommend.popular_products(query)


class UserRecommendations(APIView):
    permission_classes = [IsAuthenticated]

    @recommends(
        summary="What a shopper would like",
        description="Shoppers see their own, staff anybody's. `popular` for a shopper of whom too little is known.",
    )
    def get(self, request: Request, query: RecommendationQuery, key: str) -> Recommendation:
        return recommended(shopper_for(request, key), query)


class MyRecommendations(APIView):
    @recommends(summary="What the caller would like", description="For a guest, judged by what this session did.")
    def get(self, request: Request, query: RecommendationQuery) -> Recommendation:
        visitor = visitors.get_visitor(request)
        if request.user.is_authenticated:
            return recommended(visitor.shopper, query)
        return recommend.for_session(visitor.session, query)


class MergeInput(serializers.Serializer):
    session = serializers.CharField(max_length=150, help_text="As in the guest's interactions.")
    user = serializers.CharField(max_length=150, help_text="The shop's own id for the shopper.")


class MergedSerializer(serializers.Serializer):
    merged = serializers.IntegerField(min_value=0, help_text="Interactions that came to the shopper.")


class UsersMerge(APIView):
    permission_classes = [IsAuthenticated]

    @extend_schema(
        summary="Make a guest a shopper",
        description="All that the session did is the shopper's from now on. What the shopper has already, by its `id`, "
        "counts once; a second call finds nothing to do. A session under which nobody did anything is not found. An "
        "account merges into itself, staff into anybody. Who signs in on the shop's own pages need not call this.",
        request=MergeInput,
        responses={
            200: MergedSerializer,
            (404, MEDIA_TYPE): OpenApiResponse(ProblemSerializer, "There is no such session."),
        },
    )
    def post(self, request: Request) -> Response:
        asked = MergeInput(data=request.data)
        asked.is_valid(raise_exception=True)
        session, key = asked.validated_data["session"], asked.validated_data["user"]
        own = visitors.find_shopper(request.user)
        is_own = key in names_of(request.user, own)
        if not (is_own or request.user.is_staff):
            raise PermissionDenied(f"This account may not merge a session into the shopper {key!r}.")
        if not queries.is_known_session(session):  # before a shopper is made for it
            raise NotFound(f"There is no session {session!r}: nobody did anything under it.")
        if is_own:
            shopper = own or visitors.create_shopper(request.user)
        else:
            shopper, _ = Shopper.objects.get_or_create(key=key)
        return Response({"merged": interactions.merge_guest(session, shopper)})


class UserInteractions(APIView):
    permission_classes = [IsAuthenticated]

    @extend_schema(
        summary="Forget a shopper",
        description="All that the shopper did is removed, what a model learnt of this shopper, and their designs.",
        responses={204: None},
    )
    def delete(self, request: Request, key: str) -> Response:
        shopper = shopper_for(request, key)
        if shopper is None:
            raise unknown(key)
        interactions.delete_history(shopper)
        return Response(status=204)
