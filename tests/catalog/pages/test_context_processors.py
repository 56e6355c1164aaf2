import pytest

from catalog.pages.context_processors import shop
from tests.factories import ShopperFactory


@pytest.mark.django_db
def test_whether_shoppers_are_simulated_is_queried_only_if_a_template_reads_it(rf, django_assert_num_queries):
    ShopperFactory(is_simulated=True)

    with django_assert_num_queries(0):
        context = shop(rf.get("/"))
    with django_assert_num_queries(1):
        assert context["shoppers_are_simulated"]
