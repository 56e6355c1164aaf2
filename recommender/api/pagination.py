"""Pages of a list."""

from typing import Any, TypeVar

from django.db.models import Model, QuerySet
from rest_framework.pagination import PageNumberPagination
from rest_framework.request import Request
from rest_framework.views import APIView

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
