import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from catalog import readings
from recommender.models import ImageEmbedding
from tests.factories import ProductFactory, VersionFactory, clerk, embed

pytestmark = pytest.mark.django_db
PRODUCTS = "/admin/catalog/product/"


def listed(client, path: str, **asked) -> list:
    return list(client.get(path, asked).context["cl"].result_list)


def test_products_say_since_when_they_are_found(admin_client, active):
    found, waiting = ProductFactory(), ProductFactory()
    since = embed(found, active, [1, 0]).created_at
    embed(waiting, VersionFactory(), [1, 0])  # by a version that does not serve

    page = admin_client.get(PRODUCTS).content.decode()

    assert f"{since:%H:%M:%S}" in page
    assert page.count('findable_since">waiting<') == 1
    assert listed(admin_client, PRODUCTS, findable="yes") == [found]
    assert listed(admin_client, PRODUCTS, findable="no") == [waiting]
    assert len(listed(admin_client, PRODUCTS, findable="perhaps")) == 2


def test_products_are_embedded_again_on_demand(admin_client, active, django_capture_on_commit_callbacks):
    product = ProductFactory()
    embed(product, active, [1, 0])

    with django_capture_on_commit_callbacks() as queued:
        data = {"action": "embed_again", "_selected_action": [product.pk]}
        page = admin_client.post(PRODUCTS, data, follow=True).content.decode()

    assert "1 picture waits for a worker" in page
    assert not ImageEmbedding.objects.exists()
    assert len(queued) == 1


def test_pictures_that_cannot_be_read_are_named_and_tried_again(
    admin_client, active, waiting, django_capture_on_commit_callbacks
):
    product, _ = ProductFactory(), ProductFactory()
    image = product.images.get()
    readings.set_aside({image.pk: "cannot be read: a.png: No such file or directory"})

    assert listed(admin_client, PRODUCTS, findable="never") == [product]
    named = f"picture 1 of product {product.pk} cannot be read: a.png: No such file or directory"
    assert named in admin_client.get(PRODUCTS).content.decode()
    assert "cannot be read: a.png" in admin_client.get(f"{PRODUCTS}{product.pk}/change/").content.decode()

    with django_capture_on_commit_callbacks(execute=True):
        data = {"action": "try_again", "_selected_action": [product.pk]}
        page = admin_client.post(PRODUCTS, data, follow=True).content.decode()

    assert "1 picture waits for a worker" in page
    assert waiting("embed") == [("embed_images", [[image.pk]])]
    assert listed(admin_client, PRODUCTS, findable="never") == []


def test_queries_do_not_grow_with_the_list(admin_client, active):
    def grow():
        for _ in range(10):
            embed(ProductFactory(), active, [1, 0])

    def counted() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert admin_client.get(PRODUCTS).status_code == 200
        return len(queries)

    grow()
    few = counted()
    grow()
    assert counted() == few


def test_all_pictures_that_cannot_be_read_are_tried_again_from_the_first_page(admin_client, client, waiting):
    image = ProductFactory().images.get()
    readings.set_aside({image.pk: "is no picture"})
    assert "1: is no picture" in admin_client.get("/admin/").content.decode()

    assert admin_client.get(f"{PRODUCTS}try-again/").status_code == 405
    client.force_login(clerk("view_product", "view_modelversion"))
    assert client.post(f"{PRODUCTS}try-again/").status_code == 403
    assert "Try again</button>" not in client.get("/admin/").content.decode()

    page = admin_client.post(f"{PRODUCTS}try-again/", follow=True).content.decode()
    assert "1 picture waits for a worker" in page
    image.refresh_from_db()
    assert image.problem == ""
