import numpy as np
import pytest
import torch

from ml.benchmark import altered
from ml.data.alterations import ALTERATIONS
from ml.data.datasets import read_image_set
from ml.models.factory import create
from ml.nn.inference import embed_images
from ml.training.loop import fit
from tests.ml.benchmark.command import compared


@pytest.fixture
def one_of_each(monkeypatch):
    monkeypatch.setattr(altered, "EACH", 1)


def test_each_alteration_has_a_share_of_pictures_that_are_found(photos, one_of_each):
    images, pixels = read_image_set(photos).decode((32, 32))
    model = create("pixels")
    for _ in fit(model, pixels):
        pass
    vectors = embed_images(model, pixels)

    found = altered.measure_altered(model, vectors, images.sources, seed=0, progress=False)

    assert found["photos"] == len(ALTERATIONS)
    assert list(found["shares"]) == [*ALTERATIONS, "all"]
    every = [found["shares"][name]["first"] for name in ALTERATIONS]
    assert set(every) <= {0, 1} and found["shares"]["all"]["first"] == pytest.approx(np.mean(every))
    assert all(each["first"] <= each["five"] for each in found["shares"].values())
    low, high = found["intervals"]["five"]
    assert low <= found["shares"]["all"]["five"] <= high
    assert found["shares"]["lamp light"]["five"] == 1
    nonsense = altered.measure_altered(model, torch.ones_like(vectors), images.sources, seed=0, progress=False)
    assert nonsense["shares"]["all"]["first"] == 1  # all equally near: none is nearer than the image itself


def test_the_comparison_measures_it_where_it_is_asked_for(photos, one_of_each, tmp_path, capsys):
    given = ("retrieval", "--train", photos, "--test", photos, "--methods", "pixels,hog")

    document = compared(tmp_path / "out.json", *given, "--altered")

    assert [each["altered"]["photos"] for each in document["results"]] == [len(ALTERATIONS)] * 2
    table = capsys.readouterr().out.split("\n\n")[-1].splitlines()
    assert table[0].endswith("hog in five") and "pixels first" in table[0]
    assert len(table) == len(ALTERATIONS) + 2
    assert "altered" not in compared(tmp_path / "out.json", *given)["results"][0]
