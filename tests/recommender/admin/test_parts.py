import pytest
from django.contrib.auth.models import User

from catalog.models import ProductImage
from tests.factories import ProductFactory
from tests.recommender.workers.test_found_parts import on_brown

pytestmark = pytest.mark.django_db


def path(image: ProductImage) -> str:
    return f"/admin/catalog/product/pictures/{image.pk}/part/"


@pytest.fixture
def image(worker_at_hand):
    return ProductFactory(image=on_brown()).images.get()


def test_the_page_shows_what_models_find(admin_client, image):
    page = admin_client.get(path(image))

    used = page.context["used"]
    assert (used["x"], used["width"]) == (pytest.approx(50, abs=3), pytest.approx(40, abs=3))
    assert page.context["found"] == used
    text = page.content.decode()
    assert "the part in the frame, which stands out from its ground" in text
    assert f'href="{path(image)}">what they find<' in admin_client.get(
        f"/admin/catalog/product/{image.product_id}/change/"
    ).content.decode().replace("\n", "")


def test_a_part_is_chosen_and_given_back(admin_client, image):
    edges = {"left": "10", "top": "0", "right": "60", "bottom": "100"}

    page = admin_client.post(path(image), edges, follow=True)

    row = image.product.images.get()
    assert row.part == [0.1, 0.0, 0.6, 1.0]
    assert page.redirect_chain == [(path(row), 302)]
    text = page.content.decode()
    assert "models look at 10 to 60 % of its width and 0 to 100 % of its height" in text
    assert "which somebody chose" in text

    admin_client.post(path(row), {"found": "yes"})
    assert image.product.images.get().part is None


@pytest.mark.parametrize(
    ("edges", "problem"),
    [
        ({"left": "60", "top": "0", "right": "10", "bottom": "100"}, "Left is less than right"),
        ({"left": "0", "top": "0", "right": "1", "bottom": "100"}, "at least 0.02 of the image"),
        ({"left": "0", "top": "0", "right": "nan", "bottom": "100"}, "Enter a number"),
        ({"left": "0", "top": "0", "bottom": "100"}, "This field is required"),
    ],
)
def test_what_is_no_part_is_refused(admin_client, image, edges, problem):
    page = admin_client.post(path(image), edges).content.decode()

    assert problem in page
    assert image.product.images.get().part is None


def test_without_a_worker_a_part_can_be_chosen_all_the_same(admin_client, settings):
    settings.PHOTO_SEARCH_SECONDS = 1
    image = ProductFactory(image=on_brown()).images.get()

    page = admin_client.get(path(image)).content.decode()

    assert "What models find in it is not known: no worker answered in time; try again in a moment." in page
    admin_client.post(path(image), {"left": "0", "top": "0", "right": "50", "bottom": "50"})
    assert image.product.images.get().part == [0.0, 0.0, 0.5, 0.5]


def test_who_may_not_change_products_chooses_no_part(client, admin_client, image):
    client.force_login(User.objects.create_user("packer", is_staff=True))

    assert client.get(path(image)).status_code == 403
    assert client.post(path(image), {"found": "yes"}).status_code == 403
    assert admin_client.get("/admin/catalog/product/pictures/0/part/").status_code == 404
