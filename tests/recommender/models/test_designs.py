import pytest
from django.db import IntegrityError, transaction

from recommender.models import Design, DesignImage
from tests.factories import ProductFactory, ShopperFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("status", "is_pending"),
    [("queued", True), ("running", True), ("done", False), ("failed", False), ("cancelled", False), ("expired", False)],
)
def test_a_design_is_pending_until_it_has_come_to_an_end(status, is_pending):
    assert Design(status=status).is_pending == is_pending


def test_files_of_a_design_lie_where_nobody_can_guess():
    first, second = Design(), Design()

    image = DesignImage(design=first, position=3)

    assert first.token != second.token and first.seed != second.seed
    assert image.file == f"designs/{first.token[:2]}/{first.token}/03.png"
    assert image.url.endswith(image.file)
    assert str(first.pk) not in image.file


def test_the_database_takes_a_budget_with_a_product_alone():
    shopper, product = ShopperFactory(), ProductFactory()

    with pytest.raises(IntegrityError, match="a_budget_is_a_tailored_product_s"), transaction.atomic():
        Design.objects.create(shopper=shopper, category=product.category, budget=0.1)

    assert Design.objects.create(shopper=shopper, category=product.category, product=product, budget=0.1).count == 12
