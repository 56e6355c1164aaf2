import pytest
import timm
import torch
from torch.testing import assert_close
from torchvision.transforms.functional import normalize

from ml.errors import BadSetting, BadWeights, UnknownMethod
from ml.models.factory import create
from ml.training import checkpoints
from ml.training.loop import fit
from tests.ml.encoders import build_timm, save_weights
from tests.ml.worlds import exhaust, toy_images, vectors_of


def ready(method, weights, **settings):
    model = create(method, weights=weights, **settings)
    exhaust(fit(model, toy_images(12, model.image_size[0])))
    return model


@pytest.mark.parametrize("name", ["test_vit", "test_efficientnet", "test_resnet", "mobilenetv1_100"])
def test_the_features_are_those_that_timms_classifier_reads(name, tmp_path):
    network = build_timm(name)
    model = ready(f"timm:{name}", save_weights(network, tmp_path / "w.pth"), dimensions=0)
    images = toy_images(2, model.image_size[0]).batch(range(2))
    data = timm.data.resolve_model_data_config(network)

    with torch.inference_mode():
        inside = network.forward_features(normalize(images, data["mean"], data["std"]))
        expected = network.forward_head(inside, pre_logits=True)

        assert model.image_size == data["input_size"][1:]
        assert_close(model.extract(images), expected, rtol=1e-3, atol=1e-4)


def test_a_tag_decides_on_normalisation_and_size():
    plain, tagged = (create(f"timm:vit_tiny_patch16_224{tag}", weights="w.pt") for tag in ("", ".augreg_in21k"))
    other = create("timm:vit_base_patch32_clip_224.openai", weights="w.pt")

    assert plain.mean.flatten().tolist() == tagged.mean.flatten().tolist() == [0.5, 0.5, 0.5]
    assert other.mean.flatten().tolist() == pytest.approx([0.4815, 0.4578, 0.4082], abs=1e-4)


def test_the_two_networks_of_table_2_that_torchvision_lacks_have_their_widths():
    widths = {name: create(f"timm:{name}", weights="w.pt", dimensions=0) for name in ("mobilenetv1_100",)}

    assert {name: model.dimensions for name, model in widths.items()} == {"mobilenetv1_100": 1024}


def test_positions_are_resized_with_the_images(tmp_path):
    weights = save_weights(build_timm("test_vit"), tmp_path / "w.pt")

    model = ready("timm:test_vit", weights, image_size=64, dimensions=0)

    assert model.image_size == (64, 64)
    assert vectors_of(model).isfinite().all()


def test_a_file_without_a_classifier_fits_too(tmp_path):
    network = build_timm("test_resnet")
    network.reset_classifier(0)

    assert ready("timm:test_resnet", save_weights(network, tmp_path / "w.pt"), dimensions=8).dimensions == 8


def test_a_trained_version_needs_no_file(tmp_path):
    model = ready(
        "timm:test_efficientnet", save_weights(build_timm("test_efficientnet"), tmp_path / "w.pt"), dimensions=8
    )
    checkpoints.save(model, tmp_path / "version")

    (tmp_path / "w.pt").unlink()
    loaded = checkpoints.load(tmp_path / "version")

    assert loaded.method == "timm:test_efficientnet"
    assert torch.equal(vectors_of(loaded), vectors_of(model))
    assert not any("classifier" in key for key in loaded.state_dict())


@pytest.mark.parametrize("name", ["test_vit", "test_resnet"])  # with a converter of keys, and without one
def test_another_networks_weights_are_refused_with_both_names(name, tmp_path):
    weights = save_weights(build_timm("test_efficientnet"), tmp_path / "w.pt")

    with pytest.raises(BadWeights, match=rf"w\.pt for timm:{name} does not fit"):
        create(f"timm:{name}", weights=weights, dimensions=0).check()


def test_a_network_or_a_tag_that_timm_lacks_is_answered_with_those_it_has():
    with pytest.raises(UnknownMethod, match="timm has no network called 'resnet17'; it has .*resnet.* and others"):
        create("timm:resnet17", weights="w.pt")
    with pytest.raises(UnknownMethod, match="no weights called 'resnet18.best'; there are: .*a1_in1k"):
        create("timm:resnet18.best", weights="w.pt")


def test_a_size_that_the_network_does_not_take_is_refused():
    with pytest.raises(BadSetting, match="image_size is 63; timm:test_vit does not take it"):
        create("timm:test_vit", weights="w.pt", image_size=63)
