"""Resources products/SKU/similar/ and search/image/: products similar to a product or to a photo."""

from dataclasses import replace

from django.conf import settings
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.views import APIView

from catalog.errors import UnreadableImage
from recommender.api.fields import BoxField, PhotoField, Validated
from recommender.api.parsers import MultiPartParser
from recommender.api.permissions import STATELESS
from recommender.api.problems import as_sentence
from recommender.api.products import shown_to
from recommender.api.recommendations import RecommendationParams, recommends
from recommender.serving import photos, recommend
from recommender.serving.saved import Caller
from recommender.serving.types import Recommendation, RecommendationQuery
from recommender.throttling import PhotoThrottle


class SimilarProducts(APIView):
    operations = {"GET": "similar_products"}
    rules = {"GET": STATELESS}

    @recommends(
        summary="Similar products",
        description="Products that look like this one. Without results, `reason` is `not_yet_findable` until the image "
        "of this product has its embedding.",
    )
    def get(self, request: Request, query: RecommendationQuery, sku: str) -> Recommendation:
        return similar_to(request, sku, query)


def similar_to(request: Request, sku: str, query: RecommendationQuery) -> Recommendation:
    """Recommend products that look like the one of this SKU. Raises NotFound unless the caller may see it."""
    found = recommend.similar_to(shown_to(request, sku), replace(query, visitor=Caller.of(request).visitor))
    if found is None:
        raise NotFound(f"There is no product {sku!r}.")
    return found


class PhotoBody(serializers.Serializer[None]):
    """Photo to search by."""

    image = PhotoField(help_text="JPEG, PNG, WebP, GIF, BMP, TIFF, AVIF or HEIC. It is not stored.")
    box = BoxField(
        required=False,
        help_text="The part of the photo to search by: left, top, right and bottom, as shares of its width and height "
        "when it is the right way up. By default it is that of an object found in the photo.",
    )

    def validate(self, attrs: Validated) -> Validated:
        try:
            return {"photo": photos.read_photo(attrs["image"], attrs.get("box"))}
        except UnreadableImage as error:
            raise serializers.ValidationError({"image": as_sentence(error)}) from error


class PhotoForm(RecommendationParams, PhotoBody):
    """Body of a search by photo; the parameters may be in the query string as well."""


class SearchImage(APIView):
    body_limit = settings.IMAGE_BODY_LIMIT
    operations = {"POST": "search_by_image"}
    rules = {"POST": STATELESS}
    only_reads = True  # by POST as well: a replica may answer
    parser_classes = [MultiPartParser]
    throttle_classes = [*APIView.throttle_classes, PhotoThrottle]

    @recommends(
        summary="Search by photo",
        description="Products that look like a photo. Without results, `reason` is `no_good_match`: no product is "
        "similar enough; `nearest` has those that come nearest. `objects` has what was found in the photo: to search "
        "by another one, send its `box`. The photo is not stored. Its embedding is, as long as the next page can be "
        "read.",
        request=PhotoForm,
    )
    def post(self, request: Request, query: RecommendationQuery) -> Recommendation:
        body = PhotoBody(data=request.data)
        body.is_valid(raise_exception=True)
        return photos.products_like(body.validated_data["photo"], query)
