"""Resource experiments/: recommendations of several kinds, each tried on a share of the visitors."""

from collections.abc import Callable
from typing import Any

from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.views import APIView

from recommender.api.fields import BoundedList, Flag, Limit, Number, Parameters, Strict, Validated
from recommender.api.models import ACTIVATE, MAX_ID, READ, caller_name
from recommender.api.pagination import Pages
from recommender.api.permissions import Rule
from recommender.api.schema import CONFLICT
from recommender.experiments import figures, lifecycle
from recommender.experiments.figures import ArmFigures
from recommender.experiments.models import (
    MAX_DAYS,
    TRIED_ROLES,
    Arm,
    Entry,
    Experiment,
    ExperimentState,
    Goal,
    Strategy,
)
from recommender.experiments.statistics import Interval
from recommender.experiments.words import known
from recommender.models import ModelVersion, Role

CHANGE = Rule(permissions=("recommender.change_modelversion",))
SWITCH = Rule(permissions=(ACTIVATE,))
MOST_PLACEMENTS = 20


class ArmInput(Strict):
    """Recommendations as a share of the visitors gets them."""

    name = serializers.CharField(max_length=40)
    share = serializers.IntegerField(min_value=1, max_value=100, help_text="Percent of the visitors.")
    version = serializers.IntegerField(
        required=False, allow_null=True, min_value=1, max_value=MAX_ID, help_text="Default: the active one."
    )
    strategy = serializers.ChoiceField(
        Strategy.choices, required=False, help_text="`popular`: only of personal recommendations, without a version."
    )
    diversity = Number(required=False, allow_null=True, min_value=0, max_value=1, help_text="Default: as requested.")
    min_score = Number(required=False, allow_null=True, min_value=0, max_value=1, help_text="Default: as requested.")
    exclude_seen = Flag(
        required=False, allow_null=True, help_text="Only of personal recommendations. Default: as requested."
    )

    def validate_version(self, pk: int | None) -> ModelVersion | None:
        version = ModelVersion.objects.filter(pk=pk).first() if pk else None
        if pk and version is None:
            raise serializers.ValidationError(f"There is no model version {pk}.")
        return version


class ArmList(BoundedList):
    child = ArmInput()


class ExperimentInput(Strict):
    name = serializers.CharField(max_length=100)
    role = serializers.ChoiceField(TRIED_ROLES)
    placements = BoundedList(
        child=serializers.CharField(max_length=50),
        required=False,
        max_length=MOST_PLACEMENTS,
        help_text="`placement` of the requests that it is for. Default: all.",
    )
    goal = serializers.ChoiceField(
        Goal.choices, required=False, help_text="After which share of the lists seen it happened is compared."
    )
    margin = Number(
        required=False,
        min_value=0,
        max_value=1,
        help_text="An arm whose rate is lower than the first one's by more than this, for certain, is stopped.",
    )
    days = serializers.IntegerField(
        required=False, min_value=1, max_value=MAX_DAYS, help_text="Days after which it is stopped."
    )
    arms = ArmList(min_length=2, max_length=lifecycle.MOST_ARMS, help_text="The first is the control.")


class ArmSerializer(serializers.ModelSerializer[Arm]):
    version_name = serializers.CharField(help_text="The version, though it may be deleted.")
    reason = serializers.CharField(help_text="Why it was stopped.")

    class Meta:
        model = Arm
        fields = ["name", "share", "version", "version_name", "strategy", "diversity", "min_score", "exclude_seen"]
        fields += ["stopped_at", "reason"]


class EntrySerializer(serializers.ModelSerializer[Entry]):
    class Meta:
        model = Entry
        fields = ["at", "by", "text"]


class ExperimentSerializer(serializers.ModelSerializer[Experiment]):
    url = serializers.SerializerMethodField()
    placements = serializers.ListField(child=serializers.CharField())
    arms = ArmSerializer(many=True)
    winner = serializers.CharField(allow_null=True, source="winner.name", default=None)
    history = EntrySerializer(many=True, source="entries", help_text="What was done, when and by whom.")

    class Meta:
        model = Experiment
        fields = ["id", "url", "name", "role", "placements", "goal", "margin", "days", "state"]
        fields += ["created_at", "started_at", "stopped_at", "concluded_at", "adopted_at", "winner"]
        fields += ["arms", "history"]
        extra_kwargs = {
            "adopted_at": {"help_text": "Since when everybody gets what the winner fixes besides a version."},
        }

    def get_url(self, experiment: Experiment) -> str:
        return reverse("api:experiment", [experiment.pk], request=self.context["request"])


class IntervalSerializer(serializers.Serializer[Interval]):
    value = serializers.FloatField()
    interval = serializers.SerializerMethodField(
        help_text="95 %, however often it is looked at; null while too little is known."
    )

    @extend_schema_field({"type": "array", "items": {"type": "number"}, "nullable": True})
    def get_interval(self, interval: Interval) -> list[float | None] | None:
        return None if interval.low is None else [interval.low, interval.high]


class FiguresSerializer(serializers.Serializer[ArmFigures]):
    arm = serializers.CharField(source="arm.name")
    visitors = serializers.IntegerField(source="totals.visitors", help_text="Who saw a list.")
    lists = serializers.IntegerField(source="totals.x", help_text="Lists that they saw.")
    reached = serializers.IntegerField(source="totals.y", help_text="Lists after which there was what is counted.")
    rate = IntervalSerializer(help_text="Share of the lists after which there was what is counted.")
    difference = IntervalSerializer(allow_null=True, help_text="To the rate of the control, which has null.")
    more_visitors = serializers.IntegerField(
        allow_null=True, help_text="About how many decide, if the difference stays. Null: it is not known."
    )
    versions = serializers.ListField(child=serializers.CharField(), help_text="Versions whose lists were seen.")


class ExperimentFiguresSerializer(ExperimentSerializer):
    known = serializers.SerializerMethodField(help_text="One sentence.")
    figures = serializers.SerializerMethodField(help_text="Of each arm, a minute old at most.")

    class Meta(ExperimentSerializer.Meta):
        fields = [*ExperimentSerializer.Meta.fields, "known", "figures"]

    def get_known(self, experiment: Experiment) -> str:
        return known(experiment, figures.of(experiment))

    @extend_schema_field(FiguresSerializer(many=True))
    def get_figures(self, experiment: Experiment) -> Any:
        return serializers.ListSerializer(figures.of(experiment), child=FiguresSerializer()).data


class ExperimentListParams(Parameters):
    """Parameters of a list of experiments."""

    role = serializers.ChoiceField(Role.choices, required=False)
    state = serializers.ChoiceField(ExperimentState.choices, required=False)
    limit = Limit(required=False, help_text=f"Experiments a page. Default: {Pages.page_size}.")


def experiment_or_404(pk: int) -> Experiment:
    """Return the experiment of this id. Raises NotFound."""
    experiment = Experiment.objects.filter(pk=pk).first() if pk <= MAX_ID else None
    if experiment is None:
        raise NotFound(f"There is no experiment {pk}.")
    return experiment


def experiment_response(request: Request, pk: int, status: int = 200) -> Response:
    """Return the experiment as it is now as a response; with status 201, with its URL in the header Location."""
    payload = ExperimentFiguresSerializer(experiment_or_404(pk), context={"request": request}).data
    return Response(payload, status=status, headers={"Location": payload["url"]} if status == 201 else {})


class Experiments(APIView):
    operations = {"GET": "list_experiments", "POST": "create_experiment"}
    rules = {"GET": READ, "POST": CHANGE}
    pagination_class = Pages

    @extend_schema(
        summary="Experiments",
        description="The newest first.",
        parameters=[ExperimentListParams],
        responses=ExperimentSerializer(many=True),
    )
    def get(self, request: Request) -> Response:
        params = ExperimentListParams(data=request.query_params)
        params.is_valid(raise_exception=True)
        filters = dict(params.validated_data)
        pages = self.pagination_class(filters.pop("limit", None))
        found = Experiment.objects.filter(**filters).select_related("winner").prefetch_related("arms", "entries")
        page = pages.page_of(found, request)
        shown = serializers.ListSerializer(page, child=ExperimentSerializer(), context={"request": request})
        return pages.get_paginated_response(shown.data)

    @extend_schema(
        summary="Create an experiment",
        description="A draft, which POST `start/` begins. Each visitor has an arm by a hash of their id, and keeps it; "
        "those beyond the sum of the shares see what everybody saw before. A parameter that an arm has counts in place "
        "of the one in the request.",
        request=ExperimentInput,
        responses={201: ExperimentFiguresSerializer},
    )
    def post(self, request: Request) -> Response:
        params = ExperimentInput(data=request.data)
        params.is_valid(raise_exception=True)
        fields: Validated = dict(params.validated_data)
        arms = [Arm(**arm) for arm in fields.pop("arms")]
        experiment = lifecycle.create(fields, arms, caller_name(request))
        return experiment_response(request, experiment.pk, 201)


class OneExperiment(APIView):
    operations = {"GET": "get_experiment", "DELETE": "delete_experiment"}
    rules = {"GET": READ, "DELETE": CHANGE}

    @extend_schema(summary="An experiment, and what is known", responses=ExperimentFiguresSerializer)
    def get(self, request: Request, pk: int) -> Response:
        return experiment_response(request, pk)

    @extend_schema(
        summary="Delete a draft",
        description="409 for an experiment that was started: its figures and history stay.",
        responses={204: None} | CONFLICT,
    )
    def delete(self, request: Request, pk: int) -> Response:
        lifecycle.delete(experiment_or_404(pk))
        return Response(status=204)


def step(summary: str, description: str, body: type[Strict] | None = None) -> Callable[[Any], Any]:
    """Return the decorator of a POST that changes the state of an experiment."""
    responses = {200: ExperimentFiguresSerializer} | CONFLICT
    return extend_schema(summary=summary, description=description, request=body, responses=responses)


class StartExperiment(APIView):
    operations = {"POST": "start_experiment"}
    rules = {"POST": SWITCH}

    @step("Start an experiment", "409 unless it is a draft, and while another runs for one of its placements.")
    def post(self, request: Request, pk: int) -> Response:
        lifecycle.start(experiment_or_404(pk), caller_name(request))
        return experiment_response(request, pk)


class StopInput(Strict):
    reason = serializers.CharField(required=False, default="", allow_blank=True, max_length=200)


class StopExperiment(APIView):
    operations = {"POST": "stop_experiment"}
    rules = {"POST": SWITCH}

    @step("Stop an experiment", "Everybody sees what is active. 409 unless it runs.", StopInput)
    def post(self, request: Request, pk: int) -> Response:
        params = StopInput(data=request.data)
        params.is_valid(raise_exception=True)
        lifecycle.stop(experiment_or_404(pk), caller_name(request), params.validated_data["reason"].rstrip("."))
        return experiment_response(request, pk)


class ConcludeInput(Strict):
    winner = serializers.CharField(
        required=False, allow_null=True, default=None, max_length=40, help_text="The name of an arm."
    )


class ConcludeExperiment(APIView):
    operations = {"POST": "conclude_experiment"}
    rules = {"POST": SWITCH}

    @step(
        "Conclude an experiment",
        "Its figures are stored, and the version of the arm that won, if it has one, is activated as by POST "
        "models/ID/activate/. Its strategy and parameters everybody gets from then on, until POST `withdraw/`. 409 for "
        "a draft, and if it was concluded already.",
        ConcludeInput,
    )
    def post(self, request: Request, pk: int) -> Response:
        params = ConcludeInput(data=request.data)
        params.is_valid(raise_exception=True)
        experiment, name = experiment_or_404(pk), params.validated_data["winner"]
        winner = experiment.arms.filter(name=name).first() if name else None
        if name and winner is None:
            raise serializers.ValidationError({"winner": [f"The experiment has no arm {name!r}."]})
        lifecycle.conclude(experiment, caller_name(request), winner)
        return experiment_response(request, pk)


class WithdrawExperiment(APIView):
    operations = {"POST": "withdraw_experiment"}
    rules = {"POST": SWITCH}

    @step("Withdraw what was adopted", "Strategy and parameters of the winner; its version stays. 409 without any.")
    def post(self, request: Request, pk: int) -> Response:
        lifecycle.withdraw(experiment_or_404(pk), caller_name(request))
        return experiment_response(request, pk)
