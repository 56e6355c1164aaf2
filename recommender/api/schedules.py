"""Resource schedules/: trainings of a method again and again, for staff."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound, PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.views import APIView

from recommender.api.fields import Flag, Limit, Parameters, Strict, Validated
from recommender.api.models import ACTIVATE, MAX_ID, NAMES, READ, MethodField, MethodSettings
from recommender.api.pagination import Pages
from recommender.api.permissions import Rule, is_granted
from recommender.api.recommendations import VersionSerializer
from recommender.errors import TrainingRefused
from recommender.models import MAX_EPOCHS
from recommender.schedules import planning
from recommender.schedules.models import MAX_INTERACTIONS, NO_TIME, Then, TrainingSchedule
from recommender.versions import methods

CHECKED = ("method", "settings", "hour", "interactions")  # together
TRAIN = Rule(permissions=("recommender.add_modelversion",))


class ScheduleInput(Strict):
    """A schedule; of the one in the context, which is changed, what is left out stays."""

    method = MethodField(NAMES, help_text="A method, or a network of timm's or open_clip's as timm:NAME.")
    settings = MethodSettings(default=dict, help_text="Settings of the method. One that is left out has its default.")
    epochs = serializers.IntegerField(
        allow_null=True, default=None, min_value=1, max_value=MAX_EPOCHS, help_text="Default: the method's own number."
    )
    hour = serializers.IntegerField(
        allow_null=True,
        default=None,
        min_value=0,
        max_value=23,
        help_text="UTC: trained every day at this hour. Null: not by the clock.",
    )
    interactions = serializers.IntegerField(
        allow_null=True,
        default=None,
        min_value=1,
        max_value=MAX_INTERACTIONS,
        help_text="Trained after as many new ones since the last time. Null: not by their number.",
    )
    then = serializers.ChoiceField(
        Then.choices, default=Then.DECIDE, help_text="What becomes of the version; `ask`: the admin's first page asks."
    )
    is_enabled = Flag(default=True)

    def validate(self, attrs: Validated) -> Validated:
        schedule: TrainingSchedule | None = self.context.get("schedule")
        wanted = {name: getattr(schedule, name) for name in CHECKED} | attrs if schedule else attrs
        if wanted["hour"] is None and wanted["interactions"] is None:
            raise serializers.ValidationError({"hour": NO_TIME})
        try:
            methods.check_settings(wanted["method"], wanted["settings"])
        except TrainingRefused as error:
            raise serializers.ValidationError({"settings": str(error)}) from error
        return attrs


class ScheduleSerializer(serializers.ModelSerializer[TrainingSchedule]):
    url = serializers.SerializerMethodField()
    settings = MethodSettings()
    model = VersionSerializer(source="version", allow_null=True, help_text="The version that it had trained last.")
    outcome = serializers.CharField(help_text="What became of it.")

    class Meta:
        model = TrainingSchedule
        fields = ["id", "url", "method", "settings", "epochs", "hour", "interactions", "then", "is_enabled"]
        fields += ["state", "last_at", "model", "outcome"]
        extra_kwargs = {"last_at": {"help_text": "When it trained last, or was created."}}

    def get_url(self, schedule: TrainingSchedule) -> str:
        return reverse("api:schedule", [schedule.pk], request=self.context["request"])


class ScheduleListParams(Parameters):
    """Parameters of a list of schedules."""

    limit = Limit(required=False, help_text=f"Schedules a page. Default: {Pages.page_size}.")


def schedule_or_404(pk: int) -> TrainingSchedule:
    """Return the schedule of this id. Raises NotFound."""
    found = TrainingSchedule.objects.filter(pk=pk).select_related("version").first() if pk <= MAX_ID else None
    if found is None:
        raise NotFound(f"There is no training schedule {pk}.")
    return found


def schedule_response(request: Request, pk: int, status: int = 200) -> Response:
    """Return the schedule as a response; with status 201, with its URL in the header Location."""
    payload = ScheduleSerializer(schedule_or_404(pk), context={"request": request}).data
    return Response(payload, status=status, headers={"Location": payload["url"]} if status == 201 else {})


def check_may_activate(request: Request, *rules: str) -> None:
    """Raise PermissionDenied if one of these rules activates versions and the caller may not."""
    if Then.BETTER in rules and not is_granted(request, ACTIVATE):
        raise PermissionDenied(f"A schedule that activates versions needs the permission {ACTIVATE}.")


class Schedules(APIView):
    operations = {"GET": "list_schedules", "POST": "create_schedule"}
    rules = {"GET": READ, "POST": TRAIN}
    pagination_class = Pages

    @extend_schema(
        summary="Training schedules", parameters=[ScheduleListParams], responses=ScheduleSerializer(many=True)
    )
    def get(self, request: Request) -> Response:
        params = ScheduleListParams(data=request.query_params)
        params.is_valid(raise_exception=True)
        pages = self.pagination_class(params.validated_data.get("limit"))
        page = pages.page_of(TrainingSchedule.objects.select_related("version"), request)
        shown = serializers.ListSerializer(page, child=ScheduleSerializer(), context={"request": request})
        return pages.get_paginated_response(shown.data)

    @extend_schema(
        summary="Create a training schedule",
        description="Daily at an hour, after so many new interactions, or both. One that activates versions "
        f"(`better`: if the version is better for certain) needs the permission {ACTIVATE}.",
        request=ScheduleInput,
        responses={201: ScheduleSerializer},
    )
    def post(self, request: Request) -> Response:
        params = ScheduleInput(data=request.data)
        params.is_valid(raise_exception=True)
        check_may_activate(request, params.validated_data["then"])
        schedule = TrainingSchedule(**params.validated_data)
        planning.store(schedule)
        return schedule_response(request, schedule.pk, 201)


class OneSchedule(APIView):
    operations = {"GET": "get_schedule", "PATCH": "change_schedule", "DELETE": "delete_schedule"}
    rules = {"GET": READ, "PATCH": TRAIN, "DELETE": TRAIN}

    @extend_schema(summary="A training schedule, and what became of the last training", responses=ScheduleSerializer)
    def get(self, request: Request, pk: int) -> Response:
        return schedule_response(request, pk)

    @extend_schema(
        summary="Change a training schedule",
        description="What is left out stays. A training that runs goes on as it began.",
        request=ScheduleInput,
        responses=ScheduleSerializer,
    )
    def patch(self, request: Request, pk: int) -> Response:
        schedule = schedule_or_404(pk)
        params = ScheduleInput(data=request.data, partial=True, context={"schedule": schedule})
        params.is_valid(raise_exception=True)
        fields: dict[str, Any] = dict(params.validated_data)
        check_may_activate(request, schedule.then, fields.get("then", ""))
        planning.change(schedule, **fields)
        return schedule_response(request, pk)

    @extend_schema(
        summary="Delete a training schedule",
        description="Versions that it had trained stay, and a training that runs goes on.",
        responses={204: None},
    )
    def delete(self, request: Request, pk: int) -> Response:
        schedule = schedule_or_404(pk)
        check_may_activate(request, schedule.then)
        schedule.delete()
        return Response(status=204)
