"""Resource keys/: API keys, for staff. A secret is in the response to its creation, and in no other."""

from datetime import timedelta

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.views import APIView

from recommender.access import keys
from recommender.access.models import ApiKey, KeyKind
from recommender.access.scopes import SCOPES
from recommender.api.fields import Strict
from recommender.api.pagination import Pages
from recommender.api.permissions import Rule
from recommender.api.schema import CONFLICT

MAX_RATE = 1_000_000  # requests a minute
MAX_ORIGINS = 50
VIEW = Rule(permissions=("access.view_apikey", "access.change_apikey"))


class KeyInput(Strict):
    name = serializers.CharField(max_length=100, help_text="What uses the key.")
    kind = serializers.ChoiceField(KeyKind.choices)
    scopes = serializers.ListField(
        child=serializers.ChoiceField(list(SCOPES)),
        required=False,
        max_length=len(SCOPES),
        help_text="Of a secret key: what it may do.",
    )
    origins = serializers.ListField(
        child=serializers.CharField(max_length=300),
        required=False,
        max_length=MAX_ORIGINS,
        help_text="Of a publishable key: the origins of the pages that use it, such as https://shop.example.",
    )
    rate = serializers.IntegerField(
        required=False,
        min_value=1,
        max_value=MAX_RATE,
        help_text="Requests a minute; of a publishable key, from each address. Default: the limit of its kind.",
    )
    expires_at = serializers.DateTimeField(required=False, help_text="In the next 100 years. Default: never.")


class RotationInput(Strict):
    overlap = serializers.IntegerField(
        default=24,
        min_value=0,
        max_value=keys.MAX_OVERLAP // timedelta(hours=1),
        help_text="Hours for which the old key goes on working.",
    )


class KeySerializer(serializers.ModelSerializer[ApiKey]):
    scopes = serializers.ListField(child=serializers.ChoiceField(list(SCOPES)))
    origins = serializers.ListField(child=serializers.CharField())

    class Meta:
        model = ApiKey
        fields = [
            "id",
            "name",
            "kind",
            "prefix",
            "scopes",
            "origins",
            "rate",
            "created_at",
            "expires_at",
            "revoked_at",
            "last_used_at",
        ]
        extra_kwargs = {
            "prefix": {"help_text": "The first characters of the key."},
            "last_used_at": {"help_text": "Exact to a minute."},
        }


class CreatedKeySerializer(KeySerializer):
    key = serializers.CharField(help_text="Send it in the header `Authorization: Bearer …`. It is shown only now.")

    class Meta(KeySerializer.Meta):
        fields = [*KeySerializer.Meta.fields, "key"]


def created_response(request: Request, key: ApiKey, secret: str) -> Response:
    """Return a new key, with its secret, as a response."""
    payload = KeySerializer(key).data | {"key": secret}
    url = reverse("api:key", [key.pk], request=request)
    return Response(payload, status=201, headers={"Location": url})


def key_or_404(pk: int) -> ApiKey:
    """Return the key. Raises NotFound if there is none."""
    key = ApiKey.objects.filter(pk=pk).first()
    if key is None:
        raise NotFound(f"There is no key {pk}.")
    return key


class Keys(APIView):
    operations = {"GET": "list_keys", "POST": "create_key"}
    rules = {"GET": VIEW, "POST": Rule(permissions=("access.add_apikey",))}
    pagination_class = Pages

    @extend_schema(
        summary="API keys", description="The newest first, without their secrets.", responses=KeySerializer(many=True)
    )
    def get(self, request: Request) -> Response:
        pages = self.pagination_class(None)
        page = pages.page_of(ApiKey.objects.all(), request)
        return pages.get_paginated_response(serializers.ListSerializer(page, child=KeySerializer()).data)

    @extend_schema(
        summary="Create an API key",
        description="A publishable key is for the pages of a storefront at its origins, and may do what a guest may. A "
        "secret key is for a server, and may do what its scopes say. Nobody may grant a scope with permissions that "
        "they do not have themselves.",
        request=KeyInput,
        responses={201: CreatedKeySerializer},
    )
    def post(self, request: Request) -> Response:
        params = KeyInput(data=request.data)
        params.is_valid(raise_exception=True)
        fields = dict(params.validated_data)
        scopes = sorted(set(fields.pop("scopes", ())))
        keys.check_grant(request.user, scopes)
        key, secret = keys.create(fields.pop("name"), KeyKind(fields.pop("kind")), scopes=scopes, **fields)
        return created_response(request, key, secret)


class OneKey(APIView):
    operations = {"GET": "get_key", "DELETE": "revoke_key"}
    rules = {"GET": VIEW, "DELETE": Rule(permissions=("access.change_apikey",))}

    @extend_schema(summary="An API key, without its secret", responses=KeySerializer)
    def get(self, request: Request, pk: int) -> Response:
        return Response(KeySerializer(key_or_404(pk)).data)

    @extend_schema(
        summary="Revoke an API key", description="It stops at once, and stays in the list.", responses={204: None}
    )
    def delete(self, request: Request, pk: int) -> Response:
        keys.revoke(key_or_404(pk))
        return Response(status=204)


class RotateKey(APIView):
    operations = {"POST": "rotate_key"}
    rules = {"POST": Rule(permissions=("access.add_apikey",))}

    @extend_schema(
        summary="Rotate an API key",
        description="Creates a key like it. The old one ends after the overlap. 409 if it has ended already.",
        request=RotationInput,
        responses={201: CreatedKeySerializer, **CONFLICT},
    )
    def post(self, request: Request, pk: int) -> Response:
        params = RotationInput(data=request.data)
        params.is_valid(raise_exception=True)
        key = key_or_404(pk)
        keys.check_grant(request.user, key.scopes)
        return created_response(request, *keys.rotate(key, timedelta(hours=params.validated_data["overlap"])))
