import pytest
import torch
import torchvision
from torch.testing import assert_close

from ml.errors import BadWeights
from ml.models.factory import create
from ml.training import checkpoints
from tests.ml.worlds import small, toy_images, trained


def test_inceptions_head_has_the_published_size():
    model = create("inception-bpr")

    assert sum(p.numel() for p in model.head.parameters()) == 2_560_050
    assert sum(p.numel() for p in model.frozen.parameters()) == 21_802_784 - _statistics(model)
    assert model.image_size == (224, 224)


def _statistics(model):
    # Keras counts the batch norms' running means and variances among the frozen parameters; and has no gamma.
    norms = [m for m in model.frozen.modules() if isinstance(m, torch.nn.BatchNorm2d)]
    return sum(m.running_mean.numel() + m.running_var.numel() for m in norms) - sum(m.weight.numel() for m in norms)


@pytest.mark.parametrize(("reading", "width"), [("flattened", 2048 * 3 * 3), ("pooled", 2048)])
def test_pooled_is_the_mean_of_flattened(reading, width, tmp_path):
    torch.manual_seed(0)
    network = torchvision.models.inception_v3(weights=None, init_weights=False)
    torch.save(network.state_dict(), tmp_path / "weights.pth")
    model = create("inception-bpr", reading=reading, weights=str(tmp_path / "weights.pth"), image_size=150)
    images = toy_images(2, 150)
    model.frozen.on_fit_start(images, torch.Generator())

    with torch.inference_mode():
        features = model.extract(images.batch([0, 1]))
        model.frozen.backbone.network.avgpool = torch.nn.AdaptiveAvgPool2d(1)
        pooled = model.extract(images.batch([0, 1]))

    assert features.shape == (2, width)
    assert_close(features.view(2, 2048, -1).mean(dim=2), pooled, rtol=1e-3, atol=1e-4)


def test_without_weights_it_refuses_before_anything_is_trained(tmp_path):
    model = small("inception-bpr", weights=str(tmp_path / "none.safetensors"))

    with pytest.raises(BadWeights, match=r"none\.safetensors: there is no such file"):
        model.check()


def test_a_stored_version_needs_no_weights(tmp_path):
    model = trained("inception-bpr", epochs=1)
    checkpoints.save(model, tmp_path)
    config = (tmp_path / checkpoints.CONFIG).read_text()
    (tmp_path / checkpoints.CONFIG).write_text(config.replace(model.config.weights, "/nowhere.pth"))

    loaded = checkpoints.load(tmp_path)

    assert torch.equal(loaded.user_vectors(), model.user_vectors())
