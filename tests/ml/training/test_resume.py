import json

import pytest
import torch

from ml.errors import BadCheckpoint
from ml.training.loop import TrainConfig, fit
from ml.training.resume import State, last_epoch, restore_model
from tests.ml.worlds import data_for, exhaust, small


def test_the_state_of_an_epoch_is_written_before_the_next_is_yielded_and_when_the_training_is_left(tmp_path):
    epochs = fit(small("bpr-mf"), data_for("bpr-mf"), TrainConfig(epochs=4), folder=tmp_path)
    for epoch in epochs:
        assert last_epoch(tmp_path) in (epoch.number - 1, epoch.number)
        if epoch.number == 3:
            break
    epochs.close()

    assert [place.name for place in tmp_path.iterdir()] == ["epoch-00003"]


def test_a_state_is_that_of_its_epoch_however_late_it_is_written(tmp_path):
    model = small("bpr-mf")
    model.on_fit_start(data_for("bpr-mf"), torch.Generator().manual_seed(0))
    optimizers, before = model.optimizers(), model.v.detach().clone()
    model.v.sum().backward()
    optimizers["all"].step()
    after = model.v.detach().clone()

    state = State.copy(model, optimizers, seed=0, epoch=1, elapsed=2.0)
    optimizers["all"].step()
    state.write(tmp_path)

    resumed = small("bpr-mf")
    assert restore_model(resumed, 0, tmp_path, 1) == 2.0
    assert torch.equal(resumed.v, after) and not torch.equal(after, before) and not torch.equal(model.v, after)


def test_an_error_of_the_writing_ends_the_training_at_the_next_state(tmp_path):
    (tmp_path / "epoch-00001.partial").write_text("a file where a folder has to be")
    epochs = fit(small("bpr-mf"), data_for("bpr-mf"), TrainConfig(epochs=3), folder=tmp_path)

    assert next(epochs).number == 1
    with pytest.raises(NotADirectoryError):
        next(epochs)


def test_an_error_of_the_last_writing_is_raised_at_the_end(tmp_path):
    (tmp_path / "epoch-00001.partial").write_text("a file where a folder has to be")

    with pytest.raises(NotADirectoryError):
        exhaust(fit(small("bpr-mf"), data_for("bpr-mf"), TrainConfig(epochs=1), folder=tmp_path))


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
