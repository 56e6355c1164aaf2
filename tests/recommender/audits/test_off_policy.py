import random
import uuid

import numpy as np
import pytest

from recommender.audits import off_policy, replay
from recommender.audits.off_policy import Drawn
from recommender.models import ExploredResult
from recommender.serving import impressions, recommend, saved, saved_json
from recommender.serving.saved import Caller
from recommender.serving.types import RecommendationQuery
from tests.factories import InteractionFactory, VersionFactory, embed, turned
from tests.recommender.conftest import placed

pytestmark = pytest.mark.django_db
NAMES = ("A", "B")
POOL, NEW, LIST = 48, 12, 12  # products that are drawn from, and of a list


def simulate(rng: np.random.Generator, lists: int, rates: np.ndarray) -> tuple[Drawn, np.ndarray]:
    """Simulate visitors who take products at known rates; return what was drawn, and what both versions would get.

    The first version recommends the first of the pool; the second every third of it, and some new ones.
    """
    recommended = np.zeros((2, POOL + NEW))
    recommended[0, :LIST] = 1
    recommended[1, : 3 * 9 : 3] = recommended[1, POOL : POOL + 3] = 1
    propensities = np.concatenate([np.full(POOL, 0.5 / POOL), np.full(NEW, 0.5 / NEW)])
    products = rng.choice(POOL + NEW, lists, p=propensities)
    taken = (rng.random(lists) < rates[products]).astype(float)
    drawn = Drawn(1 / propensities[products], taken, recommended[:, products], np.full((2, lists), float(LIST)))
    return drawn, recommended @ rates / LIST


def test_the_intervals_have_what_a_version_would_have_got_in_95_of_100():
    rng = np.random.default_rng(0)
    rates = rng.beta(2, 18, POOL + NEW)  # of 10 % on average
    covered = []
    for _ in range(600):
        drawn, truth = simulate(rng, 3000, rates)
        found = off_policy.estimate(drawn)
        covered.append(
            [
                low <= value <= high
                for (low, high), value in zip((e["interval"] for e in found["estimates"]), truth, strict=True)
            ]
            + [found["interval"][0] <= truth[1] - truth[0] <= found["interval"][1]]
        )

    shares = np.mean(covered, axis=0)

    assert (shares > 0.925).all() and (shares < 0.98).all()


def test_a_version_against_itself_differs_by_nothing():
    drawn, _ = simulate(np.random.default_rng(1), 3000, np.full(POOL + NEW, 0.2))
    same = Drawn(drawn.weights, drawn.taken, drawn.listed[[0, 0]], drawn.lengths)

    found = off_policy.estimate(same)

    assert found["difference"] == 0 and found["interval"] == [0, 0]
    assert off_policy.describe(found, NAMES) == "Which of A and B would have got more is not known."


def test_the_reach_is_the_share_of_a_list_that_could_be_drawn():
    drawn, _ = simulate(np.random.default_rng(2), 20_000, np.full(POOL + NEW, 0.2))
    half = Drawn(drawn.weights, drawn.taken, drawn.listed, drawn.lengths * np.array([[1], [2]]))

    reach = [each["reach"] for each in off_policy.estimate(half)["estimates"]]

    assert reach == pytest.approx([1, 0.5], abs=0.06)


def test_a_large_difference_is_certain_and_with_few_lists_nothing_is_said():
    rates = np.full(POOL + NEW, 0.05)
    rates[:LIST] = 0.5
    drawn, _ = simulate(np.random.default_rng(3), 4000, rates)

    assert off_policy.describe(off_policy.estimate(drawn), NAMES) == "B would have got less than A, for certain."
    turned_round = Drawn(drawn.weights, drawn.taken, drawn.listed[::-1], drawn.lengths)
    assert off_policy.describe(off_policy.estimate(turned_round), NAMES).startswith("B would have got more than A")
    few, _ = simulate(np.random.default_rng(4), 60, rates)
    found = off_policy.estimate(few)
    assert found["interval"] is None and {each["interval"] for each in found["estimates"]} == {None}
    assert off_policy.describe(found, NAMES).startswith("Not enough is known: of 60 products drawn by chance")


def test_without_anything_drawn_the_words_say_so(active):
    found = off_policy.compare(active, VersionFactory())

    assert found == {
        "drawn": 0,
        "estimates": [{"value": None, "interval": None, "results": 0, "reach": 0.0}] * 2,
        "difference": None,
        "interval": None,
    }
    assert "nothing can be said" in off_policy.describe(found, NAMES)


def test_simulated_visitors_are_found_again_from_their_requests_on(active, settings, monkeypatch):
    monkeypatch.setattr(off_policy, "LEAST", 20)
    settings.EXPLORATION = 1.0
    guest, chance = Caller(session="guest"), random.Random(0)
    products = placed(active, *range(0, 150, 10))
    other = VersionFactory(dimensions=2)
    for number, product in enumerate(products):
        embed(product, other, turned(number * 47 % 180))
    liked = {product.pk for product in products[8:]}  # which the version that serves does not recommend
    own = products[0]
    for number in range(150):
        found = recommend.similar_products(own, RecommendationQuery(limit=4))
        object.__setattr__(found, "id", uuid.UUID(int=number))
        shown = saved.save(found, guest)
        impressions.record({shown.id: range(1, 5)}, guest)
        for result in shown.results:
            if result.product.pk in liked and chance.random() < 0.8:
                InteractionFactory(
                    shopper=None, session="guest", product=result.product, kind="click", recommendation_id=shown.id
                )

    found = replay.compare(active, other)["off_policy"]

    def rate(version) -> float:
        query = RecommendationQuery(limit=4, version=version)
        listed = recommend.similar_products(own, query).results
        return sum(0.8 * (result.product.pk in liked) for result in listed) / 4

    assert found["drawn"] == 150
    for version, estimated in zip((active, other), found["estimates"], strict=True):
        assert estimated["value"] == pytest.approx(rate(version), abs=0.25)
    assert rate(active) == 0 and found["difference"] > 0.2


def test_clicks_on_other_results_do_not_count(active):
    own, drawn, beside = placed(active, 0, 10, 20)
    recommendation = uuid.uuid4()
    ExploredResult.objects.create(
        recommendation_id=recommendation,
        version=active.pk,
        own_product=own.pk,
        product=drawn.pk,
        propensity=0.5,
        query=saved_json.query_to_json(RecommendationQuery(limit=2)),
    )
    InteractionFactory(product=beside, kind="click", recommendation_id=recommendation)
    InteractionFactory(product=drawn, kind="click", recommendation_id=uuid.uuid4())
    InteractionFactory(product=drawn, kind="view", recommendation_id=recommendation)
    assert off_policy.compare(active, active)["estimates"][0]["value"] == 0

    InteractionFactory(product=drawn, kind="like", recommendation_id=recommendation)

    assert off_policy.compare(active, active)["estimates"][0]["value"] == 1
