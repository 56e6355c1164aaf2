"""The contract: what every method must do, the newcomer too."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from ml.configs.methods import METHODS
from ml.evaluation.metrics import rank_held_out
from ml.training import checkpoints
from ml.training.loop import TrainConfig, fit
from tests.ml.worlds import (
    CONTRACT,
    ENCODERS,
    PERSONAL,
    SIMILAR,
    WITH_VECTORS,
    data_for,
    exhaust,
    small,
    toy_images,
    toy_interactions,
    trained,
    vectors_of,
)

pytestmark = pytest.mark.usefixtures("encoder_files")


@pytest.mark.parametrize("method", SIMILAR)
def test_the_nearest_image_is_of_the_same_kind(method):
    vectors = vectors_of(trained(method))

    nearest = torch.cdist(vectors, vectors).fill_diagonal_(torch.inf).argmin(dim=1)

    assert (nearest % 2 == torch.arange(40) % 2).all()


@pytest.mark.parametrize("method", PERSONAL)
def test_what_users_took_next_ranks_above_what_nobody_took(method):
    split = toy_interactions().leave_one_out()
    model = trained(method, epochs=20)

    ranking = rank_held_out(model.user_vectors(), vectors_of(model), split)

    assert ranking.auc.mean() > 0.65


@pytest.mark.parametrize("method", [name for name in PERSONAL if name != "popularity"])
def test_each_group_prefers_its_own_kind(method):
    model = trained(method, epochs=20)

    scores = model.user_vectors() @ vectors_of(model).T

    own = torch.arange(24)[:, None] % 2 == torch.arange(20) % 2
    assert scores[:, :20][own].mean() > scores[:, :20][~own].mean() + (0.1 if method == "visrank" else 1)


@pytest.mark.parametrize("method", [name for name in PERSONAL if small(name).image_size])
def test_users_who_take_one_kind_prefer_unseen_images_of_it(method):
    model = trained(method, epochs=60 if method == "dvbpr" else 20)

    scores = (model.user_vectors() @ vectors_of(model).T)[:, 20:]  # of what nobody took

    discs, stripes = scores[:, ::2], scores[:, 1::2]
    prefers_discs = (discs[:, :, None] > stripes[:, None, :]).float().mean(dim=(1, 2))  # (users,)
    assert prefers_discs[::2].mean() > 0.9
    assert prefers_discs[1::2].mean() < 0.1


@pytest.mark.parametrize("method", PERSONAL)
def test_pairs_with_weights_can_be_trained_on(method):
    data, model = data_for(method), small(method)
    weights = np.where(data.train.items % 3, 0.2, 1.0)

    exhaust(fit(model, replace(data, train=replace(data.train, weights=weights)), TrainConfig(epochs=1)))

    assert model.user_vectors().isfinite().all()


@pytest.mark.parametrize("method", WITH_VECTORS)
def test_a_vector_is_the_same_alone_as_in_a_batch(method):
    model = trained(method)
    together = vectors_of(model)
    images = toy_images(40, model.image_size).batch([7]) if model.image_size else None

    with torch.inference_mode():
        alone = model.embed(images) if method in SIMILAR else model.embed(images, torch.tensor([7]))

    assert together.dtype == torch.float32
    assert together.shape == (40, model.dimensions)
    assert_close(alone[0], together[7], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("method", [*CONTRACT, *ENCODERS])
def test_a_saved_model_gives_the_same_vectors(method, tmp_path):
    model = trained(method)

    checkpoints.save(model, tmp_path)
    loaded = checkpoints.load(tmp_path)

    assert (loaded.method, loaded.config, loaded.training) == (method, model.config, False)
    assert torch.equal(vectors_of(loaded), vectors_of(model))
    if model.metric == "inner":
        assert torch.equal(loaded.user_vectors(), model.user_vectors())


@pytest.mark.parametrize("method", [*CONTRACT, *ENCODERS])
def test_a_resumed_training_ends_as_an_uninterrupted_one(method, tmp_path):
    whole, broken, resumed = trained(method, epochs=2), small(method), small(method)
    data, config = data_for(method), TrainConfig(epochs=2)

    next(fit(broken, data, config, folder=tmp_path), None)
    epochs = exhaust(fit(resumed, data, config, folder=tmp_path))

    assert [epoch.number for epoch in epochs] == ([2] if whole.optimizers() else [])
    for name, tensor in whole.state_dict().items():
        assert torch.equal(resumed.state_dict()[name], tensor), name


@pytest.mark.parametrize("method", SIMILAR)
def test_blank_images_have_vectors_that_can_be_compared(method):
    model = trained(method)
    blank = torch.stack([torch.full((3, *model.image_size), value) for value in (0.0, 0.5, 1.0)])

    with torch.inference_mode():
        lengths = model.embed(blank).norm(dim=1)

    if model.metric == "cosine":
        assert_close(lengths, torch.ones(3))
    assert lengths.isfinite().all()


@pytest.mark.parametrize("method", PERSONAL)
def test_an_average_item_scores_zero(method):
    model = trained(method)

    vectors = vectors_of(model)

    taken = torch.from_numpy(data_for(method).train.popularity > 0)
    over = vectors[taken] if method in ("bpr-mf", "warp") else vectors
    assert_close(over.mean(dim=0), torch.zeros(model.dimensions), rtol=0, atol=1e-5)


@pytest.mark.parametrize("method", PERSONAL)
def test_a_method_that_uses_no_images_takes_none(method):
    assert METHODS[method].sees_images == (small(method).image_size is not None)


@pytest.mark.parametrize("method", [name for name in PERSONAL if not METHODS[name].sees_images])
def test_without_images_a_new_item_is_an_average_one(method):
    model = trained(method)

    assert torch.equal(model.embed(None, torch.tensor([-1])), torch.zeros(1, model.dimensions))
