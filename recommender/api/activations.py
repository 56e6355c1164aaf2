"""Activations of model versions, roll-backs, and the history of both."""

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from recommender.api.fields import STORABLE, Limit, Parameters, Strict
from recommender.api.models import (
    ACTIVATE,
    MAX_ID,
    READ,
    ModelSerializer,
    caller_name,
    version_or_404,
    version_response,
)
from recommender.api.pagination import Pages
from recommender.api.permissions import Rule
from recommender.api.recommendations import VersionSerializer
from recommender.api.schema import CONFLICT
from recommender.models import Activation, ModelVersion, Role
from recommender.versions import lifecycle


class ReasonInput(Strict):
    reason = serializers.CharField(
        default="", allow_blank=True, max_length=300, help_text="Why, for the history.", validators=STORABLE
    )


class ActivateModel(APIView):
    operations = {"POST": "activate_model"}
    rules = {"POST": Rule(permissions=(ACTIVATE,))}

    @extend_schema(
        summary="Activate a version",
        description="The version that was active for its role is retired, and stays available. 202 if the version has "
        "still to embed images: a worker does so and activates it then; read its `url` for the state. 409 unless the "
        "version is trained.",
        request=ReasonInput,
        responses={200: ModelSerializer, 202: ModelSerializer, **CONFLICT},
    )
    def post(self, request: Request, pk: int) -> Response:
        params = ReasonInput(data=request.data)
        params.is_valid(raise_exception=True)
        lifecycle.request_activation(version_or_404(pk), caller_name(request), **params.validated_data)
        version = version_or_404(pk)
        return version_response(request, version, 202 if version.activation_requested_at else 200)


class RollBackInput(ReasonInput):
    role = serializers.ChoiceField(Role.choices)
    leaving = serializers.IntegerField(
        required=False,
        min_value=1,
        max_value=MAX_ID,
        help_text="Id of the version to go back from. With it, 409 unless this version serves: of two requests at once "
        "one goes back.",
    )

    def validate_leaving(self, pk: int) -> ModelVersion:
        version = ModelVersion.objects.filter(pk=pk).first()
        if version is None:
            raise serializers.ValidationError(f"There is no model version {pk}.")
        return version


class RollBackParams(Parameters):
    """Parameters of the question what a roll-back would activate."""

    role = serializers.ChoiceField(Role.choices)


class RollBackModel(APIView):
    operations = {"GET": "get_roll_back", "POST": "roll_back_model"}
    rules = {"GET": READ, "POST": Rule(permissions=(ACTIVATE,))}

    @extend_schema(
        summary="The version that a roll-back would activate",
        description="409 if none served before.",
        parameters=[RollBackParams],
        responses={200: ModelSerializer, **CONFLICT},
    )
    def get(self, request: Request) -> Response:
        params = RollBackParams(data=request.query_params)
        params.is_valid(raise_exception=True)
        return version_response(request, lifecycle.former_or_raise(Role(params.validated_data["role"])))

    @extend_schema(
        summary="Go back to the version that served before",
        description="Returns the version that is activated again: the one before the active one in the history, of "
        "which what a roll-back left does not come again. 202 if it has still to embed images. 409 if none served "
        "before.",
        request=RollBackInput,
        responses={200: ModelSerializer, 202: ModelSerializer, **CONFLICT},
    )
    def post(self, request: Request) -> Response:
        params = RollBackInput(data=request.data)
        params.is_valid(raise_exception=True)
        role, leaving = Role(params.validated_data["role"]), params.validated_data.get("leaving")
        reason = params.validated_data["reason"]
        former = lifecycle.roll_back(role, caller_name(request), leaving=leaving, reason=reason)
        version = version_or_404(former.pk)
        return version_response(request, version, 202 if version.activation_requested_at else 200)


class ActivationSerializer(serializers.ModelSerializer[Activation]):
    model = VersionSerializer(source="version", allow_null=True, help_text="Null if it was deleted since.")

    class Meta:
        model = Activation
        fields = ["role", "model", "name", "former", "by", "is_roll_back", "reason", "at"]


class ActivationParams(Parameters):
    """Parameters of the history of activations."""

    role = serializers.ChoiceField(Role.choices, required=False)
    limit = Limit(required=False, help_text=f"Activations a page. Default: {Pages.page_size}.")


class Activations(APIView):
    operations = {"GET": "list_activations"}
    rules = {"GET": READ}
    pagination_class = Pages

    @extend_schema(
        summary="What served when",
        description="Activations, the latest first: which version, in place of which (`former`), by whom, why, "
        "and whether it was a roll-back. One without `at` waits for a worker to embed images.",
        parameters=[ActivationParams],
        responses=ActivationSerializer(many=True),
    )
    def get(self, request: Request) -> Response:
        params = ActivationParams(data=request.query_params)
        params.is_valid(raise_exception=True)
        filters = dict(params.validated_data)
        pages = self.pagination_class(filters.pop("limit", None))
        page = pages.page_of(Activation.objects.filter(**filters).select_related("version"), request)
        return pages.get_paginated_response(ActivationSerializer(page, many=True).data)
