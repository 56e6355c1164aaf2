import numpy as np
import pytest
import torch
from torch.testing import assert_close

from ml.benchmark.designs.measures import Classifier, Critic, find_nearest
from ml.data.labelled_images import LabelledImages
from tests.ml.worlds import toy_images, trained


@pytest.fixture(scope="module")
def products() -> LabelledImages:
    """Forty images, every other a disc."""
    return LabelledImages(toy_images(40), np.arange(40) % 2, ("disc", "stripes"))


@pytest.fixture(scope="module")
def classifier(products) -> Classifier:
    return Classifier(products, seed=0)


def test_standard_scores_of_the_products_have_mean_0_and_deviation_1(products):
    critic = Critic(trained("dvbpr"), products)
    discs = products.images.batch(products.indices_of(0))

    scores = critic.standard_scores(0, 0, discs)

    assert_close(scores.mean(), torch.tensor(0.0), atol=1e-4, rtol=0)
    assert_close(scores.std(), torch.tensor(1.0), atol=1e-3, rtol=0)


def test_the_classifier_tells_discs_from_stripes(products, classifier):
    discs = products.images.batch(products.indices_of(0))

    assert classifier.accuracy == 1
    assert classifier.share_recognised(discs, 0) == 1 and classifier.share_recognised(discs, 1) == 0


def test_the_score_is_low_where_all_is_of_one_category(products, classifier):
    everything = products.images.batch(range(40))

    assert 1 <= classifier.score(everything[::2]) < 1.2 < classifier.score(everything) <= 2


def test_a_product_is_its_own_copy_unless_it_is_excluded(products, classifier):
    some = products.images.batch([4, 9])

    copies = find_nearest(some, products, classifier)
    others = find_nearest(some, products, classifier, excluded=np.array([4, 9]))

    assert copies.as_dict()["copies"] == 1 and copies.l1.max() < 1e-6
    assert others.l1.min() > 0 and others.cosine.min() > 0
