import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from ml.data.decoding import Stretched
from ml.data.interactions import Interactions, PersonalData
from ml.errors import BadSetting
from ml.models.factory import create
from ml.nn.encoders import CnnF
from ml.training.loop import TrainConfig, fit
from tests.ml.worlds import data_for, exhaust, small, toy_images, toy_interactions, trained, vectors_of


@pytest.mark.parametrize(("dimensions", "parameters"), [(50, 70_573_874), (100, 70_778_724)])
def test_the_papers_encoder_has_the_papers_parameters(dimensions, parameters):
    with torch.device("meta"):
        encoder = CnnF(dimensions)

    assert sum(p.numel() for p in encoder.parameters()) == parameters
    assert next(m for m in encoder.modules() if isinstance(m, torch.nn.Linear)).in_features == 12_544
    assert encoder(torch.empty(1, 3, 224, 224, device="meta"), torch.empty(1, 0)).shape == (1, dimensions)


def test_the_papers_encoder_trains_on_triples_and_reads_pixels_alone():
    model = create("dvbpr", encoder="cnn-f", batch_size="4")
    images = toy_images(8, side=224)
    train = toy_interactions(users=2, items=8, taken=2)

    epochs = exhaust(fit(model, PersonalData(images, train), TrainConfig(epochs=1)))

    # theta begins below .01, so that all scores are still equal: 4 ln 2.
    assert epochs[0].losses["all"] == pytest.approx(4 * math.log(2), abs=0.1)
    assert model.image_size == (224, 224)
    assert not model.common.any()  # the paper has no taste common to all


def test_a_taste_common_to_all_is_learned_once():
    discs, stripes = np.arange(0, 10, 2), np.arange(1, 10, 2)
    all_but_one_like_discs = Interactions(
        np.repeat(np.arange(25), 5), np.concatenate([*[discs] * 24, stripes]), np.arange(125), 26, 20
    )
    model = small("dvbpr")

    exhaust(fit(model, PersonalData(toy_images(20), all_but_one_like_discs), TrainConfig(epochs=60)))

    scores = model.user_vectors()[25] @ vectors_of(model, 20).T  # of a user who has taken nothing
    assert scores[:10:2].mean() > scores[1::2].mean() + 1


def test_the_small_encoder_is_small():
    model = create("dvbpr")

    assert sum(p.numel() for p in model.encoder.parameters()) < 1_000_000


def test_triples_train_the_small_encoder_too():
    model = create("dvbpr", sampling="triples", dimensions=8)

    epochs = exhaust(fit(model, data_for("dvbpr"), TrainConfig(epochs=5)))

    assert epochs[-1].losses["all"] < epochs[0].losses["all"]


def test_swapping_the_items_negates_their_difference():
    model, data = small("dvbpr", sampling="triples"), data_for("dvbpr")
    exhaust(fit(model, data, TrainConfig(epochs=1)))
    model.recipe = replace(model.recipe, lambda_u=0.0)
    images = data.images.batch(range(8))
    descriptors, users = model.encoder.describe(images), torch.arange(4)

    with torch.no_grad():
        [(_, loss)] = model.objectives((images, descriptors, users))
        [(_, swapped)] = model.objectives((images.roll(4, dims=0), descriptors.roll(4, dims=0), users))
        chosen, other = model.encoder(images, descriptors).chunk(2)

    x = ((model.common + model.theta[users]) * (chosen - other)).sum(dim=1)
    assert_close(loss - swapped, -x.sum(), rtol=1e-3, atol=1e-3)  # softplus(-x) - softplus(x) = -x


def test_an_unknown_encoder_is_refused():
    with pytest.raises(BadSetting, match="encoder is 'vgg'; it takes one of: small, cnn-f"):
        create("dvbpr", encoder="vgg")


def test_centring_changes_no_ranking_and_a_new_item_needs_only_its_image():
    model = trained("dvbpr")
    images = toy_images(40).batch(range(40))

    with torch.inference_mode():
        known, new = model.embed(images, torch.arange(40)), model.embed(images, torch.full((40,), -1))
        raw = model.encoder(images, model.encoder.describe(images))

    assert torch.equal(known, new)
    theta = model.user_vectors()
    assert torch.equal((theta @ known.T).argsort(dim=1), (theta @ raw.T).argsort(dim=1))


def test_the_published_reading_is_the_papers_network_on_stretched_images():
    model = create("dvbpr", reading="published")

    assert sum(parameter.numel() for parameter in model.encoder.parameters()) == 70_573_874
    assert (model.image_size, model.sampling, model.epochs) == (Stretched((224, 224)), "triples", 20)
    assert model.lr_factor(0.9) == 1
