import numpy as np
import pytest

from catalog.models import Interaction, Product
from recommender.serving import history, recommend
from recommender.serving.fold_in import Prior
from recommender.serving.types import RecommendationQuery
from recommender.versions.vectors import nearest
from tests.factories import (
    InteractionFactory,
    ProductFactory,
    ShopperFactory,
    embed,
)
from tests.recommender.conftest import placed, shown, train


@pytest.mark.parametrize(
    ("kinds", "told"),
    [
        (["view"], "view"),
        (["purchase", "like", "cart", "view"], "purchase"),
        (["view", "cart", "click"], "cart"),
        (["like", "cart"], "like"),
    ],
)
def test_an_explanation_knows_the_most_telling_thing_done(active_personal, kinds, told):
    known, pick = placed(active_personal, 0, 10)
    shopper = ShopperFactory()
    for kind in kinds:
        InteractionFactory(shopper=shopper, product=known, kind=kind)
    train(active_personal, shopper, [2.0, 0.0])

    (result,) = recommend.for_shopper(shopper, RecommendationQuery(explain=True)).results

    assert [(because.product, because.kind) for because in result.because] == [(known, told)]


def test_what_is_disliked_explains_nothing(active_personal):
    known, pick = placed(active_personal, 0, 10)
    shopper = ShopperFactory()
    for kind in ("purchase", "dislike", "view"):
        InteractionFactory(shopper=shopper, product=known, kind=kind)
    train(active_personal, shopper, [2.0, 0.0])

    (result,) = recommend.for_shopper(shopper, RecommendationQuery(explain=True)).results

    assert (result.product, result.because) == (pick, [])


@pytest.mark.parametrize("strategy", ["personal", "fold-in", "session"])
def test_the_product_named_first_is_the_one_whose_removal_costs_most(active_personal, strategy):
    own = placed(active_personal, 0, 35, 80, 130, 300)
    placed(active_personal, 20, 60, 110, 150, 330)
    shopper, session = (None, "guest") if strategy == "session" else (ShopperFactory(), "")
    kinds = ("view", "like", "purchase", "dislike", "cart")
    for product, kind in zip(own, kinds, strict=True):
        InteractionFactory(shopper=shopper, session=session, product=product, kind=kind)
    if strategy == "personal":  # from what everybody likes to what this shopper does: as folded in, so that a removal
        folded = history.load_history(active_personal, history.read_activities(shopper=shopper)).taste(active_personal)
        train(active_personal, shopper, folded.tolist())  # can be told by training again

    def answer():
        return (
            recommend.for_session("guest", RecommendationQuery(explain=True))
            if session
            else recommend.for_shopper(shopper, RecommendationQuery(explain=True))
        )

    def scores_without(product) -> dict[Product, float]:
        kept = Interaction.objects.exclude(product=product).filter(shopper=shopper, session=session)
        activities = history.activities_of_events((row.product_id, row.kind, row.occurred_at) for row in kept)
        theta = history.load_history(active_personal, activities).taste(active_personal)
        vectors = nearest.vectors_of(active_personal, [result.product.pk for result in found.results])
        return {result.product: theta @ np.asarray(vectors[result.product.pk]) for result in found.results}

    found = answer()
    without = {product: scores_without(product) for product in own}

    assert found.strategy == strategy
    for result in found.results:
        by_loss = sorted((product for product in own if product != own[3]), key=lambda p: without[p][result.product])
        named = [because.product for because in result.because]
        assert named == by_loss[: len(named)]
        assert not named or sum(because.weight for because in result.because) == pytest.approx(1)
        assert [b.weight for b in result.because] == sorted((b.weight for b in result.because), reverse=True)
    assert max(len(result.because) for result in found.results) == 3


@pytest.mark.parametrize("strategy", ["personal", "fold-in", "session"])
def test_where_all_have_one_taste_nothing_of_the_visitors_own_is_a_reason(active_personal, strategy):
    prior = Prior.from_tastes(np.ones((5, 1)))  # as the method `popularity` learns it
    active_personal.taste = {"mean": prior.mean.tolist(), "precision": prior.precision.tolist()}
    active_personal.dimensions = 1
    active_personal.save()
    own, few, many = (ProductFactory() for _ in range(3))
    for product, takers in ((own, 5.0), (few, -3.0), (many, 40.0)):
        embed(product, active_personal, [takers])
    shopper, session = (None, "guest") if strategy == "session" else (ShopperFactory(), "")
    InteractionFactory(shopper=shopper, session=session, product=own)
    if strategy == "personal":
        train(active_personal, shopper, [1.0])
    query = RecommendationQuery(explain=True)

    found = recommend.for_session(session, query) if session else recommend.for_shopper(shopper, query)

    assert (found.strategy, shown(found)) == (strategy, [many, few])
    assert [result.because for result in found.results] == [[], []]


def test_what_visitors_may_not_see_is_not_named(active_personal):
    hidden, visible, pick = placed(active_personal, 0, 10, 5)
    for product in (hidden, visible):
        InteractionFactory(shopper=None, session="guest", product=product)
    Product.objects.filter(pk=hidden.pk).update(is_hidden=True)

    (result,) = recommend.for_session("guest", RecommendationQuery(explain=True)).results

    assert [(because.product, because.weight) for because in result.because] == [(visible, 1.0)]
