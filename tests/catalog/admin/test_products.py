import io
import zipfile

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from catalog import images, products
from catalog.models import Category, ImportProfile, Product
from tests.factories import InteractionFactory, ProductFactory, clerk, image_bytes
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


def archive() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr(
            "products.csv", "sku,title,category,price,image\nA-1,Boots,Shoes,9.50,a.png\nA-2,Bag,Bags,x,b.png\n"
        )
        file.writestr("a.png", image_bytes(1))
        file.writestr("b.png", image_bytes(2))
    return buffer.getvalue()


def test_a_zip_is_imported_and_reported(admin_client):
    path = f"{LIST}import/"
    assert admin_client.get(path).status_code == 200

    answer = admin_client.post(path, {"source": SimpleUploadedFile("shop.zip", archive())})

    assert [product.sku for product in Product.objects.all()] == ["A-1"]
    page = answer.content.decode()
    assert "1 created, 0 updated, 0 unchanged, 1 failed" in page
    assert "line 3" in page


def test_a_file_that_is_no_catalogue_is_told(admin_client):
    answer = admin_client.post(f"{LIST}import/", {"source": SimpleUploadedFile("shop.zip", b"not a zip")})

    assert answer.status_code == 200
    assert 'class="errorlist' in answer.content.decode()
    assert "shop.zip is" in answer.content.decode()
    assert "/tmp" not in answer.content.decode()
    assert not Product.objects.exists()


def test_staff_without_the_right_may_not_import(client, django_user_model):
    client.force_login(django_user_model.objects.create_user("clerk", is_staff=True))
    assert client.get(f"{LIST}import/").status_code == 403

    client.force_login(clerk("view_product", "add_product"))
    assert client.get(f"{LIST}import/").status_code == 403  # an import changes products as well


def table(header: str) -> SimpleUploadedFile:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr("table.csv", f"{header}\nA-1,Boots,Shoes,9.50,a.png\nB-2,Bag,Bags,x,b.png\n")
        file.writestr("a.png", image_bytes(1))
    return SimpleUploadedFile("shop.zip", buffer.getvalue())


def test_an_import_is_previewed_with_pictures_and_tried_before_it_is_done(admin_client):
    path = f"{LIST}import/"

    preview = admin_client.post(path, {"source": table("sku,title,category,price,image"), "do": "preview"})
    trial = admin_client.post(path, {"source": table("sku,title,category,price,image"), "do": "try"})

    page = preview.content.decode()
    assert "<td>price</td><td>price</td>" in page and "A-1 | Boots | Shoes | 9.50<br>" in page
    assert page.count("data:image/jpeg;base64,") == 1 and "line 3" in page and "/tmp" not in page
    assert "1 created, 0 updated, 0 unchanged, 1 failed" in trial.content.decode()
    assert "nothing was written" in trial.content.decode()
    assert not Product.objects.exists()


def test_columns_are_chosen_and_kept_under_a_name(admin_client):
    path, header = f"{LIST}import/", "Nr,title,category,price,Bild"
    chosen = {"columns": "Nr=sku\nBild=image\n", "keep_as": "supplier", "do": "import"}

    wrong = admin_client.post(path, {"source": table(header), "columns": "Nr=skew"})
    done = admin_client.post(path, {"source": table(header), **chosen})
    again = {"source": table(header), "profile": ImportProfile.objects.get(name="supplier").pk, "do": "try"}

    assert "Nr=skew: it is COLUMN=FIELD, with FIELD one of sku, title" in wrong.content.decode()
    assert "1 created, 0 updated, 0 unchanged, 1 failed" in done.content.decode()
    assert "0 created, 0 updated, 1 unchanged, 1 failed" in admin_client.post(path, again).content.decode()
