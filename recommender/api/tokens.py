"""Resource auth/token/: a token for a user name and a password."""

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.authtoken.models import Token
from rest_framework.authtoken.serializers import AuthTokenSerializer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from recommender.api.throttling import TokenThrottle


class Credentials(serializers.Serializer[None]):
    username = serializers.CharField(max_length=150)
    password = serializers.CharField(max_length=4096, trim_whitespace=False)


class TokenSerializer(serializers.Serializer[Token]):
    token = serializers.CharField(help_text="Send it in the header `Authorization: Token …`.")


class Tokens(APIView):
    authentication_classes = []  # a request with an invalid token must still get a new one
    throttle_classes = [*APIView.throttle_classes, TokenThrottle]

    @extend_schema(summary="Get a token", request=Credentials, responses=TokenSerializer)
    def post(self, request: Request) -> Response:
        credentials = Credentials(data=request.data)
        credentials.is_valid(raise_exception=True)
        login = AuthTokenSerializer(data=credentials.validated_data, context={"request": request})
        login.is_valid(raise_exception=True)
        token, _ = Token.objects.get_or_create(user=login.validated_data["user"])
        return Response({"token": token.key})
