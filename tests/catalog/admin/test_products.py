import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from catalog import images, products
from catalog.models import Category, Product
from tests.factories import InteractionFactory, ProductFactory, image_bytes
from tests.rivals import rival_before

pytestmark = pytest.mark.django_db
LIST = "/admin/catalog/product/"


def upload(seed: int, name: str = "picture.png") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, image_bytes(seed))


def values(**changes) -> dict:
    return {
        "sku": "A-1",
        "title": "Red boots",
        "category": Category.objects.get_or_create(name="Boots")[0].pk,
        "price": "49.90",
        "currency": "EUR",
        "in_stock": "on",
        "attributes": '{"colour": "red"}',
    } | changes


def image_rows(product: Product, places: dict[int, int], deleted: set[int] = frozenset()) -> dict:
    """What the form's table of pictures sends: id -> place, and which of them are ticked."""
    rows = {"images-TOTAL_FORMS": len(places), "images-INITIAL_FORMS": len(places)}
    for index, (image, place) in enumerate(places.items()):
        rows |= {f"images-{index}-id": image, f"images-{index}-product": product.pk, f"images-{index}-place": place}
        if image in deleted:
            rows[f"images-{index}-DELETE"] = "on"
    return rows


def act(client, action: str, chosen: list[Product], **extra):
    data = {"action": action, "_selected_action": [product.pk for product in chosen]} | extra
    return client.post(LIST, data, follow=True)


def test_visitors_are_asked_to_sign_in(client):
    assert client.get(LIST).url.startswith("/admin/login/")


def test_a_product_is_made_with_its_pictures(admin_client):
    answer = admin_client.post(f"{LIST}add/", values(pictures=[upload(1), upload(2)]))

    assert answer.status_code == 302
    product = Product.objects.get(sku="A-1")
    assert (product.title, product.category.name, product.attributes) == ("Red boots", "Boots", {"colour": "red"})
    assert [image.position for image in product.images.all()] == [0, 1]


def test_a_bad_picture_is_told_and_nothing_is_made(admin_client):
    answer = admin_client.post(
        f"{LIST}add/", values(pictures=[upload(1), SimpleUploadedFile("text.jpg", b"no picture")])
    )

    assert answer.status_code == 200
    assert "text.jpg: not a picture" in answer.content.decode()
    assert not Product.objects.exists()


def test_a_change_writes_what_changed_and_adds_pictures(admin_client):
    product = ProductFactory(sku="A-1", title="Old", image=1)
    first = product.images.get().pk

    answer = admin_client.post(
        f"{LIST}{product.pk}/change/", values(pictures=[upload(2)]) | image_rows(product, {first: 1})
    )

    assert answer.status_code == 302
    product.refresh_from_db()
    assert product.title == "Red boots"
    assert [image.pk == first for image in product.images.all()] == [True, False]


def test_a_product_that_somebody_deletes_meanwhile_is_not_found(admin_client):
    product = ProductFactory(sku="A-1", image=1)

    with rival_before("FOR NO KEY UPDATE", lambda: products.delete([product])):
        answer = admin_client.post(f"{LIST}{product.pk}/change/", values() | image_rows(product, {}))

    assert answer.status_code == 404


def test_pictures_are_put_in_another_order_and_deleted(admin_client, django_capture_on_commit_callbacks):
    product = ProductFactory(sku="A-1", image=1)
    products.add_images(product, [images.read_image(image_bytes(seed)) for seed in (2, 3)])
    a, b, c = product.images.all()

    rows = image_rows(product, {a.pk: 3, b.pk: 2, c.pk: 1}, deleted={b.pk})
    with django_capture_on_commit_callbacks(execute=True):
        answer = admin_client.post(f"{LIST}{product.pk}/change/", values() | rows)

    assert answer.status_code == 302
    assert [image.pk for image in product.images.all()] == [c.pk, a.pk]
    assert not default_storage.exists(b.file.name)
    assert default_storage.exists(a.file.name)


@pytest.mark.parametrize(
    ("action", "field", "before", "after"),
    [
        ("hide", "is_hidden", False, True),
        ("show", "is_hidden", True, False),
        ("mark_sold_out", "in_stock", True, False),
        ("mark_in_stock", "in_stock", False, True),
    ],
)
def test_bulk_actions_change_the_chosen_and_say_how_many(admin_client, action, field, before, after):
    chosen, other = ProductFactory(**{field: before}), ProductFactory(**{field: before})

    answer = act(admin_client, action, [chosen])

    chosen.refresh_from_db()
    other.refresh_from_db()
    assert (getattr(chosen, field), getattr(other, field)) == (after, before)
    assert "1 product " in answer.content.decode()


def test_bulk_delete_takes_the_files_too(admin_client, django_capture_on_commit_callbacks):
    product, other = ProductFactory(), ProductFactory()
    InteractionFactory(product=product)
    name = product.images.get().file.name

    asked = act(admin_client, "delete_selected", [product]).content.decode()
    assert "Interactions: 1" in asked
    with django_capture_on_commit_callbacks(execute=True):
        act(admin_client, "delete_selected", [product], post="yes")

    assert list(Product.objects.all()) == [other]
    assert not default_storage.exists(name)


def test_products_are_searched_and_filtered(admin_client):
    ProductFactory(sku="A-1", title="Red boots", in_stock=False)
    ProductFactory(sku="B-2", title="Red bag")

    page = admin_client.get(LIST, {"q": "red", "in_stock__exact": "0"}).content.decode()

    assert "A-1" in page
    assert "B-2" not in page
    assert 'class="thumb"' in page


@pytest.mark.parametrize("path", [LIST, "/admin/catalog/interaction/", "/admin/catalog/shopper/"])
def test_queries_do_not_grow_with_the_list(admin_client, path):
    def counted() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert admin_client.get(path).status_code == 200
        return len(queries)

    for _ in range(10):
        InteractionFactory()
    few = counted()
    for _ in range(10):
        InteractionFactory()
    assert counted() == few
