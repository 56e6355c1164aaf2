import pytest

from catalog.pages.forms import BrowseForm

pytestmark = pytest.mark.django_db


def test_nothing_asked_filters_nothing():
    form = BrowseForm({}, [])

    assert form.filters == {"category": "", "min_price": None, "max_price": None, "in_stock": None}
    assert (form.search_text, form.order, form.narrows) == ("", "-created_at", False)
