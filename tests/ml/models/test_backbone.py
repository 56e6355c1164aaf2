import pytest
import torch
import torch.nn.functional as F
import torchvision
from torch.testing import assert_close
from torchvision.transforms.functional import normalize

from ml.errors import BadWeights
from ml.models.factory import create
from ml.training import checkpoints
from ml.training.loop import fit
from tests.ml.worlds import exhaust, toy_images, trained, vectors_of

IMAGENET = {"mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}


def with_weights_of(network, folder, name, **settings):
    """The method with this network's weights, ready to embed."""
    torch.save(network.state_dict(), folder / "weights.pth")
    model = create(name, weights=str(folder / "weights.pth"), **settings)
    exhaust(fit(model, toy_images(12, model.image_size[0])))
    return model


@pytest.mark.parametrize(
    ("name", "features", "side"),
    [
        *(("vgg16", 4096, 224), ("vgg19_bn", 4096, 224), ("alexnet", 4096, 224)),
        *(("resnet50", 2048, 224), ("resnet152", 2048, 224), ("inception_v3", 2048, 299), ("googlenet", 1024, 224)),
        *(("mobilenet_v2", 1280, 224), ("mobilenet_v3_small", 1024, 224), ("mnasnet0_5", 1280, 224)),
        *(("densenet121", 1024, 224), ("densenet169", 1664, 224), ("densenet201", 1920, 224)),
        *(("squeezenet1_1", 512, 224), ("efficientnet_b0", 1280, 224), ("regnet_y_400mf", 440, 224)),
        *(("shufflenet_v2_x0_5", 1024, 224), ("convnext_tiny", 768, 224), ("swin_t", 768, 224)),
        *(("maxvit_t", 512, 224), ("vit_b_32", 768, 224)),
    ],
)
def test_the_last_features_before_the_classifier_are_extracted(name, features, side):
    model = create(name).to("meta").eval()

    extracted = model.extract(torch.empty(1, 3, side, side, device="meta"))

    assert (model.method, model.image_size, model.dimensions) == (name, (side, side), 128)
    assert extracted.shape == (1, features) and model.pca.basis.shape == (features, 128)


@pytest.mark.parametrize(
    ("name", "side", "extras"), [("resnet18", 32, {}), ("inception_v3", 75, {"init_weights": False})]
)
def test_the_classifier_makes_the_whole_networks_logits_of_the_features(name, side, extras, tmp_path):
    whole = torchvision.models.get_model(name, weights=None, **extras).eval()
    whole.transform_input = True  # as torchvision sets it for Inception's weights; ResNet ignores it
    model = with_weights_of(whole, tmp_path, name, image_size=side)
    images = toy_images(3, side).batch(range(3))

    with torch.inference_mode():
        logits = whole.fc(model.extract(images))

        assert_close(logits, whole(normalize(images, **IMAGENET)), rtol=1e-3, atol=1e-4)


def test_caffes_weights_are_given_what_they_were_trained_on(squeezenet, tmp_path):
    model = with_weights_of(squeezenet, tmp_path, "squeezenet1_1", preprocessing="caffe", image_size=64, dimensions=0)
    images = toy_images(3).batch(range(3))
    bgr = images.flip(1) * 255 - torch.tensor([103.939, 116.779, 123.68]).view(3, 1, 1)

    with torch.inference_mode():
        expected = F.normalize(squeezenet.features(bgr).mean(dim=(2, 3)), dim=1)

        assert model.dimensions == 512
        assert_close(model.embed(images), expected, rtol=1e-3, atol=1e-5)


def test_networks_without_a_plain_way_of_loading_are_saved_and_loaded(tmp_path):
    whole = torchvision.models.mnasnet0_5(weights=None)
    model = with_weights_of(whole, tmp_path, "mnasnet0_5", image_size=32)

    images = toy_images(4, 32).batch(range(4))

    checkpoints.save(model, tmp_path / "version")
    loaded = checkpoints.load(tmp_path / "version")

    with torch.inference_mode():
        assert torch.equal(loaded.embed(images), model.embed(images))


def test_a_trained_version_needs_no_file_and_no_hub(squeezenet, tmp_path):
    model = with_weights_of(squeezenet, tmp_path, "squeezenet1_1", image_size=64)
    checkpoints.save(model, tmp_path / "version")

    (tmp_path / "weights.pth").unlink()
    loaded = checkpoints.load(tmp_path / "version")

    assert torch.equal(vectors_of(loaded), vectors_of(model))
    assert not any(key.startswith("network.classifier") for key in loaded.state_dict())


def test_without_weights_it_refuses(tmp_path):
    model = create("squeezenet1_1", weights=str(tmp_path / "none.safetensors"), image_size="64")

    with pytest.raises(BadWeights, match=r"none\.safetensors: there is no such file"):
        exhaust(fit(model, toy_images(12)))


def test_another_networks_weights_are_refused_with_both_names(squeezenet, tmp_path):
    with pytest.raises(BadWeights, match=r"weights\.pth for resnet18 does not fit: it lacks: conv1\.weight, .*excess"):
        with_weights_of(squeezenet, tmp_path, "resnet18", image_size=32)


def test_components_are_learned_on_the_catalogue():
    vectors = vectors_of(trained("squeezenet1_1", dimensions=16))

    # Whitened by half: no direction is much stronger than another, as the bare features' first one is.
    assert vectors.shape == (40, 16)
    assert vectors.mean(dim=0).norm() < 0.3
