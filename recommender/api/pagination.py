"""Pages of a list."""

from collections.abc import Mapping
from typing import Any, TypeVar

from django.db.models import Model, QuerySet
from rest_framework.exceptions import NotFound
from rest_framework.pagination import PageNumberPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import remove_query_param, replace_query_param
from rest_framework.views import APIView

from catalog.counts import EXACT
from catalog.errors import NoSuchPage
from catalog.listing import NUMBERED, Listing, Page, parse_number
from recommender.api.fields import MAX_LISTED

M = TypeVar("M", bound=Model)


class Pages(PageNumberPagination):
    """DRF's pages by `page` and `page_size`, with the API's own parameter `limit`, which the view has validated."""

    page_size_query_param = "page_size"
    page_size_query_description = "Another name for limit, which is preferred; a size out of bounds is corrected."
    max_page_size = MAX_LISTED
    invalid_page_message = "There is no page {page_number!r}: {message}"

    def __init__(self, limit: int | None = None) -> None:
        self.limit = limit

    def get_page_size(self, request: Request) -> int | None:
        return self.limit or super().get_page_size(request)

    def page_of(self, queryset: QuerySet[M], request: Request) -> list[M]:
        """Return the rows of the page that the request names. Raises NotFound if there is no such page."""
        rows = self.paginate_queryset(queryset, request)
        assert rows is not None  # there is always a page size
        return rows

    def get_schema_operation_parameters(self, view: APIView) -> list[dict[str, Any]]:
        page, size = super().get_schema_operation_parameters(view)
        page["schema"] |= {"minimum": 1, "default": 1}
        size["schema"] |= {"minimum": 1, "maximum": self.max_page_size, "default": self.page_size}
        return [page, size]


class ProductPages(Pages):
    """Pages of products: by `cursor`, as in the links, or by `page` for the first of them."""

    COUNT = (
        f"Number of products in the whole list: exact up to {EXACT:,}, and at any size where a category is the only "
        "filter; else an estimate, rounded to two digits, that is above the bound."
    )
    CURSOR = "Place in the list, from a link `next` or `previous`, for a list in the same order; goes before `page`."
    NUMBER = (
        f"Number of the page, among the first {NUMBERED:,} products: with 24 a page up to {NUMBERED // 24}. Later ones "
        "are reached by the links `next`, which take the same time however far they lead."
    )

    def products_of(self, found: Listing, request: Request) -> Page:
        """Return the page that the request names. Raises NotFound if there is no such page."""
        size = self.get_page_size(request)
        assert size is not None  # there is always a page size
        cursor, number = request.query_params.get("cursor"), request.query_params.get("page") or "1"
        try:
            return found.page_from(cursor, size) if cursor else found.page_at(parse_number(number), size)
        except NoSuchPage as error:
            requested = f"at the cursor {cursor!r}" if cursor else f"{number!r}"
            raise NotFound(f"There is no page {requested}: {error}") from error

    @staticmethod
    def response(page: Page, request: Request, results: list[Any], more: Mapping[str, Any] = {}) -> Response:
        url = remove_query_param(request.build_absolute_uri(), "page")
        previous, following = (
            replace_query_param(url, "cursor", cursor) if cursor else None for cursor in (page.previous, page.next)
        )
        return Response({"count": page.count, "next": following, "previous": previous, "results": results, **more})

    def get_schema_operation_parameters(self, view: APIView) -> list[dict[str, Any]]:
        page, size = super().get_schema_operation_parameters(view)
        cursor = {"name": "cursor", "required": False, "in": "query", "description": self.CURSOR}
        return [page | {"description": self.NUMBER}, size, cursor | {"schema": {"type": "string"}}]

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        paginated: dict[str, Any] = super().get_paginated_response_schema(schema)
        paginated["properties"]["count"]["description"] = self.COUNT
        paginated["properties"] |= {
            "nearest": {
                "type": "boolean",
                "description": "Whether no product has all words of `search`. Left out if not.",
            },
            "corrected": {
                "type": "object",
                "additionalProperties": {"type": "array", "items": {"type": "string"}},
                "description": "Words of `search` that the catalogue does not have, each with those that were searched "
                "for in its place. Left out if there are none.",
                "example": {"sneekers": ["sneakers"]},
            },
            "unknown_attributes": {
                "type": "array",
                "items": {"type": "string"},
                "description": "Names of `facets` and of `attributes.NAME` that no product has. Left out if there are "
                "none.",
                "example": ["colours"],
            },
            "facets": {
                "type": "object",
                "additionalProperties": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "properties": {"value": {"type": "string"}, "count": {"type": "integer", "minimum": 0}},
                        "required": ["value", "count"],
                    },
                },
                "description": "For each of the names of `facets` its values, those of most products first. Left out "
                "without `facets`.",
                "example": {"colour": [{"value": "red", "count": 12}]},
            },
        }
        for name, end in (("next", "last"), ("previous", "first")):
            paginated["properties"][name] |= {
                "description": f"Link to the {name} page; null on the {end} one.",
                "example": "http://api.example.org/products/?cursor=WyItY3Jl",
            }
        return paginated
