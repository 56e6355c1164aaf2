import json

import pytest

from ml.errors import BadCheckpoint
from ml.training.loop import TrainConfig, fit
from ml.training.resume import last_epoch
from tests.ml.worlds import data_for, exhaust, small


def test_the_state_is_saved_before_an_epoch_is_yielded(tmp_path):
    folder = tmp_path / "training"
    for epoch in fit(small("bpr-mf"), data_for("bpr-mf"), TrainConfig(epochs=3), folder=folder):
        assert [place.name for place in folder.iterdir()] == [f"epoch-{epoch.number:05d}"]


def test_epochs_that_end_soon_after_the_last_save_are_not_saved(tmp_path):
    config, folder = TrainConfig(epochs=3), tmp_path / "training"

    exhaust(fit(small("bpr-mf"), data_for("bpr-mf"), config, folder=folder, save_every=3600))

    assert last_epoch(folder) == 0


def test_a_folder_left_half_written_by_a_kill_is_ignored(tmp_path):
    folder = tmp_path / "training"
    data, config = data_for("bpr-mf"), TrainConfig(epochs=2)
    next(fit(small("bpr-mf"), data, config, folder=folder))
    (folder / "epoch-00002.partial").mkdir()
    (folder / "epoch-00002.partial" / "weights.safetensors").write_bytes(b"half")

    epochs = exhaust(fit(small("bpr-mf"), data, config, folder=folder))

    assert [epoch.number for epoch in epochs] == [2]
    assert [place.name for place in folder.iterdir()] == ["epoch-00002"]


@pytest.mark.parametrize(
    ("given", "seed", "message"),
    [({"decay": 0.5}, 0, "with config .*not .*decay=0.5"), ({}, 1, "with seed 0, not 1")],
)
def test_another_training_is_not_resumed(tmp_path, given, seed, message):
    next(fit(small("bpr-mf"), data_for("bpr-mf"), TrainConfig(epochs=2), folder=tmp_path))

    with pytest.raises(BadCheckpoint, match=message):
        next(fit(small("bpr-mf", **given), data_for("bpr-mf"), TrainConfig(epochs=2, seed=seed), folder=tmp_path))


def test_a_state_that_is_damaged_is_named(tmp_path):
    next(fit(small("bpr-mf"), data_for("bpr-mf"), TrainConfig(epochs=2), folder=tmp_path))
    (tmp_path / "epoch-00001" / "training.json").write_text(json.dumps({"seed": 0}))

    with pytest.raises(BadCheckpoint, match="epoch-00001: training.json"):
        next(fit(small("bpr-mf"), data_for("bpr-mf"), TrainConfig(epochs=2), folder=tmp_path))
