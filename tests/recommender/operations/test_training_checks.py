import pytest

from recommender.errors import TrainingRefused
from recommender.operations import training_checks
from tests.factories import InteractionFactory, ProductFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("method", ["visrec", "hybrid", "lsgan"])
def test_before_it_is_queued_a_training_is_refused_for_the_reason_that_it_would_fail_by(method):
    ProductFactory.create_batch(9)
    InteractionFactory(product__image=False)

    with pytest.raises(TrainingRefused) as there:
        training_checks.check_shop(method)
    with pytest.raises(TrainingRefused) as before:
        training_checks.check_before(method)

    assert str(before.value) == str(there.value)


def test_with_enough_a_training_is_queued_after_a_few_rows_are_read(django_assert_max_num_queries):
    product, *_ = ProductFactory.create_batch(20)
    for _ in range(2):
        InteractionFactory(product=product)

    with django_assert_max_num_queries(4):
        for method in ("visrec", "hybrid", "lsgan"):
            training_checks.check_before(method)
