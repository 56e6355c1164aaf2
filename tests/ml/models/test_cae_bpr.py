import torch
from torch.testing import assert_close

from ml.models.factory import create
from ml.training.loop import TrainConfig, fit
from tests.ml.worlds import data_for, exhaust, small, trained


def test_the_autoencoders_head_has_the_published_size():
    model = create("cae-bpr")

    assert sum(p.numel() for p in model.head.parameters()) == 7_400
    assert sum(p.numel() for p in model.frozen.encoder.parameters()) == 305_107
    assert model.image_size == (224, 224)


def test_the_autoencoder_learns_first_and_then_no_more():
    model = small("cae-bpr", cae_epochs=2)
    epochs = fit(model, data_for("cae-bpr", 24), TrainConfig(epochs=4))

    optimizers, encoders, heads = [], [], []
    for epoch in epochs:
        optimizers.append(list(epoch.losses))
        encoders.append(model.frozen.encoder[0].weight.detach().clone())
        heads.append(model.head.weight.detach().clone())

    assert optimizers == [["network"], ["network"], ["taste"], ["taste"]]
    assert not torch.equal(encoders[0], encoders[1]) and torch.equal(heads[0], heads[1])
    assert torch.equal(encoders[1], encoders[3]) and not torch.equal(heads[2], heads[3])
    assert model.warnings() == []


def test_an_autoencoders_training_goes_on_where_it_was_interrupted(tmp_path):
    data, config = data_for("cae-bpr", 24), TrainConfig(epochs=3)
    whole, broken, resumed = (small("cae-bpr", cae_epochs=2) for _ in range(3))
    exhaust(fit(whole, data, config))

    next(fit(broken, data, config, folder=tmp_path))
    epochs = exhaust(fit(resumed, data, config, folder=tmp_path))

    assert [list(epoch.losses) for epoch in epochs] == [["network"], ["taste"]]
    for name, tensor in whole.state_dict().items():
        assert torch.equal(resumed.state_dict()[name], tensor), name


def test_a_training_that_ends_with_the_autoencoder_warns():
    model = trained("cae-bpr", epochs=1, cae_epochs=3)

    assert model.warnings() == ["all 1 epochs went into the autoencoder (cae_epochs); no shopper's taste was learned"]


def test_as_published_codes_hardly_differ():
    model, data = small("cae-bpr", reading="published", cae_epochs=0), data_for("cae-bpr")

    epochs = exhaust(fit(model, data, TrainConfig(epochs=1)))

    outputs = model.catalogue_features(data).float()
    assert_close(outputs.sum(dim=1), torch.ones(40), rtol=0, atol=1e-2)  # a softmax
    assert (model.deviation == 1).all()  # and not standardised
    assert epochs[0].losses["taste"] > 0
