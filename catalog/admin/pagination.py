from typing import TYPE_CHECKING

from django.core.paginator import Paginator
from django.db.models import Model, QuerySet
from django.utils.functional import cached_property

from catalog import counts
from catalog.listing import NUMBERED

if TYPE_CHECKING:
    RowPaginator = Paginator[Model]
else:
    RowPaginator = Paginator  # generic in the stubs alone


class NearPages(RowPaginator):
    """Pages over the first 10,000 rows: a later one would read all rows before it, and filters find them sooner.

    The count is exact up to 10,000 rows, and above that PostgreSQL's estimate: counting millions takes seconds.
    """

    @cached_property
    def count(self) -> int:
        assert isinstance(self.object_list, QuerySet)
        return counts.count(self.object_list).number

    @cached_property
    def num_pages(self) -> int:
        return min(-(-self.count // self.per_page) or 1, NUMBERED // self.per_page)
