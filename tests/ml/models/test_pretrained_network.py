import pytest
import torch
from torch.testing import assert_close

from ml.errors import BadSetting
from ml.models.factory import create
from ml.training import checkpoints
from tests.ml.worlds import toy_images, trained, vectors_of


def test_by_euclidean_distance_features_are_compared_as_they_are(tmp_path):
    cosine = trained("squeezenet1_1", dimensions=0)
    euclidean = trained("squeezenet1_1", dimensions=0, distance="euclidean")
    images = toy_images(40).batch(range(40))

    with torch.inference_mode():
        features = euclidean.extract(images)
        vectors = euclidean.embed(images)

    assert (cosine.metric, euclidean.metric) == ("cosine", "euclidean")
    assert_close(vectors, features / euclidean.scale)
    assert_close(torch.nn.functional.normalize(vectors), vectors_of(cosine), rtol=1e-3, atol=1e-4)
    distances = torch.pdist(vectors)
    assert 0.3 < distances.median() < 3  # two random images are about 1 apart
    checkpoints.save(euclidean, tmp_path)
    assert torch.equal(vectors_of(checkpoints.load(tmp_path)), vectors_of(euclidean))


def test_by_euclidean_distance_components_are_not_of_length_1():
    vectors = vectors_of(trained("squeezenet1_1", dimensions=8, distance="euclidean"))

    assert vectors.shape == (40, 8)
    assert vectors.norm(dim=1).std() > 0.01


def test_more_components_than_features_are_refused():
    with pytest.raises(BadSetting, match="dimensions is 257; timm:test_efficientnet has 256 features"):
        create("timm:test_efficientnet", weights="w.pt", dimensions=257)
