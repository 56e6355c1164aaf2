from decimal import Decimal

import pytest
from django.db import IntegrityError, connection
from django.forms.models import model_to_dict
from django.test.utils import CaptureQueriesContext

from catalog.bulk_insert import insert, new, written_fields
from catalog.models import Category, Product
from tests.factories import CategoryFactory, ProductFactory

pytestmark = pytest.mark.django_db

ODD = {
    "quotes": 'O\'Neill "5%s" \\N {braces} %(name)s',
    "lines": "one\ntwo\ttab\r",
    "signs": "Größe ☃ 👟 \u2028",
}


def product(sku: str, category: Category, **fields) -> Product:
    return Product(**{"sku": sku, "title": "Boot", "category": category, "price": Decimal("5.10")} | fields)


def test_rows_are_as_bulk_create_writes_them():
    fields = {
        "title": ODD["quotes"],
        "attributes": ODD | {"sizes": [1, 2.5, None, True]},
        "url": "https://a.example/%d",
    }
    category = CategoryFactory(name="Boots")
    insert([product("ours", category, **fields, price=Decimal("0.99"), in_stock=False, currency="JPY")])
    Product.objects.bulk_create(
        [product("theirs", category, **fields, price=Decimal("0.99"), in_stock=False, currency="JPY")]
    )

    ours, theirs = (Product.objects.get(sku=sku) for sku in ("ours", "theirs"))
    assert model_to_dict(ours, exclude=["id", "sku"]) == model_to_dict(theirs, exclude=["id", "sku"])
    assert ours.attributes == fields["attributes"]
    assert ours.title == ODD["quotes"]
    assert "'braces'" in ours.search or "'brace'" in ours.search  # the generated column
    assert abs((ours.created_at - theirs.created_at).total_seconds()) < 60


def test_objects_have_their_ids_in_order_and_are_stored_by_two_statements():
    category = CategoryFactory()
    created = [product(f"new-{number}", category) for number in range(700)]

    with CaptureQueriesContext(connection) as queries:
        insert(created)

    assert len(queries) == 2
    assert [one.pk for one in created] == sorted(one.pk for one in created)
    assert dict(Product.objects.values_list("pk", "sku")) == {one.pk: one.sku for one in created}
    created[0].title = "Changed"
    created[0].save()
    assert Product.objects.get(pk=created[0].pk).title == "Changed"
    assert ProductFactory().pk > created[-1].pk  # whoever inserts next gets further ids


def test_nothing_is_stored_of_rows_of_which_one_is_refused():
    category = CategoryFactory()
    ProductFactory(sku="there")
    with pytest.raises(IntegrityError, match="there"), connection.cursor() as cursor:
        cursor.execute("SAVEPOINT before")
        insert([product("new", category), product("there", category)])
    connection.cursor().execute("ROLLBACK TO SAVEPOINT before")
    assert not Product.objects.filter(sku="new").exists()


def test_bytes_are_refused_before_anything_is_written():
    with pytest.raises(TypeError, match="cannot be inserted as text"):
        insert([product("new", CategoryFactory(), attributes={"a": b"bytes"})])
    assert not Product.objects.filter(sku="new").exists()


def test_no_object_is_no_statement(django_assert_num_queries):
    with django_assert_num_queries(0):
        insert([])


def test_a_new_object_is_as_its_model_makes_it():
    given = {"sku": "A", "title": "Boot", "category_id": 7, "price": Decimal(5)}
    created, expected = new(Product, **given), Product(**given)
    for field in written_fields(Product):
        if field.name not in ("created_at", "updated_at"):
            assert getattr(created, field.attname) == getattr(expected, field.attname), field.name
    assert created._state.adding
    assert created.attributes is not new(Product, **given).attributes


def test_a_new_object_can_be_saved():
    created = new(Product, sku="A", title="Boot", category_id=CategoryFactory(name="Boots").pk, price=Decimal(5))
    created.save()
    assert Product.objects.get().category.name == "Boots"
    assert created.category.name == "Boots"
