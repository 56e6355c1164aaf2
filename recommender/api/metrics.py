"""Resources metrics/recommendations/ and metrics/indexes/: what followed on recommendations, and recall of indexes."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from recommender.api.fields import Parameters, Timestamp
from recommender.api.models import READ
from recommender.api.recommendations import VersionSerializer
from recommender.audits import recall
from recommender.audits.recall import Recall
from recommender.serving import outcomes
from recommender.versions import queries
from recommender.versions.vectors import nearest

DEFAULT = timedelta(days=30)


class MetricsParams(Parameters):
    """Parameters of the metrics of recommendations."""

    by = serializers.CharField(
        default="placement",
        max_length=100,
        help_text="What to group by: placement, strategy, version, separated by commas.",
    )
    since = Timestamp(required=False, help_text="Default: 30 days ago.")
    step = serializers.ChoiceField(
        outcomes.STEPS,
        required=False,
        help_text="With it the response has clicks over time, by placement, and ignores `by`.",
    )

    def validate_by(self, by: str) -> list[str]:
        names = [name.strip() for name in by.split(",")]
        for name in names:
            if name not in outcomes.DIMENSIONS:
                known = ", ".join(outcomes.DIMENSIONS)
                raise serializers.ValidationError(f"{name!r} is not among {known}.")
        return names


class RateSerializer(serializers.Serializer[outcomes.Rate]):
    recommendations = serializers.IntegerField(source="count", help_text="After which it happened.")
    rate = serializers.FloatField(source="value", help_text="Share of those that were seen.")
    interval = serializers.ListField(child=serializers.FloatField(), min_length=2, max_length=2, help_text="95 %.")


class OutcomeSerializer(serializers.Serializer[outcomes.Outcome]):
    placement = serializers.CharField(required=False, source="group.placement", help_text="Empty: unknown.")
    strategy = serializers.CharField(required=False, source="group.strategy")
    version = serializers.IntegerField(
        required=False, allow_null=True, source="group.version", help_text="Id of the model version."
    )
    recommendations = serializers.IntegerField(help_text="Recommendations of which a visitor saw something.")
    results = serializers.IntegerField(help_text="Results of them that were seen.")
    rates = serializers.SerializerMethodField(help_text="By the kind of interaction that names the recommendation.")

    @extend_schema_field({"type": "object", "additionalProperties": {"type": "object", "additionalProperties": True}})
    def get_rates(self, outcome: outcomes.Outcome) -> dict[str, object]:
        return {kind: RateSerializer(rate).data for kind, rate in outcome.rates.items()}


class ClicksSerializer(serializers.Serializer[outcomes.Clicks]):
    at = serializers.DateTimeField(help_text="The beginning of the hour or day, UTC, in which they were seen.")
    placement = serializers.CharField(help_text="Empty: unknown.")
    recommendations = serializers.IntegerField(source="clicked.of", help_text="Of which a visitor saw something.")
    clicked = RateSerializer()


class MetricsSerializer(serializers.Serializer[dict[str, Any]]):
    since = serializers.DateTimeField()
    results = OutcomeSerializer(many=True, required=False, help_text="Those seen most first; without `step`.")
    over_time = ClicksSerializer(many=True, required=False, help_text="The oldest first; with `step`.")


class RecommendationMetrics(APIView):
    operations = {"GET": "recommendation_metrics"}
    rules = {"GET": READ}

    @extend_schema(
        summary="What followed on recommendations",
        description="Recommendations that visitors saw (POST impressions/), and after which share of them there was a "
        "click, like, cart or purchase whose recommendation_id names them, with 95 % intervals (Wilson).",
        parameters=[MetricsParams],
        responses=MetricsSerializer,
    )
    def get(self, request: Request) -> Response:
        params = MetricsParams(data=request.query_params)
        params.is_valid(raise_exception=True)
        since = params.validated_data.get("since", timezone.now() - DEFAULT)
        if step := params.validated_data.get("step"):
            over_time = outcomes.clicks_over_time(step, since)
            return Response(MetricsSerializer({"since": since, "over_time": over_time}).data)
        found = outcomes.by(params.validated_data["by"], since)
        return Response(MetricsSerializer({"since": since, "results": found}).data)


class RecallSerializer(serializers.Serializer[Recall]):
    filters = serializers.CharField(help_text="What the results had to satisfy.")
    requests = serializers.IntegerField(help_text="Sampled requests that were answered again, exactly.")
    recall = serializers.FloatField(source="value", help_text="Share of the nearest products that the answers had.")
    interval = serializers.ListField(child=serializers.FloatField(), min_length=2, max_length=2, help_text="95 %.")
    usual_recall = serializers.FloatField(
        source="usual", help_text="The same by the usual search, where the version is searched otherwise."
    )
    compared = serializers.FloatField(source="exact", help_text="Share of the requests that took no index.")


class IndexSerializer(serializers.Serializer[dict[str, Any]]):
    model = VersionSerializer()
    candidates = serializers.IntegerField(help_text="That a walk of the index keeps. 0: all vectors are compared.")
    is_usual = serializers.BooleanField(help_text="Whether it is searched as usual.")
    recall = RecallSerializer(many=True, help_text="By kind of filter, since the search was last changed.")


class IndexesSerializer(serializers.Serializer[dict[str, Any]]):
    target = serializers.FloatField(help_text="VISREC_INDEX_RECALL, as a share.")
    results = IndexSerializer(many=True)


class IndexMetrics(APIView):
    operations = {"GET": "index_metrics"}
    rules = {"GET": READ}

    @extend_schema(
        summary="Recall of the indexes",
        description="Of the versions that serve. One whose recall is below the target for certain is searched more "
        "widely, until its index finds enough again.",
        responses=IndexesSerializer,
    )
    def get(self, request: Request) -> Response:
        found = [
            {
                "model": version,
                "candidates": nearest.EXACT if version.ef_search == nearest.EXACT else nearest.ef_search(version),
                "is_usual": version.ef_search is None,
                "recall": recall.of(version),
            }
            for version in queries.serving_versions().order_by("role", "pk")
        ]
        return Response(IndexesSerializer({"target": settings.INDEX_RECALL, "results": found}).data)
