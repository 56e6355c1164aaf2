"""products/SKU/similar/ and search/image/: products that look like a product, or like a photo."""

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.settings import api_settings
from rest_framework.views import APIView

from recommender.api.fields import PhotoField
from recommender.api.parsers import MultiPartParser
from recommender.api.products import product_or_404
from recommender.api.recommendations import AskParams, recommends
from recommender.api.throttling import PhotoThrottle
from recommender.serving import photos, recommend
from recommender.serving.types import Recommendation, RecommendationQuery


class SimilarProducts(APIView):
    @recommends(
        summary="Products that look like this one",
        description="Without results, `reason` is `not_yet_findable` while the picture waits for its embedding.",
    )
    def get(self, request: Request, query: RecommendationQuery, sku: str) -> Recommendation:
        return recommend.similar_products(product_or_404(request, sku), query)


class Photo(serializers.Serializer):
    image = PhotoField(help_text="JPEG, PNG, WebP, GIF, BMP or TIFF. It is not kept.")


class PhotoForm(AskParams, Photo):
    """In the form as well as in the query string."""


class SearchImage(APIView):
    parser_classes = [MultiPartParser]
    throttle_classes = [*api_settings.DEFAULT_THROTTLE_CLASSES, PhotoThrottle]

    @recommends(
        summary="Products that look like a photo",
        description="Without results, `reason` is `no_good_match`: nothing comes near. The photo is not kept; what the "
        "model saw in it is, as long as its answer can be gone on with.",
        request=PhotoForm,
    )
    def post(self, request: Request, query: RecommendationQuery) -> Recommendation:
        photo = Photo(data=request.data)
        photo.is_valid(raise_exception=True)
        return photos.products_like(photo.validated_data["image"], query)
