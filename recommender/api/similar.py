"""products/SKU/similar/ and search/image/: products that look like a product, or like a photo."""

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.settings import api_settings
from rest_framework.views import APIView

from recommender import photos, serving
from recommender.api.fields import PhotoField
from recommender.api.parsers import MultiPartParser
from recommender.api.products import product_or_404
from recommender.api.recommendations import AskParams, RecommendationSerializer, answer, asked
from recommender.api.throttling import PhotoThrottle


class SimilarProducts(APIView):
    @extend_schema(
        summary="Products that look like this one",
        description="Without results, `reason` is `not_yet_findable` while the picture waits for its embedding.",
        parameters=[AskParams],
        responses=RecommendationSerializer,
    )
    def get(self, request: Request, sku: str) -> Response:
        ask = asked(request.query_params)
        product = product_or_404(request, sku)
        return answer(request, serving.similar_products(product, ask), ask)


class Photo(serializers.Serializer):
    image = PhotoField(help_text="JPEG, PNG, WebP, GIF, BMP or TIFF. It is not kept.")


class PhotoForm(AskParams, Photo):
    """In the form as well as in the query string."""


class SearchImage(APIView):
    parser_classes = [MultiPartParser]
    throttle_classes = [*api_settings.DEFAULT_THROTTLE_CLASSES, PhotoThrottle]

    @extend_schema(
        summary="Products that look like a photo",
        description="Without results, `reason` is `no_good_match`: nothing comes near.",
        parameters=[AskParams],
        request=PhotoForm,
        responses=RecommendationSerializer,
    )
    def post(self, request: Request) -> Response:
        params = request.query_params.copy()
        params.update(request.data)  # where both say something, the form, being last, is heard
        ask = asked(params)
        photo = Photo(data=request.data)
        photo.is_valid(raise_exception=True)
        return answer(request, photos.products_like(photo.validated_data["image"], ask), ask)
