import pytest

from catalog.models import Kind
from recommender.maps import positions
from tests.factories import InteractionFactory, ShopperFactory, turned
from tests.recommender.conftest import placed, train

pytestmark = pytest.mark.django_db


def test_a_vector_lies_in_the_middle_of_what_is_nearest(active, laid_out, monkeypatch):
    monkeypatch.setattr(positions, "NEAREST", 3)
    products = placed(active, 0, 2, 4, 90, 92)
    taste_map = laid_out(
        active, dict(zip(products, [(10, 10), (12, 30), (500, 20), (900, 900), (910, 910)], strict=True))
    )

    assert positions.of_vector(taste_map, turned(1)) == (12, 20)
    assert positions.of_vector(taste_map, turned(91)) == (900, 900)


def test_a_map_without_points_has_no_places(active, laid_out):
    placed(active, 0)

    assert positions.of_vector(laid_out(active, {}), turned(0)) is None


def test_a_shopper_lies_among_what_they_like_and_their_history_is_marked(active, laid_out, monkeypatch):
    monkeypatch.setattr(positions, "NEAREST", 1)
    near, far, unseen = placed(active, 0, 90, 45)
    taste_map = laid_out(active, {near: (1, 2), far: (900, 900)})
    shopper = ShopperFactory()
    for product, kind in ((near, "like"), (unseen, "view")):
        InteractionFactory(shopper=shopper, product=product, kind=kind)

    found = positions.of_shopper(taste_map, shopper)

    assert found.position == (1, 2)
    assert found.history == {near.pk: Kind.LIKE, unseen.pk: Kind.VIEW} and found.points == {near.pk: (1, 2)}


def test_a_taste_that_a_personal_version_learnt_has_a_place(active_personal, laid_out, monkeypatch):
    monkeypatch.setattr(positions, "NEAREST", 1)
    near, far = placed(active_personal, 0, 90)
    taste_map = laid_out(active_personal, {near: (1, 2), far: (900, 900)})
    learnt, unknown = ShopperFactory(), ShopperFactory()
    train(active_personal, learnt, turned(80))

    assert positions.of_shopper(taste_map, learnt).position == (900, 900)
    assert positions.of_shopper(taste_map, unknown).position is None
