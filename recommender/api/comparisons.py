"""Two model versions beside each other, for staff."""

from typing import Any

from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from recommender.api.fields import MAX_SKU_LENGTH, Parameters
from recommender.api.models import READ, caller_name, version_or_404
from recommender.api.permissions import Rule
from recommender.api.recommendations import VersionSerializer
from recommender.api.schema import CONFLICT
from recommender.audits import replay
from recommender.audits.models import Replay
from recommender.serving import side_by_side
from recommender.versions import comparison


class PairSerializer(serializers.Serializer[comparison.Pair]):
    name = serializers.CharField()
    values = serializers.ListField(child=serializers.JSONField(), min_length=2, max_length=2)
    intervals = serializers.ListField(
        child=serializers.ListField(child=serializers.FloatField(), allow_null=True),
        min_length=2,
        max_length=2,
        help_text="95 % confidence intervals; null where none was estimated.",
    )
    is_worse = serializers.BooleanField(
        help_text="Whether the second version is below the first by more than the intervals of both."
    )


class ComparedListsSerializer(serializers.Serializer[side_by_side.Lists]):
    product = serializers.CharField(source="product.sku", default=None, allow_null=True)
    user = serializers.CharField(source="shopper.key", default=None, allow_null=True)
    results = serializers.SerializerMethodField(help_text="SKUs of both lists, best first.")

    @extend_schema_field({"type": "array", "items": {"type": "array", "items": {"type": "string"}}})
    def get_results(self, lists: side_by_side.Lists) -> list[list[str]]:
        return [[product.sku for product in products] for products in lists.lists]


class ReplaySerializer(serializers.ModelSerializer[Replay]):
    class Meta:
        model = Replay
        fields = ["created_at", "finished_at", "figures"]
        extra_kwargs = {
            "finished_at": {"help_text": "Null: a worker is on it."},
            "figures": {
                "help_text": "Of `requests`, how many lists are the `same`, the share of the products that is in both "
                "(`shared`), which products and categories are shown more or less often, and paired differences "
                "(`measures`). `off_policy`: what both would have got for similar styles, estimated from products that "
                "were drawn by chance. Of two values the first is of the first version."
            },
        }


class ComparisonSerializer(serializers.Serializer[dict[str, Any]]):
    models = VersionSerializer(many=True, help_text="Both versions, in the order of all pairs.")
    measures = PairSerializer(many=True)
    settings = PairSerializer(many=True)
    lists = ComparedListsSerializer(many=True, help_text="What both recommend for the same products or shoppers.")
    shared = serializers.FloatField(allow_null=True, help_text="Share of the results that is in the lists of both.")
    replay = ReplaySerializer(
        allow_null=True, help_text="The last replay of last week's requests, which POST requests."
    )


class ComparisonParams(Parameters):
    """Parameters of a comparison."""

    sku = serializers.CharField(
        required=False, default="", max_length=MAX_SKU_LENGTH, help_text="Compare the lists of this product alone."
    )


class CompareModels(APIView):
    operations = {"GET": "compare_models", "POST": "replay_requests"}
    rules = {"GET": READ, "POST": Rule(permissions=("recommender.change_modelversion",))}

    @extend_schema(
        summary="Two model versions beside each other",
        description="Their measures, settings, and lists for a dozen products or shoppers. 409 if they have not one "
        "role, or one is not trained.",
        parameters=[ComparisonParams],
        responses={200: ComparisonSerializer, **CONFLICT},
    )
    def get(self, request: Request, pk: int, other: int) -> Response:
        params = ComparisonParams(data=request.query_params)
        params.is_valid(raise_exception=True)
        versions = first, second = version_or_404(pk), version_or_404(other)
        replay.check_comparable(first, second)
        lists = side_by_side.lists_of(first, second, params.validated_data["sku"])
        found = {
            "models": versions,
            "measures": comparison.measures(first, second),
            "settings": comparison.settings(first, second),
            "lists": lists,
            "shared": side_by_side.shared_share(lists),
            "replay": replay.latest(first, second),
        }
        return Response(ComparisonSerializer(found).data)

    @extend_schema(
        summary="Replay last week's requests by two model versions",
        description="A worker answers them by both; GET has the outcome. Similar styles: the requests that were "
        "sampled; personal recommendations: a list for each shopper who came. 409 as GET, and of designs.",
        request=None,
        responses={202: ReplaySerializer, **CONFLICT},
    )
    def post(self, request: Request, pk: int, other: int) -> Response:
        queued = replay.request(version_or_404(pk), version_or_404(other), caller_name(request))
        return Response(ReplaySerializer(queued).data, status=202)
