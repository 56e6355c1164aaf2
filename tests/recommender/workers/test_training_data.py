from datetime import UTC, datetime, timedelta

import pytest

from catalog import interactions
from catalog.interactions import Event
from catalog.models import ProductImage, Shopper
from ml.models.factory import create
from recommender.errors import TrainingRefused
from recommender.operations import training_checks
from recommender.versions import lifecycle
from recommender.workers import training_data
from tests.factories import CategoryFactory, ProductFactory

pytestmark = pytest.mark.django_db
SMALL = {"width": 4, "batch_size": 8}


def test_what_was_held_back_was_not_learnt_from(shop, tmp_path):
    version = lifecycle.register("dvbpr")
    known = training_data.load_personal_data(version, create("dvbpr"), tmp_path, progress=False)

    assert len(known.split.test) == 6
    assert len(known.data.train) == 6 * 7
    assert not set(known.split.test.keys) & set(known.data.train.keys)


def test_what_was_taken_counts_by_kind_and_age_and_what_was_disliked_in_the_end_not_at_all(shop):
    start = datetime(2026, 2, 1, tzinfo=UTC)
    old, viewed, bought, disliked = (product.sku for product in shop[:4])
    did = [
        (old, "purchase", -180),
        (viewed, "view", 0),
        (bought, "view", -1),
        (bought, "purchase", 0),
        (disliked, "like", -1),
        (disliked, "dislike", 0),
    ]
    interactions.record(
        [Event(sku=sku, user="new", kind=kind, timestamp=start + timedelta(days)) for sku, kind, days in did]
    )

    taken = training_checks.positive_interactions({product.pk for product in shop})

    newcomer = Shopper.objects.get(key="new").pk
    told = {product: (first, weight) for shopper, product, first, weight in taken if shopper == newcomer}
    skus = {product.pk: product.sku for product in shop}
    assert {skus[product]: weight for product, (_, weight) in told.items()} == {old: 0.5, viewed: 0.2, bought: 1.0}
    assert told[shop[2].pk][0] == start - timedelta(1)


def test_nobody_s_tastes_can_be_learnt_of_products_without_pictures(shop):
    ProductImage.objects.filter(product__in=shop[5:]).delete()

    with pytest.raises(TrainingRefused, match="the shop has 3 shoppers with interactions and 5 products with pictures"):
        training_checks.check_shop("dvbpr")

    ProductImage.objects.all().delete()
    with pytest.raises(TrainingRefused, match="the shop has 0 shoppers with interactions and 0 products with pictures"):
        training_checks.check_shop("dvbpr")


def test_a_shop_of_small_categories_is_told_what_a_generator_needs(shoe_shop):
    ProductImage.objects.filter(product__in=shoe_shop[19:]).delete()

    with pytest.raises(
        TrainingRefused, match="no category has 20 visible products with pictures, which a generator needs"
    ):
        training_checks.check_shop("lsgan")


def test_a_resumed_training_keeps_its_categories_or_says_that_one_has_gone(shoe_shop, tmp_path):
    version = lifecycle.register("lsgan", method_settings=SMALL, here=True)
    model = create("lsgan", **SMALL)
    first = training_data.load_labelled_images(version, model, tmp_path, progress=False)
    for seed in range(20):
        ProductFactory(image=100 + seed, category=CategoryFactory(name="Bags"))

    again = training_data.load_labelled_images(version, model, tmp_path, progress=False)

    assert first.names == again.names == ("Shoes",)
    ProductImage.objects.filter(product__category__name="Shoes").delete()
    with pytest.raises(TrainingRefused, match="no pictures any more in 1 of the categories"):
        training_data.load_labelled_images(version, model, tmp_path, progress=False)
