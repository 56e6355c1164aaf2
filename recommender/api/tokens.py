"""Resources auth/token/, which issues a token for a user name and a password, and auth/tokens/, the caller's own."""

from typing import Any

from django.contrib.auth import authenticate
from django.contrib.auth.models import User
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from recommender.access import tokens
from recommender.access.models import AccountToken
from recommender.api.pagination import Pages
from recommender.api.permissions import PUBLIC, Rule
from recommender.throttling import TokenThrottle


class Credentials(serializers.Serializer[None]):
    username = serializers.CharField(max_length=150)
    password = serializers.CharField(max_length=4096, trim_whitespace=False)


class IssuedSerializer(serializers.Serializer[dict[str, Any]]):
    token = serializers.CharField(
        help_text="Send it in the header `Authorization: Bearer …`, or `Token …`. It is shown only now."
    )
    expires_at = serializers.DateTimeField()


class TokenSerializer(serializers.ModelSerializer[AccountToken]):
    is_current = serializers.SerializerMethodField(help_text="Whether this request was sent with it.")

    class Meta:
        model = AccountToken
        fields = ["id", "prefix", "created_at", "expires_at", "last_used_at", "is_current"]
        extra_kwargs = {
            "prefix": {"help_text": "The first characters of the token."},
            "expires_at": {"required": True, "allow_null": False},
            "last_used_at": {"help_text": "Exact to a minute."},
        }

    def get_is_current(self, token: AccountToken) -> bool:
        return bool(token == self.context["request"].auth)


class Tokens(APIView):
    operations = {"POST": "create_token"}
    rules = {"POST": PUBLIC}
    authentication_classes = []  # a request with an invalid token must still get a new one
    throttle_classes = [*APIView.throttle_classes, TokenThrottle]

    @extend_schema(
        summary="Get a token",
        description="It expires, and ends with a change of the account's password.",
        request=Credentials,
        responses=IssuedSerializer,
    )
    def post(self, request: Request) -> Response:
        credentials = Credentials(data=request.data)
        credentials.is_valid(raise_exception=True)
        account = authenticate(request, **credentials.validated_data)
        if not isinstance(account, User):
            raise serializers.ValidationError("The user name or the password is wrong.")
        token, secret = tokens.issue(account)
        return Response(IssuedSerializer({"token": secret, "expires_at": token.expires_at}).data)


class OwnTokens(APIView):
    operations = {"GET": "list_tokens"}
    rules = {"GET": Rule(accounts=True)}
    pagination_class = Pages

    @extend_schema(summary="The caller's tokens", description="The newest first.", responses=TokenSerializer(many=True))
    def get(self, request: Request) -> Response:
        pages = self.pagination_class(None)
        page = pages.page_of(AccountToken.objects.filter(account=request.user.pk), request)
        shown = serializers.ListSerializer(page, child=TokenSerializer(), context={"request": request})
        return pages.get_paginated_response(shown.data)


class OneToken(APIView):
    operations = {"DELETE": "revoke_token"}
    rules = {"DELETE": Rule(accounts=True)}

    @extend_schema(summary="Revoke a token of the caller's", responses={204: None})
    def delete(self, request: Request, pk: int) -> Response:
        deleted, _ = AccountToken.objects.filter(account=request.user.pk, pk=pk).delete()
        if not deleted:
            raise NotFound(f"You have no token {pk}.")
        return Response(status=204)
