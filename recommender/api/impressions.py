"""Resource impressions/: which results of recommendations a visitor saw."""

import uuid

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from recommender.api.fields import BoundedList, Strict
from recommender.api.interactions import RecommendationId
from recommender.api.permissions import Rule
from recommender.serving import impressions
from recommender.serving.saved import Caller

MOST = 100  # recommendations a request, and results of one
MAX_POSITION = 1000


class SeenInput(Strict):
    recommendation_id = RecommendationId(help_text="Of a response to the same caller, within the last hour or so.")
    positions = BoundedList(
        child=serializers.IntegerField(min_value=1, max_value=MAX_POSITION),
        min_length=1,
        max_length=MOST,
        help_text="The ranks of the results that were seen.",
    )


class SeenList(BoundedList):
    child = SeenInput()


class ImpressionsInput(Strict):
    impressions = SeenList(min_length=1, max_length=MOST)


class ImpressionsSerializer(serializers.Serializer[None]):
    accepted = serializers.IntegerField(min_value=0, help_text="Recommendations whose positions were stored.")
    unknown = serializers.ListField(
        child=serializers.UUIDField(), help_text="Recommendations that expired, never were, or are another caller's."
    )


class Impressions(APIView):
    operations = {"POST": "record_impressions"}
    rules = {"POST": Rule(guests=True, permissions=("catalog.add_interaction",))}

    @extend_schema(
        summary="Record impressions",
        description="Which results a visitor saw. The same position twice counts once. Nothing is stored of the "
        "visitor, and no taste or popularity follows from it.",
        request=ImpressionsInput,
        responses={202: ImpressionsSerializer},
    )
    def post(self, request: Request) -> Response:
        params = ImpressionsInput(data=request.data)
        params.is_valid(raise_exception=True)
        seen: dict[uuid.UUID, list[int]] = {}
        for item in params.validated_data["impressions"]:
            seen.setdefault(item["recommendation_id"], []).extend(item["positions"])
        known = impressions.record(seen, Caller.of(request))
        return Response({"accepted": len(known), "unknown": [str(key) for key in seen if key not in known]}, status=202)
