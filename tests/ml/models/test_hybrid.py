import hashlib
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from ml.data.images import ImageArray
from ml.data.interactions import Interactions, PersonalData
from ml.evaluation.metrics import rank_held_out
from ml.models import hybrid
from ml.models.hybrid import hold_out
from ml.nn.item_regression import Regression
from ml.nn.ridge import append_ones
from ml.training import checkpoints
from ml.training.loop import TrainConfig, fit
from tests.ml.worlds import data_for, exhaust, small, toy_images, toy_interactions, trained, vectors_of


def test_an_item_moves_from_its_prediction_to_its_own_factors_as_takers_arrive():
    """Discs, which even users like, but taken by one odd user, by four and by twelve."""
    usual, discs = toy_interactions(users=48), [30] * 1 + [32] * 4 + [34] * 12
    takers = [1, *range(1, 8, 2), *range(1, 24, 2)]
    taken = replace(
        usual,
        users=np.concatenate([usual.users, takers]),
        items=np.concatenate([usual.items, discs]),
        timestamps=np.concatenate([usual.timestamps, np.full(len(discs), -1.0)]),
    )
    model = small("hybrid")
    model.identities.config = model.identities.config.model_copy(
        update={"learning_rate": 0.1}
    )  # as few pairs make few steps
    exhaust(fit(model, PersonalData(toy_images(40), taken), TrainConfig(epochs=40)))

    scores = model.identities.user_vectors() @ model.y.T
    lean = scores[1::2].mean(dim=0) - scores[::2].mean(dim=0)  # (40,) above 0: more to the odd ones' taste

    assert lean[28] < 0  # as nobody took it, all by its image
    assert lean[28] < lean[30] < lean[32] < lean[34]
    assert lean[34] > 0


def test_items_are_regularised_towards_their_predictions():
    identities = trained("hybrid").identities
    items, descriptors = torch.arange(40), torch.randn(40, 5, generator=torch.Generator().manual_seed(0))
    identities.update_means(descriptors, toy_interactions().leave_one_out().train)
    v, b = identities.mu[:, :-1], identities.mu[:, -1]

    assert identities.mu.abs().max() > 0
    assert identities.penalty(items, v, b).item() == 0
    assert_close(identities.penalty(items[:1], v[:1] + 2, b[:1]), torch.tensor(identities.config.decay * 4 * 8))


def test_the_last_item_of_a_third_of_the_users_is_held_out():
    train = toy_interactions(users=24).leave_one_out().train

    held_out = hold_out(train)

    assert held_out.users.tolist() == list(range(0, 24, 3))
    for user, item in zip(held_out.users, held_out.items, strict=True):
        own = train.users == user
        assert item == train.items[own][train.timestamps[own].argmax()]


def test_the_vector_of_an_item_added_later_depends_on_its_image_alone():
    model = trained("hybrid")
    images = toy_images(40).batch(range(40))

    with torch.inference_mode():
        new = model.embed(images, torch.full((40,), -1))
        descriptors = model.pictures.encoder.describe(images)

    expected = append_ones(descriptors) @ model.expected * model.scales[0]
    own = model.identities.dimensions
    assert_close(new[:, :own] + model.centre[:own], expected, rtol=1e-4, atol=1e-5)


def test_each_group_prefers_its_own_kind_of_cold_product():
    model = trained("hybrid", epochs=20)

    scores = model.user_vectors() @ vectors_of(model).T

    own = torch.arange(24)[:, None] % 2 == torch.arange(20, 40) % 2
    assert scores[:, 20:][own].mean() > scores[:, 20:][~own].mean() + 0.5


def test_with_meaningless_images_it_is_as_good_as_bpr_mf():
    taken = blocks()
    split = taken.leave_one_out()
    noise = np.random.default_rng(0).integers(0, 256, size=(taken.n_items, 64, 64, 3), dtype=np.uint8)
    aucs = {}
    for method in ("bpr-mf", "hybrid"):
        model = small(method)
        images = ImageArray(noise) if model.image_size else None
        exhaust(fit(model, PersonalData(images, split.train), TrainConfig(epochs=30)))
        pixels = images.batch(range(taken.n_items)) if images else None
        with torch.inference_mode():
            vectors = model.embed(pixels, torch.arange(taken.n_items))
        aucs[method] = np.nanmean(rank_held_out(model.user_vectors(), vectors, split).auc)

    assert aucs["bpr-mf"] > 0.8
    assert aucs["hybrid"] > aucs["bpr-mf"] - 0.03


def blocks(users: int = 120, items: int = 60, kinds: int = 3, each: int = 12) -> Interactions:
    """Users of three kinds who take items of theirs alone, which no image shows."""
    rng = np.random.default_rng(1)
    kind_of = rng.permutation(items) % kinds
    taken = [rng.permutation(np.flatnonzero(kind_of == user % kinds))[:each] for user in range(users)]
    return Interactions(
        users=np.repeat(np.arange(users), each),
        items=np.concatenate(taken),
        timestamps=np.tile(np.arange(each, dtype=float), users),
        n_users=users,
        n_items=items,
    )


def test_held_out_pairs_train_neither_part():
    model = small("hybrid")
    train = toy_interactions().leave_one_out().train
    data = PersonalData(toy_images(40), train)

    fitting = model._without_held_out(data).train

    held_out = hold_out(train)
    assert not np.isin(fitting.keys, held_out.keys).any()
    assert len(fitting) == len(train) - len(held_out)


def test_the_catalogue_is_described_once(monkeypatch):
    model, described = small("hybrid"), []
    describe = model.pictures.encoder.describe
    monkeypatch.setattr(
        model.pictures.encoder, "describe", lambda images: described.append(len(images)) or describe(images)
    )

    exhaust(fit(model, data_for("hybrid"), TrainConfig(epochs=2)))

    assert sum(described) == 40


def test_an_item_that_was_long_there_untaken_ranks_below_a_new_one_that_looks_the_same():
    taken = replace(toy_interactions(users=48), timestamps=np.tile(np.arange(6, dtype=float), 48))
    images = toy_images(40)
    pixels = images.batch(range(40))
    pixels[22:40:2] = pixels[20]  # discs that nobody took, all the same
    listed = np.zeros(40)
    listed[22:31] = 6.0  # half of them, after all the others were taken
    model = small("hybrid")
    alike = ImageArray((pixels.permute(0, 2, 3, 1) * 255).round().byte().numpy())
    exhaust(fit(model, PersonalData(alike, taken, listed=listed), TrainConfig(epochs=4)))

    with torch.inference_mode():
        scores = model.user_vectors() @ model.embed(pixels, torch.arange(40)).T

    assert (scores[:, [22, 24, 26, 28, 30]].min(dim=1).values > scores[:, [32, 34, 36, 38]].max(dim=1).values).all()


@pytest.mark.parametrize("trust", [0.0, 0.5, 1.0])
def test_what_images_alone_say_counts_as_far_as_it_is_trusted(monkeypatch, trust):
    """Discs, which nobody took, as items of the catalogue and as new ones."""
    spreads = {}
    for name, value in (("full", 1.0), ("some", trust)):
        monkeypatch.setattr(hybrid.Comparison, "trust", lambda *_, value=value: value)
        model = small("hybrid")
        exhaust(fit(model, data_for("hybrid"), TrainConfig(epochs=4)))
        pixels = toy_images(40).batch(range(20, 40))
        with torch.inference_mode():
            untaken = model.user_vectors() @ model.embed(pixels, torch.arange(20, 40)).T
            new = model.user_vectors() @ model.embed(pixels, torch.full((20,), -1)).T
        assert_close(new - new.mean(dim=1, keepdim=True), untaken - untaken.mean(dim=1, keepdim=True))
        spreads[name] = untaken - untaken.mean(dim=1, keepdim=True)

    assert spreads["full"].abs().max() > 0.1
    assert (spreads["some"].abs().max() > 1e-4) == (trust > 0)


def test_what_validation_takes_decides_whether_untaken_items_are_worse():
    """With items that validation takes new ones are as good as others; with items that were taken before, worse."""
    taken = toy_interactions(users=48)
    found = []
    for first in (0, 20):
        items = np.arange(48) % 2 + 2 * (np.arange(48) % 10) + first
        validation = replace(taken, users=np.arange(48), items=items, timestamps=np.full(48, 9.0))
        model = small("hybrid")
        data = PersonalData(toy_images(40), taken, validation=validation)
        exhaust(fit(model, data, TrainConfig(epochs=2)))
        scores = model.user_vectors() @ vectors_of(model).T
        found.append((scores[:, 20:].mean() - scores[:, :20].mean()).item())

    assert found[0] < 0 < found[1]


def test_the_last_items_of_the_held_out_users_are_learned_in_the_end():
    taken = toy_interactions(users=24)
    model, rows = small("hybrid"), []
    factorise = hybrid.factorise

    def counting(train, *rest):
        rows.append(len(train))
        return factorise(train, *rest)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hybrid, "factorise", counting)
        exhaust(fit(model, PersonalData(toy_images(40), taken), TrainConfig(epochs=1)))

    assert rows == [len(taken) - 8, len(taken)]


def test_the_regression_of_items_counts_a_history_by_the_root_of_its_length():
    model, train = trained("hybrid"), data_for("hybrid").train
    regression = Regression.fit(train, hybrid.REGRESSION_RIDGE, hybrid.REGRESSION_FACTORS, 40, torch.device("cpu"))
    history = torch.bincount(torch.from_numpy(train.distinct.users), minlength=24)

    own = model.tastes[:, 8:-1]  # after the factors by least squares

    assert own.abs().max() > 0
    # Lengths: singular vectors may have either sign.
    assert_close(own.norm(dim=1) * history.sqrt(), regression.users(train).norm(dim=1))


def test_a_training_that_began_before_it_had_the_regression_ends_with_it(tmp_path, monkeypatch):
    former, data = small("hybrid"), data_for("hybrid")
    with monkeypatch.context() as patch:
        patch.setattr(hybrid, "REGRESSION_FACTORS", 0)
        next(fit(former, data, TrainConfig(epochs=2), folder=tmp_path))
    model = small("hybrid")
    expected = model.dimensions

    exhaust(fit(model, data, TrainConfig(epochs=2), folder=tmp_path))

    assert former.dimensions == expected - hybrid.REGRESSION_FACTORS
    assert vectors_of(model).shape == (40, expected)
    assert model.user_vectors().shape == (24, expected)


def test_a_model_from_before_it_had_the_regression_embeds_as_it_did(tmp_path):
    former = small("hybrid")
    former.allocate(24, 40, more=9)
    former.load_state_dict({name: tensor + 1 for name, tensor in former.state_dict().items()})
    former.eval()
    checkpoints.save(former, tmp_path)

    loaded = checkpoints.load(tmp_path)

    assert loaded.dimensions == 9 + 9 + 8
    assert_close(vectors_of(loaded), vectors_of(former))
    assert_close(loaded.user_vectors(), former.user_vectors())


def test_a_model_of_a_release_before_has_no_factors_by_least_squares_and_embeds_as_it_did(tmp_path):
    model = small("hybrid")
    model.allocate(24, 40)
    former = {"expected", "scales", "centre", "chosen", "y"}
    parts = {name for name in model.state_dict() if "." in name}
    tensors = {name: tensor + 1 for name, tensor in model.state_dict().items() if name in former | parts}
    checkpoints.save(model, tmp_path)
    checkpoints.write_tensors(tensors, tmp_path / checkpoints.WEIGHTS)
    config = checkpoints.read_json(tmp_path / checkpoints.CONFIG)
    digest = hashlib.sha256((tmp_path / checkpoints.WEIGHTS).read_bytes()).hexdigest()
    checkpoints.write_json(
        config | {"sizes": {"users": 24, "items": 40}, "sha256": digest}, tmp_path / checkpoints.CONFIG
    )

    loaded = checkpoints.load(tmp_path)

    vectors, y = vectors_of(loaded), tensors["y"]
    assert vectors.shape == (40, 9 + 8)
    assert_close(vectors[:, :9], tensors["scales"][0] * y - tensors["centre"][:9])
    assert loaded.user_vectors().shape == (24, 17)
