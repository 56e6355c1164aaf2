"""recommendations/ID/: a kept answer again, and the pages after it."""

import uuid

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from recommender.api.problems import as_sentence
from recommender.api.recommendations import RecommendationSerializer, answer
from recommender.errors import NoSuchRecommendation
from recommender.serving import saved
from recommender.serving.saved import Caller

MOST_PAGES = 1000


class PageParams(serializers.Serializer):
    page = serializers.IntegerField(
        default=1, min_value=1, max_value=MOST_PAGES, help_text="1: as it was given. The one after the last is made."
    )


class OneRecommendation(APIView):
    @extend_schema(
        summary="An answer again, and its next pages",
        description="The same products, ranks and scores, less what was hidden or sold out since. Page after page "
        "nothing comes twice, whatever the shopper does meanwhile. Answers are kept for an hour or as long as the shop "
        "says, for whoever asked and for staff; an answer to a guest without a session is for whoever knows its id.",
        parameters=[PageParams],
        responses=RecommendationSerializer,
    )
    def get(self, request: Request, pk: uuid.UUID) -> Response:
        params = PageParams(data=request.query_params)
        params.is_valid(raise_exception=True)
        try:
            return answer(request, saved.replay(pk, params.validated_data["page"], Caller.of(request)))
        except NoSuchRecommendation as error:
            raise NotFound(as_sentence(error)) from error
