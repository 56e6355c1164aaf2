import numpy as np
import pytest
import torch
from torch.testing import assert_close

from ml.configs.personal import FrozenConfig
from ml.data.images import ImageArray
from ml.data.interactions import PersonalData
from ml.errors import BadData, BadWeights
from ml.models.factory import create
from ml.models.frozen import DescriptorFeatures, FrozenFeatures
from ml.nn.inference import embed_items
from ml.nn.texts import WIDTH
from ml.training import checkpoints
from ml.training.loop import TrainConfig, fit
from tests.ml.worlds import data_for, exhaust, small, toy_images, toy_interactions


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


TEXTS = [f"{'sea' if item // 2 % 2 else 'hill'} number{item}" for item in range(40)]
READERS = ["vbpr", "deepstyle", "visrank", "sasrec", "hybrid"]


def with_texts(method: str, texts: list[str] | None) -> PersonalData:
    data = data_for(method)
    return PersonalData(data.images, data.train, data.categories, texts=texts)


@pytest.mark.parametrize("method", READERS)
def test_texts_are_joined_to_images_and_survive_a_reload(method, tmp_path):
    model, data = small(method, text="yes"), with_texts(method, TEXTS)
    exhaust(fit(model, data, TrainConfig(epochs=20 if method == "hybrid" else 1)))  # which must find it worth something
    checkpoints.save(model, tmp_path)

    vectors = embed_items(model, data.images, 40, texts=TEXTS)

    assert model.reads_texts and not small(method).reads_texts
    assert_close(embed_items(checkpoints.load(tmp_path), data.images, 40, texts=TEXTS), vectors)
    images = data.images.batch([30, 30, 30])
    with torch.inference_mode():
        new = model.embed(images, torch.full((3,), -1), ["hill", "sea", "hill"])
        alone, unknown = (model.embed(images[:1], torch.tensor([-1]), texts) for texts in (["hill"], None))
    assert_close(new[0], new[2])
    assert_close(alone[0], new[0])
    assert (new[0] - new[1]).abs().max() > 1e-5 and (unknown[0] - new[0]).abs().max() > 1e-5


def test_features_of_both_have_length_1():
    model = small("visrank", text="yes")
    data = with_texts("visrank", TEXTS)
    exhaust(fit(model, data))

    features = model.extract(data.images.batch(range(40)), TEXTS)

    assert features.shape == (40, model.frozen.width + WIDTH)
    assert_close(features.norm(dim=1), torch.ones(40))


@pytest.mark.parametrize("method", READERS)
def test_without_titles_there_is_nothing_to_read(method):
    with pytest.raises(BadData, match=f"{method} with text=yes reads titles, and the data have none"):
        exhaust(fit(small(method, text="yes"), with_texts(method, None), TrainConfig(epochs=1)))


def test_taste_that_words_alone_show_is_found_in_new_items():
    """Users of two kinds: the words of what they take tell, and the images, all alike, do not."""
    taken = toy_interactions()
    kinds = np.arange(40) % 2
    texts = [f"{'disc' if kind == 0 else 'stripes'} of sort {item % 3}" for item, kind in enumerate(kinds)]
    alike = ImageArray(np.repeat(toy_images(1).batch([0]).mul(255).byte().permute(0, 2, 3, 1).numpy(), 40, axis=0))
    model = small("vbpr", text="yes")
    exhaust(fit(model, PersonalData(alike, taken, texts=texts), TrainConfig(epochs=40)))

    scores = model.user_vectors() @ embed_items(model, alike, 40, texts=texts)[20:].T  # which nobody took

    own = torch.arange(24)[:, None] % 2 == torch.from_numpy(kinds[20:])
    assert scores[own].mean() > scores[~own].mean()
