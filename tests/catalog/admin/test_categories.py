import pytest

from catalog.models import Category
from tests.factories import CategoryFactory, ProductFactory

pytestmark = pytest.mark.django_db


def test_categories_say_how_many_products_they_hold(admin_client):
    boots = CategoryFactory(name="Boots")
    ProductFactory(category=boots)

    listed = admin_client.get("/admin/catalog/category/").context["cl"].result_list

    assert [(category.name, category.product_total) for category in listed] == [("Boots", 1)]


def test_a_category_is_typed_once_however_it_is_written(admin_client):
    path = "/admin/catalog/category/add/"
    admin_client.post(path, {"name": " High  heels "})

    answer = admin_client.post(path, {"name": "high heels"})

    assert "There is a category of this name, perhaps in other capitals." in answer.content.decode()
    assert [category.name for category in Category.objects.all()] == ["High heels"]
