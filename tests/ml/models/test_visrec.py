import json

import torch

from ml.data.decoding import CutOut
from ml.models import visrec
from ml.models.factory import create
from ml.nn.descriptors import describe_shape
from ml.training import checkpoints
from ml.training.loop import TrainConfig, fit
from tests.ml.worlds import exhaust, small, toy_images, trained


def test_the_more_colour_counts_the_less_alike_are_images_of_two_colours():
    red = toy_images(40).batch(range(0, 40, 2))
    blue = red.flip(1)  # the same discs
    by_form, by_colour = (trained("visrec", epochs=1, colour=weight) for weight in (0.1, 5.0))

    with torch.inference_mode():
        loose, tight = ((model.embed(red) * model.embed(blue)).sum(dim=1) for model in (by_form, by_colour))

    assert tight.mean() < loose.mean() - 0.1


def test_visrec_adds_a_backbones_features_where_a_shop_has_its_weights(squeezenet_file, tmp_path):
    model = create("visrec", backbone="squeezenet1_1", weights=str(squeezenet_file), batch_size=16)
    images = toy_images(20, 128)
    exhaust(fit(model, images, TrainConfig(epochs=1)))

    checkpoints.save(model, tmp_path)
    loaded = checkpoints.load(tmp_path)

    assert loaded.image_size == CutOut((128, 128))
    with torch.inference_mode():
        assert torch.equal(loaded.embed(images.batch([3])), model.embed(images.batch([3])))


def test_the_images_are_described_once_when_the_network_is_trained(monkeypatch):
    described = []
    monkeypatch.setattr(
        visrec, "describe_shape", lambda images: described.append(len(images)) or describe_shape(images)
    )

    exhaust(fit(small("visrec"), toy_images(40), TrainConfig(epochs=1)))

    assert sum(described) == 40


def test_a_model_of_an_earlier_version_reads_pictures_with_their_ground(tmp_path):
    assert small("visrec").image_size == CutOut((64, 64))
    checkpoints.save(trained("visrec", epochs=1), tmp_path)
    document = json.loads((tmp_path / checkpoints.CONFIG).read_text())
    del document["config"]["ground"]
    (tmp_path / checkpoints.CONFIG).write_text(json.dumps(document))

    loaded = checkpoints.load(tmp_path)

    assert loaded.config.ground == "kept" and loaded.image_size == (64, 64)
