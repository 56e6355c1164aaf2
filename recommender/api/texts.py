"""Resource search/text/: products that look as words say."""

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.views import APIView

from recommender.api.fields import MAX_SKU_LENGTH, Parameters
from recommender.api.permissions import STATELESS
from recommender.api.products import shown_to
from recommender.api.recommendations import RecommendationSerializer, recommends
from recommender.api.schema import CONFLICT
from recommender.serving import texts
from recommender.serving.types import Recommendation, RecommendationQuery
from recommender.throttling import TextThrottle


@extend_schema_field(
    {"type": "string", "minLength": 1, "maxLength": texts.MOST_CHARACTERS, "example": "red shoes with a strap"}
)
class Words(serializers.CharField):
    """Words of a search."""


class TextParams(Parameters):
    """Parameters of a search by text."""

    q = Words(max_length=texts.MOST_CHARACTERS, help_text="What the products look like, in words.")
    like = serializers.CharField(
        required=False,
        max_length=MAX_SKU_LENGTH,
        help_text="SKU of a product that they look like as well: with q=red, like this one, but red.",
    )


class SearchText(APIView):
    operations = {"GET": "search_by_text"}
    rules = {"GET": STATELESS}
    throttle_classes = [*APIView.throttle_classes, TextThrottle]

    @recommends(
        TextParams,
        summary="Search by text",
        description="Products that look as a text says, where the active similarity version is an image-text encoder; "
        "a conflict (409) where it is not. A score is lower than that of two images which look alike: compare it with "
        "the scores of other texts alone. Without results, `reason` may be `not_yet_findable`, until the image of the "
        "product in `like` has its embedding.",
        responses={200: RecommendationSerializer, **CONFLICT},
    )
    def get(self, request: Request, query: RecommendationQuery) -> Recommendation:
        params = TextParams(data=request.query_params)
        params.is_valid(raise_exception=True)
        text, sku = params.validated_data["q"], params.validated_data.get("like")
        found = texts.products_like(text, query, shown_to(request, sku) if sku else None)
        if found is None:
            raise NotFound(f"There is no product {sku!r}.")
        return found
