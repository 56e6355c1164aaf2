import pytest

from recommender.workers import item_texts
from tests.factories import CategoryFactory, ProductFactory

pytestmark = pytest.mark.django_db


def test_a_text_is_title_category_and_values_of_attributes(django_assert_num_queries):
    boots = CategoryFactory(name="Boots")
    first = ProductFactory(title="Red boots", category=boots, attributes={"sole": "rubber", "cut": "high", "size": ""})
    second = ProductFactory(title="Blue boots", category=boots)

    with django_assert_num_queries(1):
        texts = item_texts.texts_of([second.pk, first.pk, second.pk, -1])

    assert texts == ["Blue boots Boots", "Red boots Boots high rubber", "Blue boots Boots", ""]
