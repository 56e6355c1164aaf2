"""Resource downloads/: images that are to be fetched by their URLs, and why some were not."""

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from catalog.models import ImageDownload
from recommender.api.fields import MAX_SKU_LENGTH, Limit, Parameters
from recommender.api.pagination import Pages
from recommender.api.permissions import Rule
from recommender.api.products import CHANGE


class DownloadParams(Parameters):
    """Parameters of the list of downloads."""

    sku = serializers.CharField(required=False, max_length=MAX_SKU_LENGTH, help_text="SKU of a product.")
    has_failed = serializers.BooleanField(
        required=False, allow_null=True, default=None, help_text="true: those that are not tried any more."
    )
    limit = Limit(required=False, help_text=f"Downloads a page. Default: {Pages.page_size}.")


class DownloadSerializer(serializers.ModelSerializer[ImageDownload]):
    """An image that a product has yet to get."""

    sku = serializers.CharField(source="product.sku")
    url = serializers.CharField()
    problem = serializers.CharField(help_text="Why the last try failed; empty before it.")
    retry_at = serializers.DateTimeField(
        allow_null=True, help_text="When it is tried, or again; null: no more. Send the product's image anew then."
    )

    class Meta:
        model = ImageDownload
        fields = ["sku", "url", "is_primary", "tries", "retry_at", "problem", "created_at"]


class Downloads(APIView):
    operations = {"GET": "list_downloads"}
    rules = {"GET": Rule(permissions=(CHANGE,))}
    pagination_class = Pages

    @extend_schema(
        summary="Images that are yet to be fetched by their URLs",
        description="The oldest first. One that the product has got is no longer among them.",
        parameters=[DownloadParams],
        responses=DownloadSerializer(many=True),
    )
    def get(self, request: Request) -> Response:
        params = DownloadParams(data=request.query_params)
        params.is_valid(raise_exception=True)
        given = params.validated_data
        found = ImageDownload.objects.select_related("product")
        if "sku" in given:
            found = found.filter(product__sku=given["sku"])
        if given["has_failed"] is not None:
            found = found.filter(retry_at__isnull=given["has_failed"])
        pages = Pages(given.get("limit"))
        rows = pages.page_of(found, request)
        return pages.get_paginated_response(DownloadSerializer(rows, many=True).data)
