import numpy as np
import pytest
import torch
from celery.exceptions import SoftTimeLimitExceeded

from catalog.models import Product
from recommender import tasks
from recommender.maps import cells, making
from recommender.maps.models import MapPoint
from recommender.models import Popularity
from recommender.workers import layout
from tests.factories import ProductFactory, VersionFactory, embed, turned
from tests.recommender.conftest import placed

pytestmark = pytest.mark.django_db


def points_of(version) -> dict[int, tuple[int, int]]:
    tasks.make_map(making.request(version).pk)
    return cells.find(making.shown(version), list(Product.objects.values_list("pk", flat=True)))


def test_similar_products_lie_near_each_other(active):
    angles = [group * 120 + step for step in range(8) for group in range(3)]
    products = placed(active, *angles)

    points = points_of(active)

    places = np.array([points[product.pk] for product in products])
    distances = np.linalg.norm(places[:, None] - places[None], axis=2)
    np.fill_diagonal(distances, np.inf)
    assert (distances.argmin(axis=1) % 3 == np.arange(24) % 3).all()
    assert places.min() > 0 and places.max() < cells.SIDE
    assert np.ptp(places, axis=0).min() > 0.9 * cells.SIDE


def test_a_map_is_the_same_again(active):
    placed(active, *range(0, 300, 10))

    assert points_of(active) == points_of(active)


def test_products_beyond_the_sample_are_placed_beside_what_they_look_like(active, monkeypatch):
    products = placed(active, *[group * 120 + step for step in range(10) for group in range(3)])
    sampled = layout.SAMPLED.rpartition(" ")[0]
    monkeypatch.setattr(layout, "SAMPLED", f"{sampled} 20")
    monkeypatch.setattr(layout, "BATCH", 7)

    points = points_of(active)

    places = np.array([points[product.pk] for product in products])
    middles = np.array([np.median(places[group::3], axis=0) for group in range(3)])
    assert len(places) == 30
    assert (np.linalg.norm(places[:, None] - middles[None], axis=2).argmin(axis=1) == np.arange(30) % 3).all()


def test_the_most_popular_come_first_and_hidden_ones_and_those_without_a_vector_are_left_out(active):
    first, second = placed(active, 0, 20)
    placed(active, 40, is_hidden=True)
    ProductFactory()
    Popularity.objects.create(product=second, shoppers=5)

    points_of(active)

    assert list(MapPoint.objects.order_by("rank").values_list("product_id", "rank")) == [(second.pk, 1), (first.pk, 2)]
    assert making.shown(active).products == 2


def test_a_version_that_has_embedded_nothing_has_an_empty_map(active):
    assert points_of(active) == {}
    assert making.shown(active).products == 0


def test_a_personal_version_has_a_map_too(active_personal):
    placed(active_personal, 0, 90)
    other = VersionFactory(role="personal", method="popularity", metric="inner", dimensions=1)
    embed(ProductFactory(), other, [1.0])

    assert len(points_of(active_personal)) == 2 and len(points_of(other)) == 1


def test_a_layout_without_extent_is_in_the_middle():
    found = layout.on_map(torch.tensor([[1.0, 0.0], [1.0, 2.0]]), torch.tensor([1.0, 0.0]), torch.tensor([1.0, 2.0]))

    assert found[:, 0].tolist() == [cells.SIDE // 2] * 2
    assert found[0, 1] == int(layout.MARGIN * cells.SIDE) and found[1, 1] == int((1 - layout.MARGIN) * cells.SIDE)


def test_a_map_that_another_worker_makes_is_left_to_it(active):
    queued = making.request(active)
    making.claim(queued.pk)

    tasks.make_map(queued.pk)
    tasks.make_map(queued.pk + 1)

    assert making.latest(active).finished_at is None


def test_angles_are_those_of_the_vectors(active):
    near, _ = placed(active, 0, 50)

    ids, matrix = layout.vectors_of(active, [near.pk, near.pk + 1000])

    assert ids == [near.pk] and matrix.cpu().numpy() == pytest.approx(np.array([turned(0)]))


def test_a_map_that_takes_too_long_fails_and_is_not_tried_again(active, monkeypatch):
    def take_too_long(claimed):
        raise SoftTimeLimitExceeded

    monkeypatch.setattr(layout, "run", take_too_long)
    queued = making.request(active)

    tasks.make_map(queued.pk)

    assert making.latest(active).error == "it took longer than 600 seconds"
    assert making.shown(active) is None and not MapPoint.objects.exists()
