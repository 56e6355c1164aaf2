import numpy as np
import pytest

from ml.generation import gaps
from ml.generation.gaps import Embedded, Region


@pytest.fixture
def products() -> Embedded:
    """Three products that nobody likes much, close together."""
    return Embedded(
        vectors=np.array([[0.1, 0.0], [0.0, 0.1], [0.1, 0.1]]),
        embeddings=np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]),
    )


def generated(vectors: list, embeddings: list) -> Embedded:
    return Embedded(np.array(vectors, float), np.array(embeddings, float))


def found(images: Embedded, tastes: list, products: Embedded, near=(1.0, 2.0)) -> list[Region]:
    return list(gaps.find_regions(images, products, np.array(tastes, float), np.array(near), "euclidean"))


@pytest.mark.parametrize("chunk", [2, 100])
def test_what_many_want_and_nothing_is_near_is_a_gap_and_what_few_want_comes_after(products, monkeypatch, chunk):
    monkeypatch.setattr(gaps, "CHUNK", chunk)
    images = generated(
        vectors=[[0, 0], [0, 0], [9, 0], [8, 0], [0, 9], [9, 9]],
        embeddings=[[0, 2], [0, 3], [50, 0], [50, 1], [0, 50], [0, 0.1]],
    )

    first, second = found(images, [[1, 0], [1, 0], [0, 1]], products)

    # The last is liked by all, and is next to a product. The fourth is like the third: one region.
    assert (first.image, first.shoppers, first.above_all, first.images) == (2, 2, 2, 2)
    assert (second.image, second.shoppers, second.apart, second.nearest) == (4, 1, 1.0, 2)


def test_what_is_as_near_as_reconstructions_of_products_are_is_no_gap(products):
    images = generated([[9, 0]], [[0, 5]])  # 4 from the third product

    assert found(images, [[1, 0]], products, near=[3.0] * 9 + [9.0])[0].apart == 0.9
    assert found(images, [[1, 0]], products, near=[3.0] * 8 + [9.0] * 2) == []


def test_where_products_are_liked_as_much_there_is_no_gap(products):
    images = generated([[0, 0], [0.05, 0.05]], [[0, 2], [0, 50]])

    assert found(images, [[1, 0], [0, 1]], products) == []


def test_typical_tastes_are_the_centres_of_clusters():
    tastes = np.array([[0.0, 0.0], [0.0, 2.0], [9.0, 9.0], [9.0, 11.0]])

    assert gaps.cluster_tastes(tastes, 2).tolist() == [[0.0, 1.0], [9.0, 10.0]]
    assert len(gaps.cluster_tastes(tastes[:1], 4)) == 1


@pytest.mark.parametrize(("metric", "expected"), [("euclidean", [[5.0, 0.0]]), ("cosine", [[1.0, 0.0]])])
def test_distances_are_those_of_the_metric(metric, expected):
    assert gaps.compute_distances(np.array([[0.0, 4.0]]), np.array([[3.0, 0.0], [0.0, 4.0]]), metric) == pytest.approx(
        np.array(expected)
    )
