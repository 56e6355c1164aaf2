import pytest

from catalog.admin import pagination
from catalog.models import Interaction
from tests.factories import InteractionFactory

pytestmark = pytest.mark.django_db


def test_pages_go_no_further_than_the_first_rows(monkeypatch):
    monkeypatch.setattr(pagination, "NUMBERED", 4)
    for _ in range(5):
        InteractionFactory()

    pages = pagination.NearPages(Interaction.objects.all(), 2)

    assert (pages.count, pages.num_pages) == (5, 2)
    assert len(pages.page(2)) == 2


def test_without_rows_there_is_a_first_page():
    pages = pagination.NearPages(Interaction.objects.all(), 2)

    assert (pages.count, list(pages.page_range), len(pages.page(1))) == (0, [1], 0)


@pytest.mark.parametrize("model", ["interaction", "product"])
def test_lists_that_grow_without_bound_have_such_pages(admin_client, model):
    listed = admin_client.get(f"/admin/catalog/{model}/").context["cl"]

    assert isinstance(listed.paginator, pagination.NearPages)
    assert listed.full_result_count is None
