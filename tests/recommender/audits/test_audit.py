import uuid
from datetime import timedelta

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from catalog.models import Product
from recommender import memory, tasks
from recommender.audits import audit, recall
from recommender.audits.models import SampledRequest, SearchChange
from recommender.models import ModelVersion, Role
from recommender.serving import recommend, samples, saved
from recommender.serving.saved import Caller
from recommender.serving.types import RecommendationQuery
from recommender.versions import queries
from recommender.versions.vectors import index, nearest
from tests.factories import ShopperFactory
from tests.recommender.conftest import placed
from tests.recommender.crowd import committed

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def all_sampled(monkeypatch):
    monkeypatch.setattr(samples, "ONE_IN", 1)
    memory.client().delete(samples.KEY)


@pytest.fixture
def crowd(transactional_db, django_db_blocker):
    """Thousands of products, in no transaction: SET LOCAL would last until its end."""
    with committed(django_db_blocker) as version:
        ModelVersion.objects.filter(pk=version.pk).update(state="active")
        yield version


def ask(product_id: int, **fields) -> uuid.UUID:
    """Have the shop answer a request for similar products, as a page does."""
    found = recommend.similar_products(Product.objects.get(pk=product_id), RecommendationQuery(limit=12, **fields))
    return saved.save(found, Caller()).id


def audit_requests(crowd, count: int, **fields) -> None:
    for place in np.random.default_rng(0).choice(crowd.cheap, count, replace=False):
        ask(crowd.ids[place], **fields)
        audit.run()


def damage(version: ModelVersion) -> None:
    """Put a graph of few edges in the index's place."""
    name = index.index_name(version)
    with connection.cursor() as cursor:
        cursor.execute(f"DROP INDEX {name}")
        definition = index.definition(version).replace("m = 16", "m = 2").replace("= 200", "= 4")
        cursor.execute(f"CREATE INDEX {name} {definition}")


def test_a_request_is_answered_again_and_its_recall_stored(active):
    first, second, third = placed(active, 0, 10, 60)
    ask(first.pk, placement="product", max_price=100, category="Shoes")

    audit.run()

    request = SampledRequest.objects.get()
    assert (request.version, request.product, request.placement) == (active, first, "product")
    assert (request.recall, request.usual_recall, request.filters) == (1, 1, "category and price")
    assert request.query["max_price"] == "100"
    assert not audit.is_due()


def test_nothing_of_a_shopper_is_stored(active_personal):
    shopper = ShopperFactory()
    placed(active_personal, 0, 10)
    plan = recommend.RetrievalPlan("personal", active_personal, np.array([1.0, 0.0]), shopper=shopper)
    saved.save(recommend.execute_plan(plan, RecommendationQuery()), Caller())

    audit.run()

    request = SampledRequest.objects.get()
    assert (request.version, request.product, request.query) == (active_personal, None, None)


def test_what_no_vector_led_to_is_no_sample(active):
    saved.save(recommend.popular_products(RecommendationQuery()), Caller())

    assert not audit.is_due()


def test_a_request_pays_no_statement_for_it(active, monkeypatch):
    first, *_ = placed(active, 0, 10)
    statements = []
    for one_in in (2**200, 1):
        monkeypatch.setattr(samples, "ONE_IN", one_in)
        with CaptureQueriesContext(connection) as captured:
            ask(first.pk)
        statements.append(len(captured))

    assert statements[0] == statements[1]


def test_a_run_takes_no_longer_than_its_time(active, monkeypatch):
    monkeypatch.setattr(audit, "SECONDS", 0)
    first, *_ = placed(active, 0, 10)
    for _ in range(3):
        ask(first.pk)

    audit.run()

    assert SampledRequest.objects.count() <= 1
    assert not audit.is_due()  # the rest is dropped


def test_a_version_that_was_deleted_since_is_passed_over(active):
    first, *_ = placed(active, 0, 10)
    ask(first.pk)
    ModelVersion.objects.all().delete()

    audit.run()

    assert not SampledRequest.objects.exists()


def kinds() -> list[str]:
    """What was done to the search, the first first."""
    return [change.kind for change in reversed(SearchChange.objects.all())]


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_damaged_index_is_searched_more_widely_until_it_was_built_anew(crowd):
    audit_requests(crowd, 60)
    assert recall.together(recall.of(crowd)).value > 0.98 and kinds() == []

    damage(crowd)
    SampledRequest.objects.all().delete()
    audit_requests(crowd, 51)
    assert (queries.serving_version(Role.SIMILAR).ef_search, kinds()) == (400, ["widened"])
    assert SearchChange.objects.get().reason.startswith("50 requests (no filter) had a recall of ")
    audit_requests(crowd, 120)  # which a longer list does not mend: the graph falls into pieces
    assert kinds() == ["widened"] * 3
    served = queries.serving_version(Role.SIMILAR)
    assert served.ef_search == nearest.EXACT
    place = crowd.cheap[0]
    found = recommend.similar_products(Product.objects.get(pk=crowd.ids[place]), RecommendationQuery(limit=12))
    assert [result.product.pk for result in found.results] == crowd.best(crowd.matrix[place], 12, but=place)

    tasks.rebuild_index(crowd.pk)
    audit_requests(crowd, 100)

    assert kinds() == [*["widened"] * 3, "rebuilt", "narrowed"]
    assert recall.together(recall.of(crowd)).value > 0.98
    assert queries.serving_version(Role.SIMILAR).ef_search is None


def test_old_requests_are_deleted(active):
    for days in (1, 9, 10):
        SampledRequest.objects.create(
            version=active, filters="no filter", ef_search=100, recall=1, usual_recall=1,
            at=timezone.now() - timedelta(days=days),
        )  # fmt: skip

    assert (audit.delete_old(1), audit.delete_old(5), SampledRequest.objects.count()) == (1, 1, 1)


def test_products_as_near_as_the_last_one_count_as_found():
    def row(distance):
        return recommend.Candidate(0, [], 1.0, None, lambda: None, distance)

    best = [row(distance) for distance in (0.1, 0.2, 0.3)]

    assert audit.share_found([row(0.1), row(0.3), row(0.3), row(0.2)], best) == 1
    assert audit.share_found([row(0.1), row(0.3), row(0.4)], best) == pytest.approx(2 / 3)
    assert audit.share_found([], best) == 0
