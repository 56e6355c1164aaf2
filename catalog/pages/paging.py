"""Pages of /products/: the one that an address names, and the numbers below it."""

from collections.abc import Mapping

from django.core.paginator import Paginator

from catalog.errors import NoSuchPage
from catalog.listing import Listing, Page, parse_number

ELLIPSIS = str(Paginator.ELLIPSIS)
PAGE = 24  # products


def requested_page(found: Listing, params: Mapping[str, str]) -> Page:
    """Return the page at ?cursor=, or of the number ?page=: the last for a number too high, the first for others."""
    try:
        if "cursor" in params and (page := found.page_from(params["cursor"], PAGE)).products:
            return page
        return found.page_at(min(parse_number(params.get("page", "1")), found.last_number(PAGE)), PAGE)
    except NoSuchPage:
        return found.page_at(1, PAGE)


def page_numbers(found: Listing, page: Page) -> list[int | str]:
    """Return the numbers to show below a page, the first and the last among them, with ellipses for those between."""
    last = found.last_number(PAGE)
    if page.number > last:
        return [1, ELLIPSIS, page.number]
    return list(Paginator(range(last), 1).get_elided_page_range(page.number, on_each_side=2, on_ends=1))
