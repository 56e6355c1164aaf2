"""models/: versions to train, watch, put into service and cancel. For staff."""

from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.permissions import IsAdminUser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.views import APIView

from recommender.api.fields import Flag, Limit, Strict
from recommender.api.pagination import Pages
from recommender.api.schema import CONFLICT
from recommender.errors import TrainingRefused
from recommender.models import ModelVersion, Role, State
from recommender.versions import lifecycle, methods

MOST_EPOCHS = 100_000
LARGEST_ID = 2**63 - 1  # to PostgreSQL


@extend_schema_field({"type": "object", "additionalProperties": True, "example": {"colour": 0.6}})
class MethodSettings(serializers.JSONField):
    def to_internal_value(self, data: object) -> dict:
        settings = super().to_internal_value(data)
        if not isinstance(settings, dict):
            raise serializers.ValidationError("An object is expected: names and values.")
        return settings


class ModelInput(Strict):
    method = serializers.ChoiceField([name for role in Role for _, names in methods.by_summary(role) for name in names])
    settings = MethodSettings(default=dict, help_text="Of the method; it has a value of its own for each left out.")
    epochs = serializers.IntegerField(
        required=False,
        allow_null=True,
        default=None,
        min_value=1,
        max_value=MOST_EPOCHS,
        help_text="As the method has it.",
    )
    seed = serializers.IntegerField(default=0, min_value=0, max_value=2**31 - 1)
    activate = Flag(default=False, help_text="Whether it goes into service when it is ready.")

    def validate(self, attrs: dict) -> dict:
        try:
            methods.check_settings(attrs["method"], attrs["settings"])
        except TrainingRefused as error:
            raise serializers.ValidationError({"settings": str(error)}) from error
        return attrs


class ProgressSerializer(serializers.Serializer):
    stage = serializers.CharField(required=False)
    done = serializers.IntegerField(required=False)
    of = serializers.IntegerField(required=False, allow_null=True)


class ModelSerializer(serializers.ModelSerializer):
    version = serializers.IntegerField(source="number", help_text="Counts the method's versions from 1.")
    settings = MethodSettings()
    progress = ProgressSerializer(help_text="Live, while it trains; stage is missing before and after.")
    metrics = serializers.DictField(help_text="Losses by epoch, and what it was measured to do.")
    url = serializers.SerializerMethodField()

    class Meta:
        model = ModelVersion
        fields = [
            "id",
            "url",
            "role",
            "method",
            "version",
            "state",
            "settings",
            "epochs",
            "seed",
            "activate_when_ready",
        ]
        fields += ["dimensions", "metric", "progress", "metrics", "error"]
        fields += ["created_at", "started_at", "finished_at", "activated_at"]

    def get_url(self, version: ModelVersion) -> str:
        return reverse("api:model", [version.pk], request=self.context["request"])


class ListParams(serializers.Serializer):
    role = serializers.ChoiceField(Role.choices, required=False)
    state = serializers.ChoiceField(State.choices, required=False)
    limit = Limit(required=False, help_text=f"Versions a page; {Pages.page_size} if nothing is said.")


def told(request: Request, version: ModelVersion, status: int = 200) -> Response:
    answer = ModelSerializer(version, context={"request": request}).data
    headers = {"Location": answer["url"]} if status == 202 else {}
    return Response(answer, status=status, headers=headers)


def version_or_404(pk: int) -> ModelVersion:
    version = ModelVersion.objects.filter(pk=pk).first() if pk <= LARGEST_ID else None
    if version is None:
        raise NotFound(f"There is no model version {pk}.")
    return version


class Models(APIView):
    permission_classes = [IsAdminUser]
    pagination_class = Pages

    @extend_schema(summary="Model versions", parameters=[ListParams], responses=ModelSerializer(many=True))
    def get(self, request: Request) -> Response:
        params = ListParams(data=request.query_params)
        params.is_valid(raise_exception=True)
        narrowing = dict(params.validated_data)
        pages = self.pagination_class(narrowing.pop("limit", None))
        page = pages.paginate_queryset(ModelVersion.objects.filter(**narrowing).defer("taste"), request)
        return pages.get_paginated_response(ModelSerializer(page, many=True, context={"request": request}).data)

    @extend_schema(
        summary="Train a model version",
        description="A worker trains it; follow its `url`. Settings are checked by a worker first.",
        request=ModelInput,
        responses={202: ModelSerializer},
    )
    def post(self, request: Request) -> Response:
        asked = ModelInput(data=request.data)
        asked.is_valid(raise_exception=True)
        fields = dict(asked.validated_data)
        version = lifecycle.register(fields.pop("method"), method_settings=fields.pop("settings"), **fields)
        lifecycle.queue_training(version)
        return told(request, version, 202)


class OneModel(APIView):
    permission_classes = [IsAdminUser]

    @extend_schema(summary="A model version: how far it is, how good it is", responses=ModelSerializer)
    def get(self, request: Request, pk: int) -> Response:
        return told(request, version_or_404(pk))


class ActivateModel(APIView):
    permission_classes = [IsAdminUser]

    @extend_schema(
        summary="Put a version into service",
        description="The one that served its role is retired and kept. 409 unless it is trained and all is embedded.",
        request=None,
        responses={200: ModelSerializer, **CONFLICT},
    )
    def post(self, request: Request, pk: int) -> Response:
        lifecycle.activate(version_or_404(pk))
        return told(request, version_or_404(pk))


class CancelModel(APIView):
    permission_classes = [IsAdminUser]

    @extend_schema(
        summary="Cancel a training",
        description="Its worker stops within a batch or so. 409 once it is finished.",
        request=None,
        responses={200: ModelSerializer, **CONFLICT},
    )
    def post(self, request: Request, pk: int) -> Response:
        lifecycle.cancel(version_or_404(pk))
        return told(request, version_or_404(pk))
