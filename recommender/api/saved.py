"""Resource recommendations/ID/: a saved recommendation again, and its next pages."""

import uuid

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from recommender.api.fields import Parameters
from recommender.api.permissions import STATELESS
from recommender.api.problems import as_sentence
from recommender.api.recommendations import RecommendationSerializer, recommendation_response
from recommender.errors import NoSuchRecommendation
from recommender.serving import saved
from recommender.serving.saved import Caller

MAX_PAGES = 1000


class PageParams(Parameters):
    """Parameters of a page of a saved recommendation."""

    page = serializers.IntegerField(
        default=1,
        min_value=1,
        max_value=MAX_PAGES,
        help_text="1: the first response. The page after the last one read is computed now.",
    )


class OneRecommendation(APIView):
    operations = {"GET": "get_recommendation"}
    rules = {"GET": STATELESS}

    @extend_schema(
        summary="A saved recommendation and its next pages",
        description="The same products, ranks and scores as in the first response, without products that were hidden "
        "or sold out since. No product is on two pages, whatever the shopper does meanwhile. A recommendation is saved "
        "for an hour, or as long as the shop has configured, for its caller and for staff with the permission "
        "catalog.view_shopper. One for a guest's token is read with this token. One "
        "for a guest with neither token nor session can be read by everybody who knows its id.",
        parameters=[PageParams],
        responses=RecommendationSerializer,
    )
    def get(self, request: Request, pk: uuid.UUID) -> Response:
        params = PageParams(data=request.query_params)
        params.is_valid(raise_exception=True)
        try:
            found = saved.load(pk, params.validated_data["page"], Caller.of(request))
        except NoSuchRecommendation as error:
            raise NotFound(as_sentence(error)) from error
        return recommendation_response(request, found)
