"""Resources users/ and me/: personal recommendations, merging of guests into shoppers, deletion of a shopper's data."""

from django.contrib.auth.models import User
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound, PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from catalog import interactions, queries, visitors
from catalog.models import Shopper
from catalog.visitors import BadToken, read_token
from recommender.api.fields import Validated
from recommender.api.histories import HISTORY, delete_one, history_page
from recommender.api.pagination import Pages
from recommender.api.permissions import Rule, account_of, is_granted
from recommender.api.problems import MEDIA_TYPE, as_sentence
from recommender.api.recommendations import for_visitor, recommends
from recommender.api.schema import ProblemSerializer
from recommender.serving import recommend
from recommender.serving.types import Recommendation, RecommendationQuery


def shopper_for(request: Request, key: str, permission: str) -> Shopper | None:
    """Return the shopper of this key; None for the caller's own key as long as the account has no interactions.

    Another's key needs the permission: raises PermissionDenied without it, whether or not the shopper exists, and
    NotFound if it does not.
    """
    account = account_of(request)
    own = visitors.find_shopper(account) if account else None
    if account and key in names_of(account, own):
        return own
    if not is_granted(request, permission):
        raise PermissionDenied(f"The shopper {key!r} needs the permission {permission}, which the caller has not.")
    found = Shopper.objects.filter(key=key).first()
    if found is None:
        raise shopper_not_found(key)
    return found


def names_of(account: User, shopper: Shopper | None) -> set[str]:
    """Return the keys under which an account and its shopper may be named."""
    return {account.get_username()} | ({shopper.key} if shopper else set())


def shopper_not_found(key: str) -> NotFound:
    """Return the error for a key that no shopper has."""
    return NotFound(f"There is no shopper {key!r}.")


def recommend_to(request: Request, shopper: Shopper | None, query: RecommendationQuery) -> Recommendation:
    """Recommend products to a shopper; popular ones to an account without interactions."""
    if shopper is None:
        return recommend.popular_products(query)
    name = f"account {shopper.account_id}" if shopper.account_id else f"shopper {shopper.pk}"
    return recommend.for_shopper(shopper, for_visitor(request, query, name))


VIEW, MERGE = "catalog.view_shopper", "catalog.change_shopper"
READ, FORGET = "catalog.view_interaction", "catalog.delete_interaction"


class UserRecommendations(APIView):
    operations = {"GET": "recommend_to_user"}
    rules = {"GET": Rule(accounts=True, permissions=(VIEW,))}

    @recommends(
        summary="Personal recommendations for a shopper",
        description="An account may read its own recommendations, staff with the permission catalog.view_shopper those "
        "of every shopper. The strategy is `popular` for a shopper with too few interactions.",
    )
    def get(self, request: Request, query: RecommendationQuery, key: str) -> Recommendation:
        return recommend_to(request, shopper_for(request, key, VIEW), query)


class MyRecommendations(APIView):
    operations = {"GET": "recommend_to_me"}
    rules = {"GET": Rule(guests=True, permissions=(VIEW,))}

    @recommends(
        summary="Personal recommendations for the caller", description="For a guest, by the events of this session."
    )
    def get(self, request: Request, query: RecommendationQuery) -> Recommendation:
        return recommend_to_caller(request, query)


def recommend_to_caller(request: Request, query: RecommendationQuery) -> Recommendation:
    """Recommend products to the account or the guest of a request."""
    visitor = visitors.get_visitor(request)
    if request.user.is_authenticated:
        return recommend_to(request, visitor.shopper, query)
    return recommend.for_session(visitor.session, for_visitor(request, query, visitor.session))


class MergeInput(serializers.Serializer[None]):
    visitor = serializers.CharField(required=False, max_length=300, help_text="The guest's token.")
    session = serializers.CharField(
        required=False,
        max_length=150,
        trim_whitespace=False,
        help_text=f"The id in the guest's interactions, with the permission {MERGE}.",
    )
    user = serializers.CharField(max_length=150, trim_whitespace=False, help_text="The shop's id of the shopper.")


class MergedSerializer(serializers.Serializer[None]):
    merged = serializers.IntegerField(min_value=0, help_text="Number of interactions that the shopper received.")


class UsersMerge(APIView):
    operations = {"POST": "merge_guest"}
    rules = {"POST": Rule(accounts=True, permissions=(MERGE,))}

    @extend_schema(
        summary="Merge a guest into a shopper",
        description="All interactions of the guest become the shopper's. An interaction that the shopper has already, "
        "by its `id`, counts once, so the call can be repeated. A guest without interactions is not found. An account "
        "may merge a guest whose token it has into itself, staff with the permission catalog.change_shopper every "
        "guest into every shopper. The shop's own pages do this when somebody signs in.",
        request=MergeInput,
        responses={
            200: MergedSerializer,
            (404, MEDIA_TYPE): OpenApiResponse(ProblemSerializer, "The guest has no interactions."),
        },
    )
    def post(self, request: Request) -> Response:
        params = MergeInput(data=request.data)
        params.is_valid(raise_exception=True)
        key = params.validated_data["user"]
        account = account_of(request)
        own = visitors.find_shopper(account) if account else None
        is_own = account is not None and key in names_of(account, own)
        if not (is_own or is_granted(request, MERGE)):
            raise PermissionDenied(f"This account may not merge a session into the shopper {key!r}.")
        session = self.guest_of(request, params.validated_data)
        if not queries.is_known_session(session):  # before a shopper is created for it
            raise NotFound("There is no such guest: they have no interactions.")
        if account and is_own:
            shopper = own or visitors.create_shopper(account)
        else:
            shopper, _ = Shopper.objects.get_or_create(key=key)
        return Response({"merged": interactions.merge_guest(session, shopper)})

    @staticmethod
    def guest_of(request: Request, params: Validated) -> str:
        """Return the session of the guest. Raises ValidationError, and PermissionDenied for a session by its name."""
        if ("visitor" in params) == ("session" in params):
            raise serializers.ValidationError("Either visitor or session is required, and not both.")
        if "visitor" in params:
            try:
                return read_token(params["visitor"]).session
            except BadToken as error:
                raise serializers.ValidationError({"visitor": as_sentence(error)}) from error
        if not is_granted(request, MERGE):
            raise PermissionDenied(f"To merge a session by its name needs the permission {MERGE}; send visitor.")
        return str(params["session"])


class UserInteractions(APIView):
    pagination_class = Pages  # drf-spectacular reads it
    operations = {"GET": "list_user_interactions", "DELETE": "delete_user_interactions"}
    rules = {
        "GET": Rule(accounts=True, permissions=(READ,)),
        "DELETE": Rule(accounts=True, permissions=(FORGET,)),
    }

    @HISTORY
    @extend_schema(
        summary="Interactions of a shopper",
        description="All that are stored, the newest first. An account may read its own.",
    )
    def get(self, request: Request, key: str) -> Response:
        return history_page(request, queries.interactions_of(shopper=shopper_for(request, key, READ)))

    @extend_schema(
        summary="Delete the data of a shopper",
        description="Deletes the shopper's interactions, the vectors that models have learnt of the shopper, and the "
        "shopper's designs.",
        responses={204: None},
    )
    def delete(self, request: Request, key: str) -> Response:
        shopper = shopper_for(request, key, FORGET)
        if shopper is None:
            raise shopper_not_found(key)
        interactions.delete_history(shopper)
        return Response(status=204)


class UserInteraction(APIView):
    operations = {"DELETE": "delete_user_interaction"}
    rules = {"DELETE": Rule(accounts=True, permissions=(FORGET,))}

    @extend_schema(
        summary="Delete an interaction of a shopper",
        description="An account may delete its own. What models have learnt from it stays until they are trained anew.",
        responses={204: None},
    )
    def delete(self, request: Request, key: str, event: str) -> Response:
        return delete_one(queries.interactions_of(shopper=shopper_for(request, key, FORGET)), event)
