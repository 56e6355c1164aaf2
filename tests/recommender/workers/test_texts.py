import numpy as np
import pytest
import torch

from ml.training import checkpoints
from recommender.errors import NoActiveVersion, NoTextTower
from recommender.models import ImageEmbedding
from recommender.versions import lifecycle
from recommender.workers import texts, training
from tests.ml import encoders

pytestmark = pytest.mark.django_db


def test_a_text_is_embedded_by_the_active_version(shop, tmp_path):
    weights = encoders.save_weights(encoders.build_clip(), tmp_path / "w.pt")
    version = lifecycle.register("open_clip:tiny", method_settings={"weights": weights}, activate=True, here=True)
    training.run(version)
    (tmp_path / "w.pt").unlink()

    found = texts.embed_text("a red bag")

    with torch.inference_mode():
        expected = checkpoints.load(version.folder).embed_texts(["a red bag"])[0]
    stored = ImageEmbedding.objects.filter(version=version).first()
    assert found["version"] == version.pk
    assert np.allclose(found["vector"], expected, atol=1e-6)
    assert len(stored.vector) == len(found["vector"]) == 32


def test_a_version_that_embeds_images_alone_embeds_no_text(shop):
    training.run(lifecycle.register("histogram", activate=True, here=True))

    with pytest.raises(NoTextTower, match="histogram .* embeds no texts"):
        texts.embed_text("a red bag")


def test_a_text_needs_an_active_version():
    with pytest.raises(NoActiveVersion):
        texts.embed_text("a red bag")
