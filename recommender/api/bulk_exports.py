"""Resource exports/: products, interactions and recommendations in one file each, as CSV or JSON lines."""

from collections.abc import Iterable, Iterator
from typing import Any

from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.utils.urls import replace_query_param
from rest_framework.views import APIView

from catalog import exports
from catalog.models import Interaction, Product, Shopper
from recommender.api.fields import Limit, Parameters
from recommender.api.permissions import Rule
from recommender.serving.exports import COLUMNS, recommendation_records

MOST_SHOPPERS = 10_000  # in a file of recommendations: some minutes
MEDIA_TYPES = {"csv": "text/csv", "jsonl": "application/jsonl"}
MAX_KEY = Shopper._meta.get_field("key").max_length


class ExportParams(Parameters):
    """Parameters that each file has."""

    format = serializers.ChoiceField(
        list(MEDIA_TYPES), default="csv", help_text="csv: with a header; jsonl: a JSON object a line."
    )


class ProductExportParams(ExportParams):
    updated_since = serializers.DateTimeField(required=False, help_text="Only products that were changed since.")


class InteractionExportParams(ExportParams):
    recorded_since = serializers.DateTimeField(required=False, help_text="Only interactions that were recorded since.")


class RecommendationExportParams(ExportParams):
    limit = Limit(default=12, help_text="Results for each shopper.")
    shoppers = serializers.IntegerField(
        min_value=1, max_value=MOST_SHOPPERS, default=1000, help_text="Shoppers in the file."
    )
    after = serializers.CharField(
        required=False,
        max_length=MAX_KEY,
        help_text="Id of the last shopper of the file before: see `Link`.",
    )


LINK = OpenApiParameter(
    "Link",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    response=[200],
    description='`<…>; rel="next"`: the address of the next file. Left out of the last one.',
)


def file_of(description: str) -> dict[tuple[int, str], Any]:
    """Return the responses of an operation that returns a file."""
    return {(200, media): OpenApiResponse(OpenApiTypes.STR, description) for media in MEDIA_TYPES.values()}


class FileView(APIView):
    """A view that returns a file, whatever media type the caller accepts: the parameter `format` chooses."""

    def perform_content_negotiation(self, request: Request, force: bool = False) -> tuple[JSONRenderer, str]:
        return JSONRenderer(), JSONRenderer.media_type  # of problem documents


def file_response(
    name: str, format: str, columns: Iterable[str], records: Iterator[exports.Record]
) -> StreamingHttpResponse:
    """Return a file that is written while it is sent, in bounded memory."""
    lines = exports.csv_lines(list(columns), records) if format == "csv" else exports.json_lines(records)
    response = StreamingHttpResponse(lines, content_type=f"{MEDIA_TYPES[format]}; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.{format}"'
    return response


class ProductExport(FileView):
    operations = {"GET": "export_products"}
    rules = {"GET": Rule(permissions=("catalog.view_product",))}

    @extend_schema(
        summary="All products in a file",
        description="Hidden ones as well, by their ids. As CSV, `import_products` and the admin take it. Images are "
        "named as they are stored; a zip with the images is written by `manage.py export_products`.",
        parameters=[ProductExportParams],
        responses=file_of("The file, by lines."),
    )
    def get(self, request: Request) -> StreamingHttpResponse:
        params = ProductExportParams(data=request.query_params)
        params.is_valid(raise_exception=True)
        given = params.validated_data
        found = Product.objects.all()
        if "updated_since" in given:
            found = found.filter(updated_at__gte=given["updated_since"])
        columns = exports.product_columns() if given["format"] == "csv" else []
        return file_response("products", given["format"], columns, exports.product_records(found))


class InteractionExport(FileView):
    operations = {"GET": "export_interactions"}
    rules = {"GET": Rule(permissions=("catalog.view_interaction",))}

    @extend_schema(
        summary="All interactions in a file",
        description="In the order in which they were recorded. `import_interactions` takes those of shoppers.",
        parameters=[InteractionExportParams],
        responses=file_of("The file, by lines."),
    )
    def get(self, request: Request) -> StreamingHttpResponse:
        params = InteractionExportParams(data=request.query_params)
        params.is_valid(raise_exception=True)
        given = params.validated_data
        found = Interaction.objects.all()
        if "recorded_since" in given:
            found = found.filter(recorded_at__gte=given["recorded_since"])
        return file_response("interactions", given["format"], exports.EVENT, exports.event_records(found))


class RecommendationExport(FileView):
    operations = {"GET": "export_recommendations"}
    rules = {"GET": Rule(permissions=("catalog.view_shopper",))}

    @extend_schema(
        summary="What shoppers are recommended now, in files",
        description="By the shop's ids of the shoppers. Each line is a result: user, rank, sku, score, strategy.",
        parameters=[RecommendationExportParams, LINK],
        responses=file_of("The file, by lines."),
    )
    def get(self, request: Request) -> StreamingHttpResponse:
        params = RecommendationExportParams(data=request.query_params)
        params.is_valid(raise_exception=True)
        given = params.validated_data
        most = given["shoppers"]
        found = Shopper.objects.filter(key__gt=given.get("after", "")).order_by("key")[: most + 1]
        shoppers = list(found)
        records = recommendation_records(shoppers[:most], given["limit"])
        response = file_response("recommendations", given["format"], COLUMNS, records)
        if len(shoppers) > most:
            following = replace_query_param(request.build_absolute_uri(), "after", shoppers[most - 1].key)
            response["Link"] = f'<{following}>; rel="next"'
        return response
