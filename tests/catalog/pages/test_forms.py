import pytest
from django.http import QueryDict

from catalog.pages.forms import BrowseForm

pytestmark = pytest.mark.django_db


def test_nothing_asked_filters_nothing():
    form = BrowseForm(QueryDict())

    assert form.filters == {
        "categories": [],
        "attributes": {},
        "min_price": None,
        "max_price": None,
        "in_stock": None,
    }
    assert (form.search_text, form.order, form.narrows) == ("", "-created_at", False)
