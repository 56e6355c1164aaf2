import pytest
import torch
from torch.testing import assert_close

from ml.configs.personal import FrozenConfig
from ml.errors import BadWeights
from ml.models.factory import create
from ml.models.frozen import DescriptorFeatures, FrozenFeatures
from ml.training.loop import fit
from tests.ml.worlds import data_for, exhaust, small, toy_images


@pytest.mark.parametrize(
    ("name", "size", "width"), [("descriptors", 64, 700), ("pixels", 32, 128), ("histogram", 64, 294), ("hog", 64, 128)]
)
def test_each_has_its_size_and_gives_vectors_of_length_1(name, size, width):
    features, images = FrozenFeatures.of(FrozenConfig(features=name)), toy_images(40, size)

    features.on_fit_start(images, torch.Generator().manual_seed(0))
    outputs = features(images.batch(range(40)))

    assert (features.image_size, features.width) == ((size, size), width)
    assert_close(outputs.norm(dim=1), torch.ones(40))
    assert outputs.shape == (40, width)


def test_descriptors_are_what_dvbpr_describes_with():
    features, images = DescriptorFeatures(), toy_images(40)
    encoder = create("dvbpr").encoder

    features.on_fit_start(images, torch.Generator().manual_seed(0))
    encoder.load_state_dict(features.descriptors.state_dict(), strict=False)

    assert torch.equal(encoder.describe(images.batch([3])), features(images.batch([3])))


def test_a_network_is_read_with_its_weights_and_stays_frozen(squeezenet_file):
    model = create("visrank", features="squeezenet1_1", weights=str(squeezenet_file))
    model.train()

    assert not any(module.training for module in model.frozen.modules())
    assert model.image_size == (224, 224)
    model.check()


def test_a_network_without_weights_is_refused_before_anything_is_trained(tmp_path):
    model = create("vbpr", features="squeezenet1_1", weights=str(tmp_path / "none.pth"))

    with pytest.raises(BadWeights, match=r"none\.pth: there is no such file"):
        model.check()


def test_each_images_features_are_computed_once_a_training():
    data = data_for("vbpr")
    model = small("vbpr")
    shown = []
    model.frozen.register_forward_hook(lambda *called: shown.append(len(called[-1])))

    exhaust(fit(model, data))

    assert sum(shown) == 40
    assert model.cached_features is None  # nothing of it stays in memory
