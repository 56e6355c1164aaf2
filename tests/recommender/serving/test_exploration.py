import random
import uuid
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import timezone

from catalog.models import Product
from catalog.rows import Sql
from recommender.models import ExploredResult
from recommender.serving import exploration, impressions, recommend, saved
from recommender.serving.saved import Caller
from recommender.serving.types import RecommendationQuery, Result
from tests.factories import ProductFactory, VersionFactory
from tests.recommender.conftest import placed

pytestmark = pytest.mark.django_db
GUEST = Caller(session="guest")


@pytest.fixture
def always(settings):
    settings.EXPLORATION = 1.0


def similar(product, **query):
    return recommend.similar_products(product, RecommendationQuery(**query))


def results(*numbers) -> list[Result]:
    return [Result(rank, 0.5, Product(pk=number, title=str(number)), True) for rank, number in enumerate(numbers, 1)]


def test_nothing_is_drawn_unless_a_share_was_set(active, settings):
    products = placed(active, *range(0, 120, 10))
    found = similar(products[0], limit=3)

    assert exploration.explore(found) is found
    settings.EXPLORATION = 0.25
    drawn = [exploration.explore(replace(found, id=uuid.UUID(int=number * 1000))).exploration for number in range(1000)]
    assert sum(each is not None for each in drawn) == 250


def test_a_result_is_drawn_from_more_than_the_list_and_takes_one_rank(active, always):
    products = placed(active, *range(0, 120, 10))
    found = similar(products[0], limit=3)

    seen = Counter()
    for number in range(60):
        explored = exploration.explore(replace(found, id=uuid.UUID(int=number)))
        drawn = explored.exploration
        assert [result.rank for result in explored.results] == [1, 2, 3]
        assert len({result.product for result in explored.results}) == 3 and products[0] not in explored.results
        assert explored.results[drawn.position - 1].product.pk == drawn.product
        seen[drawn.product] += 1

    assert len(seen) > 6 and products[0].pk not in seen


def test_the_propensity_is_how_often_a_product_is_drawn():
    ranked, new = results(1, 2, 3, 4), results(4, 5)
    chance = random.Random(0)

    drawn = [exploration.draw(ranked, new, chance) for _ in range(20_000)]

    stated = {result.product.pk: propensity for result, propensity in drawn}
    assert stated == {1: 0.125, 2: 0.125, 3: 0.125, 4: 0.375, 5: 0.25}
    counted = Counter(result.product.pk for result, _ in drawn)
    assert {pk: count / 20_000 for pk, count in counted.items()} == pytest.approx(stated, abs=0.012)
    assert {propensity for _, propensity in (exploration.draw(ranked, [], chance) for _ in range(50))} == {0.25}


def test_new_products_are_drawn_half_of_the_time(active, always, monkeypatch):
    own, *_ = placed(active, *range(0, 120, 10))
    last = Product.objects.order_by("-pk")[:3]
    Product.objects.exclude(pk__in=[each.pk for each in last]).update(created_at=timezone.now() - timedelta(days=30))
    found = similar(own, limit=2)
    monkeypatch.setattr(exploration, "IS_NEW", Sql(exploration.IS_NEW.text.replace("LIMIT 200", "LIMIT 3")))

    ranked, new = exploration.pools_of(found)

    assert len(ranked) == 8 and {result.product for result in new} == {*last}
    assert own not in [result.product for result in ranked]
    drawn = Counter(exploration.draw(ranked, new, random.Random(seed))[0].product for seed in range(400))
    assert sum(drawn[product] for product in last) == pytest.approx(200, abs=50)


def test_of_two_products_in_the_list_the_ranks_are_exchanged():
    listed = results(1, 2, 3)

    assert [each.product.pk for each in exploration.exchanged(listed, replace(listed[2], rank=1))] == [3, 2, 1]
    assert [each.product.pk for each in exploration.exchanged(listed, replace(listed[0], rank=1))] == [1, 2, 3]
    [other] = results(9)
    assert [each.product.pk for each in exploration.exchanged(listed, replace(other, rank=2))] == [1, 9, 3]


def test_lists_of_a_chosen_version_of_the_most_popular_and_of_one_product_stay_as_they_are(active, always):
    own, *_ = placed(active, 0, 10, 20)
    other = VersionFactory()
    placed(other, 5)

    for found in (
        recommend.similar_products(own, RecommendationQuery(version=active)),
        recommend.popular_products(RecommendationQuery()),
        similar(own, limit=1),
    ):
        assert found.results and exploration.explore(found) is found


def test_what_was_drawn_is_stored_once_it_was_seen(active, always):
    own, *_ = placed(active, *range(0, 120, 10))
    found = saved.save(similar(own, limit=3, placement="product"), GUEST)
    unseen = next(rank for rank in (1, 2, 3) if rank != found.exploration.position)
    impressions.record({found.id: [unseen]}, GUEST)
    assert not ExploredResult.objects.exists()

    for _ in range(2):
        impressions.record({found.id: [1, 2, 3]}, GUEST)

    stored = ExploredResult.objects.get()
    drawn = found.exploration
    assert (stored.product, stored.own_product, stored.version) == (drawn.product, own.pk, active.pk)
    assert stored.propensity == pytest.approx(drawn.propensity) and stored.query["placement"] == "product"
    assert "drawn with a probability of" in str(stored)
    assert saved.load(found.id, 1, GUEST).results[drawn.position - 1].product.pk == drawn.product


def test_what_was_drawn_is_deleted_with_the_impressions(settings):
    for days in (1, settings.IMPRESSION_DAYS + 1):
        ExploredResult.objects.create(
            recommendation_id=uuid.uuid4(),
            version=1,
            own_product=1,
            product=2,
            propensity=0.1,
            query={},
            shown_at=timezone.now() - timedelta(days=days),
        )

    impressions.delete_old(10)

    assert ExploredResult.objects.get().shown_at > timezone.now() - timedelta(days=2)


def test_an_explanation_of_what_was_drawn_is_empty(active, always):
    own, *_ = placed(active, *range(0, 120, 10))
    ProductFactory()
    explored = exploration.explore(similar(own, limit=3, explain=True))

    assert explored.results[explored.exploration.position - 1].because == []
