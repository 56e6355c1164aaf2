"""Root of the API with links, the OpenAPI document and its page."""

from drf_spectacular.renderers import (
    OpenApiJsonRenderer,
    OpenApiJsonRenderer2,
    OpenApiYamlRenderer,
    OpenApiYamlRenderer2,
)
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.views import APIView

from recommender.api.permissions import PUBLIC

LINKS = {
    "products": "api:products",
    "me/recommendations": "api:my-recommendations",
    "recommendations/by-example": "api:by-example",
    "recommendations/session": "api:for-session",
    "interactions": "api:interactions",
    "designs": "api:designs",
    "categories": "api:categories",
    "downloads": "api:downloads",
    "models": "api:models",
    "schedules": "api:schedules",
    "metrics/recommendations": "api:recommendation-metrics",
    "metrics/operations": "api:operation-metrics",
    "metrics/indexes": "api:index-metrics",
    "visitors": "api:visitors",
    "search/image": "api:search-image",
    "search/text": "api:search-text",
    "auth/token": "api:token",
    "auth/tokens": "api:own-tokens",
    "keys": "api:keys",
    "schema": "api:schema",
    "docs": "api:docs",
}


class Index(APIView):
    """Links to the resources."""

    rules = {"GET": PUBLIC}

    @extend_schema(exclude=True)
    def get(self, request: Request) -> Response:
        return Response({name: reverse(view, request=request) for name, view in LINKS.items()})


class Schema(SpectacularAPIView):
    """OpenAPI document."""

    rules = {"GET": PUBLIC}

    # JSON is first: it is the default for a client that names no media type.
    renderer_classes = [OpenApiJsonRenderer2, OpenApiJsonRenderer, OpenApiYamlRenderer, OpenApiYamlRenderer2]


class Docs(SpectacularSwaggerSplitView):
    """Page of Swagger UI for the OpenAPI document."""

    rules = {"GET": PUBLIC}
    template_name = "api/docs.html"
    url_name = "api:schema"
    throttle_classes = []  # its error would be a problem document, not a page
