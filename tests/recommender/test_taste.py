import numpy as np
import pytest

from recommender.taste import Prior, carriers, folded_in


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
    prior = Prior.of(rng.normal(size=(50, 4)) + 1)

    theta = folded_in(vectors, weights, prior)

    best = log_posterior(theta, vectors, weights, prior)
    around = [log_posterior(theta + 0.01 * step, vectors, weights, prior) for step in rng.normal(size=(200, 4))]
    assert best > max(around)


def test_without_history_the_taste_is_the_average_shopper_s():
    prior = Prior(mean=np.array([1.0, 2.0]), precision=np.eye(2))

    assert folded_in(np.zeros((0, 2)), np.zeros(0), prior) == pytest.approx([1.0, 2.0])


def test_tastes_known_from_their_products_are_found_again():
    rng = np.random.default_rng(1)
    tastes, products = rng.normal(size=(40, 8)), rng.normal(size=(400, 8))
    prior = Prior.of(tastes)
    agreement = []
    for theta in tastes:
        chosen = products[np.argsort(-(products @ theta))[:20]]
        found = folded_in(chosen, np.ones(20), prior)
        agreement.append(np.corrcoef(products @ theta, products @ found)[0, 1])

    assert np.mean(agreement) > 0.8


def test_carriers_are_the_likest_and_their_weights_add_up():
    own = np.array([[1.0, 0.0], [0.6, 0.8], [-1.0, 0.0]])

    found = carriers([1.0, 0.0], own)

    assert [place for place, _ in found] == [0, 1]  # the opposite does not speak for it
    assert sum(weight for _, weight in found) == pytest.approx(1)
    assert found[0][1] == pytest.approx(1 / 1.6)
