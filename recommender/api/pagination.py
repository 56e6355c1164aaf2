from rest_framework.pagination import PageNumberPagination
from rest_framework.request import Request

from recommender.api.fields import MOST_LISTED


class Pages(PageNumberPagination):
    """DRF's `page` and `page_size`, and `limit`, the API's own name for the size, which the view has checked."""

    page_size_query_param = "page_size"
    page_size_query_description = "Another name for limit, which goes first; a size that makes no sense is put right."
    max_page_size = MOST_LISTED
    invalid_page_message = "There is no page {page_number!r}: {message}"

    def __init__(self, limit: int | None = None):
        self.limit = limit

    def get_page_size(self, request: Request) -> int:
        return self.limit or super().get_page_size(request)

    def get_schema_operation_parameters(self, view) -> list[dict]:
        page, size = super().get_schema_operation_parameters(view)
        page["schema"] |= {"minimum": 1, "default": 1}
        size["schema"] |= {"minimum": 1, "maximum": self.max_page_size, "default": self.page_size}
        return [page, size]
