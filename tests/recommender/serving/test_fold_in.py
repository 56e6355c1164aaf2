import numpy as np
import pytest

from recommender.serving.fold_in import (
    Prior,
    estimate_taste,
    influences,
    laplace_posterior,
    learn_last,
    rocchio_vector,
    top_contributors,
)


def log_posterior(theta, vectors, weights, prior) -> float:
    """Written as in the docstring, product by product."""
    total = -0.5 * (theta - prior.mean) @ prior.precision @ (theta - prior.mean)
    for vector, weight in zip(vectors, weights, strict=True):
        sign = 1 if weight > 0 else -1
        total += abs(weight) * -np.log1p(np.exp(-sign * (theta @ vector)))
    return total


def test_the_folded_in_taste_is_the_most_probable_one():
    rng = np.random.default_rng(0)
    vectors, weights = rng.normal(size=(9, 4)), rng.choice([-1.0, 0.2, 1.0], 9)
    prior = Prior.from_tastes(rng.normal(size=(50, 4)) + 1)

    theta = estimate_taste(vectors, weights, prior)

    best = log_posterior(theta, vectors, weights, prior)
    nearby = [log_posterior(theta + 0.01 * step, vectors, weights, prior) for step in rng.normal(size=(200, 4))]
    assert best > max(nearby)


def test_without_history_the_taste_is_the_average_shopper_s():
    prior = Prior(mean=np.array([1.0, 2.0]), precision=np.eye(2))

    assert estimate_taste(np.zeros((0, 2)), np.zeros(0), prior) == pytest.approx([1.0, 2.0])


def test_tastes_known_from_their_products_are_found_again():
    rng = np.random.default_rng(1)
    tastes, products = rng.normal(size=(40, 8)), rng.normal(size=(400, 8))
    prior = Prior.from_tastes(tastes)
    agreement = []
    for theta in tastes:
        chosen = products[np.argsort(-(products @ theta))[:20]]
        found = estimate_taste(chosen, np.ones(20), prior)
        agreement.append(np.corrcoef(products @ theta, products @ found)[0, 1])

    assert np.mean(agreement) > 0.8


def test_a_trained_taste_of_single_precision_moves_in_double_precision():
    rng = np.random.default_rng(2)
    trained = rng.normal(scale=5, size=8).astype(np.float32)
    vectors, weights = rng.normal(size=(20, 8)), np.ones(20)

    found, expected = (
        estimate_taste(vectors, weights, Prior(mean=mean, precision=np.eye(8)))
        for mean in (trained, trained.astype(np.float64))
    )

    assert found == pytest.approx(expected, abs=1e-12)


def test_a_taste_is_found_where_a_whole_step_would_jump_past_it():
    prior = Prior(mean=np.array([8.0, 0.0]), precision=0.01 * np.eye(2))
    vectors, weights = np.array([[1.0, 0.0]]), np.array([-1.0])  # disliked, though the prior is sure of a like

    theta = estimate_taste(vectors, weights, prior)

    around_it = theta + np.array([[0.1, 0], [-0.1, 0], [0, 0.1], [0, -0.1]])
    best = log_posterior(theta, vectors, weights, prior)
    assert best > max(log_posterior(other, vectors, weights, prior) for other in around_it)


def test_what_is_learnt_from_much_gives_way_less_than_what_is_learnt_from_little():
    prior, disliked = Prior(mean=np.zeros(2), precision=np.eye(2)), (np.array([[1.0, 0.0]]), np.array([-1.0]))
    trained, liked = np.array([1.0, 0.2]), np.array([[1.0, 0.2]])
    moved = []
    for times in (1, 20):
        believed = laplace_posterior(trained, liked.repeat(times, axis=0), np.ones(times), prior)
        moved.append(trained[0] - estimate_taste(*disliked, believed)[0])

    assert moved[0] > 2 * moved[1] > 0


@pytest.mark.parametrize("products", [0, 1, 40])
@pytest.mark.parametrize("weight", [0.3, 5.0])
def test_one_more_product_moves_a_taste_as_it_would_when_folded_in(products, weight):
    rng = np.random.default_rng(products)
    prior = Prior.from_tastes(rng.normal(size=(30, 12)))
    vectors, weights = rng.normal(size=(products, 12)), rng.uniform(0.1, 3, size=products)
    trained, vector = rng.normal(size=12), rng.normal(size=12)

    together = np.vstack([vectors, vector])
    moved = learn_last(trained, together, np.append(weights, weight), together @ prior.covariance)

    believed = laplace_posterior(trained, vectors, weights, prior)
    expected = estimate_taste(vector[None], np.array([weight]), believed)
    assert np.abs(expected - trained).max() > 1e-3
    assert moved == pytest.approx(expected, abs=1e-6)


def test_nothing_new_leaves_a_trained_taste_where_it_is():
    prior, trained = Prior(mean=np.zeros(2), precision=np.eye(2)), np.array([3.0, -1.0])

    believed = laplace_posterior(trained, np.array([[1.0, 1.0]]), np.ones(1), prior)

    assert estimate_taste(np.zeros((0, 2)), np.zeros(0), believed) == pytest.approx(trained)


@pytest.mark.parametrize(
    ("products", "dimensions"), [(3, 8), (12, 16), (60, 32), pytest.param(200, 64, marks=pytest.mark.slow)]
)
def test_influence_is_what_a_taste_folded_in_without_the_product_would_lack(products, dimensions):
    for seed in range(10):
        rng = np.random.default_rng(seed)
        vectors = rng.normal(size=(products, dimensions)) / dimensions**0.5
        weights = rng.choice([-1.0, 0.2, 0.3, 1.0], products)
        prior = Prior.from_tastes(rng.normal(size=(100, dimensions)))
        candidate = rng.normal(size=dimensions) / dimensions**0.5 + vectors[0]  # like something the shopper took to
        theta = estimate_taste(vectors, weights, prior)

        told = influences(candidate[None], theta, vectors, weights, prior.precision)[0]

        rests = [np.arange(products) != place for place in range(products)]
        lost = [candidate @ (theta - estimate_taste(vectors[rest], weights[rest], prior)) for rest in rests]
        assert told == pytest.approx(np.asarray(lost), abs=1e-4)


def test_influence_is_exact_where_a_product_contradicts_the_rest():
    prior = Prior(mean=np.zeros(2), precision=np.eye(2))
    vectors, weights = np.array([[9.0, 0.0], [9.0, 1.0], [-9.0, 0.5]]), np.array([1.0, 1.0, 30.0])
    theta = estimate_taste(vectors, weights, prior)

    told = influences(np.eye(2), theta, vectors, weights, prior.precision)

    rests = [np.arange(3) != place for place in range(3)]
    lost = [theta - estimate_taste(vectors[rest], weights[rest], prior) for rest in rests]
    assert told == pytest.approx(np.stack(lost, axis=1), abs=1e-4)


def test_carriers_are_those_without_which_most_is_lost_and_their_weights_add_up():
    assert top_contributors(np.array([0.1, 0.6, -0.5, 0.0, 0.3, 0.2])) == [
        (1, pytest.approx(6 / 11)),
        (4, pytest.approx(3 / 11)),
        (5, pytest.approx(2 / 11)),
    ]
    assert top_contributors(np.array([-0.5, 0.2, 0.0])) == [(1, 1.0)]
    assert top_contributors(np.array([-0.5, 0.0])) == []


def test_an_example_is_what_is_liked_and_away_from_what_is_disliked():
    red_shoe, blue_shoe, red_bag = np.array([[1.0, 1.0, 0.0], [1.0, 0.0, 1.0], [-1.0, 1.0, 0.0]])

    assert rocchio_vector(np.stack([red_shoe, blue_shoe]), np.array([3.0, 1.0])) == pytest.approx([1.0, 0.75, 0.25])
    assert rocchio_vector(np.stack([red_shoe, blue_shoe]), np.array([1.0, -1.0])) == pytest.approx([1.0, 1.5, -0.5])
    assert rocchio_vector(np.stack([red_bag]), np.array([-1.0])) is None
