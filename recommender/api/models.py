"""Resource models/: training, progress, activation and cancellation of model versions, for staff."""

from typing import Any

from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import NotFound, PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.views import APIView

from recommender.access.keys import key_of
from recommender.api import idempotency
from recommender.api.fields import Flag, Limit, Parameters, Strict, Validated
from recommender.api.pagination import Pages
from recommender.api.permissions import Rule, is_granted
from recommender.api.schema import CONFLICT
from recommender.errors import TrainingRefused
from recommender.models import MAX_EPOCHS, MAX_SEED, ModelVersion, Role, State
from recommender.operations import training_checks
from recommender.versions import lifecycle, methods, training_log

MAX_ID = 2**63 - 1  # in PostgreSQL
READ = Rule(permissions=("recommender.view_modelversion", "recommender.change_modelversion"))
ACTIVATE = "recommender.activate_modelversion"


@extend_schema_field({"type": "object", "additionalProperties": True, "example": {"colour": 0.6}})
class MethodSettings(serializers.JSONField):
    """Settings of a method: an object of names and values."""

    def to_internal_value(self, data: dict[str, Any] | list[dict[str, Any]]) -> dict[str, Any]:
        settings: object = super().to_internal_value(data)  # any value of JSON
        if not isinstance(settings, dict):
            raise serializers.ValidationError("An object with names and values is expected.")
        return settings


NAMES = [name for role in Role for _, names in methods.by_summary(role) for name in names]


@extend_schema_field(
    {
        "anyOf": [
            {"type": "string", "enum": NAMES},
            *({"type": "string", "pattern": f"^{name}:{form}$"} for name, form in methods.patterns().items()),
        ]
    }
)
class MethodField(serializers.ChoiceField):
    """Name of a method, or of a library's network."""

    def to_internal_value(self, data: Any) -> str:
        if isinstance(data, str) and data.partition(":")[0] in methods.patterns():
            try:
                methods.role_of(data)
            except TrainingRefused as error:
                raise serializers.ValidationError(str(error)) from error
            return data
        return str(super().to_internal_value(data))


class ModelInput(Strict):
    method = MethodField(NAMES, help_text="A method, or a network of timm's or open_clip's as timm:NAME.")
    settings = MethodSettings(default=dict, help_text="Settings of the method. One that is left out has its default.")
    epochs = serializers.IntegerField(
        required=False,
        allow_null=True,
        default=None,
        min_value=1,
        max_value=MAX_EPOCHS,
        help_text="Epochs to train. Default: the method's own number.",
    )
    seed = serializers.IntegerField(default=0, min_value=0, max_value=MAX_SEED)
    activate = Flag(default=False, help_text="Whether to activate the version when it is trained.")

    def validate(self, attrs: Validated) -> Validated:
        try:
            methods.check_settings(attrs["method"], attrs["settings"])
        except TrainingRefused as error:
            raise serializers.ValidationError({"settings": str(error)}) from error
        return attrs


class ProgressSerializer(serializers.Serializer[None]):
    stage = serializers.CharField(required=False)
    done = serializers.IntegerField(required=False)
    of = serializers.IntegerField(required=False, allow_null=True)
    ends_at = serializers.DateTimeField(required=False, help_text="When the stage will end, at its speed so far.")


class ModelSerializer(serializers.ModelSerializer[ModelVersion]):
    version = serializers.IntegerField(
        source="number", help_text="Number of this version among those of the method, from 1."
    )
    settings = MethodSettings()
    progress = ProgressSerializer(help_text="Progress of the training. Without `stage` before and after the training.")
    metrics = serializers.DictField(help_text="Losses by epoch, and measures of quality.")
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
            "by",
            "worker",
        ]
        fields += ["dimensions", "metric", "progress", "metrics", "error"]
        fields += ["created_at", "started_at", "finished_at", "activated_at", "activation_requested_at"]

    def get_url(self, version: ModelVersion) -> str:
        return reverse("api:model", [version.pk], request=self.context["request"])


class ModelListParams(Parameters):
    """Parameters of a list of model versions."""

    role = serializers.ChoiceField(Role.choices, required=False)
    state = serializers.ChoiceField(State.choices, required=False)
    limit = Limit(required=False, help_text=f"Versions a page. Default: {Pages.page_size}.")


def version_response(request: Request, version: ModelVersion, status: int = 200) -> Response:
    """Return the version as a response; with status 202, with its URL in the header Location."""
    payload = ModelSerializer(version, context={"request": request}).data
    headers = {"Location": payload["url"]} if status == 202 else {}
    return Response(payload, status=status, headers=headers)


def version_or_404(pk: int) -> ModelVersion:
    """Return the version of this id. Raises NotFound."""
    version = ModelVersion.objects.filter(pk=pk).first() if pk <= MAX_ID else None
    if version is None:
        raise NotFound(f"There is no model version {pk}.")
    return version


def caller_name(request: Request) -> str:
    """Return who starts or activates a version, for the history: an account, or a key."""
    key = key_of(request)
    return f"key {key.name}" if key else request.user.get_username()


class Models(APIView):
    operations = {"GET": "list_models", "POST": "create_model"}
    rules = {"GET": READ, "POST": Rule(permissions=("recommender.add_modelversion",))}
    pagination_class = Pages

    @extend_schema(summary="Model versions", parameters=[ModelListParams], responses=ModelSerializer(many=True))
    def get(self, request: Request) -> Response:
        params = ModelListParams(data=request.query_params)
        params.is_valid(raise_exception=True)
        filters = dict(params.validated_data)
        pages = self.pagination_class(filters.pop("limit", None))
        page = pages.page_of(ModelVersion.objects.filter(**filters).defer("taste"), request)
        shown = serializers.ListSerializer(page, child=ModelSerializer(), context={"request": request})
        return pages.get_paginated_response(shown.data)

    @extend_schema(
        summary="Train a model version",
        description="A worker trains it; read its `url` for the progress. The settings are checked at once: 400 names "
        "the one that is not valid. 409 if the shop has too little for the method to learn from.",
        request=ModelInput,
        parameters=[idempotency.KEY, idempotency.REPLAYED],
        responses={202: ModelSerializer, **CONFLICT, **idempotency.ERRORS},
    )
    @idempotency.idempotent
    def post(self, request: Request) -> Response:
        params = ModelInput(data=request.data)
        params.is_valid(raise_exception=True)
        fields = dict(params.validated_data)
        if fields["activate"] and not is_granted(request, ACTIVATE):
            raise PermissionDenied(f"To activate the version needs the permission {ACTIVATE}.")
        training_checks.check_before(fields["method"])
        version = lifecycle.register(
            fields.pop("method"), method_settings=fields.pop("settings"), by=caller_name(request), **fields
        )
        lifecycle.queue_training(version)
        return version_response(request, version, 202)


class OneModel(APIView):
    operations = {"GET": "get_model"}
    rules = {"GET": READ}

    @extend_schema(summary="A model version: its progress and its measures", responses=ModelSerializer)
    def get(self, request: Request, pk: int) -> Response:
        return version_response(request, version_or_404(pk))


class CancelModel(APIView):
    operations = {"POST": "cancel_model"}
    rules = {"POST": Rule(permissions=("recommender.change_modelversion",))}

    @extend_schema(
        summary="Cancel a training",
        description="Its worker stops after the current batch. 409 if the training is finished.",
        request=None,
        responses={200: ModelSerializer, **CONFLICT},
    )
    def post(self, request: Request, pk: int) -> Response:
        lifecycle.cancel(version_or_404(pk))
        return version_response(request, version_or_404(pk))


class ResumeModel(APIView):
    operations = {"POST": "resume_model"}
    rules = {"POST": Rule(permissions=("recommender.change_modelversion",))}

    @extend_schema(
        summary="Resume a training",
        description="One that was interrupted: a worker goes on after its last complete epoch. 409 for any other.",
        request=None,
        responses={202: ModelSerializer, **CONFLICT},
    )
    def post(self, request: Request, pk: int) -> Response:
        lifecycle.queue_training(version_or_404(pk))
        return version_response(request, version_or_404(pk), 202)


class RetryModel(APIView):
    operations = {"POST": "retry_model"}
    rules = {"POST": Rule(permissions=("recommender.add_modelversion",))}

    @extend_schema(
        summary="Train again",
        description="Returns a new version with the method, settings, epochs and seed of one that has ended, well or "
        "not. It is not activated by itself. 409 while that one goes on.",
        request=None,
        responses={202: ModelSerializer, **CONFLICT},
    )
    def post(self, request: Request, pk: int) -> Response:
        version = version_or_404(pk)
        training_checks.check_before(version.method)
        return version_response(request, lifecycle.train_again(version, caller_name(request)), 202)


class LogSerializer(serializers.Serializer[None]):
    lines = serializers.ListField(
        child=serializers.CharField(), help_text=f"The last ones, up to {training_log.MOST_LINES}."
    )


class ModelLog(APIView):
    operations = {"GET": "get_model_log"}
    rules = {"GET": READ}

    @extend_schema(
        summary="The log of a training",
        description="What its processes logged, epoch by epoch, and why they ended.",
        responses=LogSerializer,
    )
    def get(self, request: Request, pk: int) -> Response:
        return Response({"lines": training_log.last_lines(version_or_404(pk))})
