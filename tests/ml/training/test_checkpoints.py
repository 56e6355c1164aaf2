import errno
import json
import pickle

import pytest
import torch

from ml.errors import BadCheckpoint
from ml.training import checkpoints
from tests.ml.worlds import trained, vectors_of


@pytest.fixture
def saved(tmp_path):
    checkpoints.save(trained("bpr-mf"), tmp_path / "model")
    return tmp_path / "model"


def test_a_model_is_two_files(saved):
    document = json.loads((saved / "config.json").read_text())

    assert sorted(file.name for file in saved.iterdir()) == ["config.json", "weights.safetensors"]
    assert document["method"] == "bpr-mf" and document["config"]["factors"] == 8
    assert document["sizes"] == {"users": 24, "items": 40}


def test_saving_again_replaces_the_model(saved):
    other = trained("bpr-mf", epochs=3)

    checkpoints.save(other, saved)

    assert torch.equal(vectors_of(checkpoints.load(saved)), vectors_of(other))


def edited(saved, **changes):
    document = json.loads((saved / "config.json").read_text())
    (saved / "config.json").write_text(json.dumps(document | changes))


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(BadCheckpoint, match="nowhere: config.json"):
        checkpoints.load(tmp_path / "nowhere")


def test_truncated_weights_are_refused(saved):
    weights = saved / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])

    with pytest.raises(BadCheckpoint, match="model: weights.safetensors"):
        checkpoints.load(saved)


def test_a_pickle_in_place_of_the_weights_is_refused(saved):
    (saved / "weights.safetensors").write_bytes(pickle.dumps({"w": 1}))

    with pytest.raises(BadCheckpoint, match=r"weights\.safetensors"):
        checkpoints.load(saved)


def test_weights_of_another_model_are_refused(saved, tmp_path):
    checkpoints.save(trained("bpr-mf", epochs=1), tmp_path / "other")
    (tmp_path / "other" / "weights.safetensors").replace(saved / "weights.safetensors")

    with pytest.raises(BadCheckpoint, match="not the file that config.json was written for"):
        checkpoints.load(saved)


@pytest.mark.parametrize(
    "changes",
    [
        {"method": "unheard-of"},
        {"config": {"factors": 0}},
        {"config": {"wheels": 4}},
        {"config": None},
        {"sizes": {"users": 3, "items": 40}},
        {"sizes": {"shops": 3}},
    ],
)
def test_a_config_that_describes_no_model_or_another_is_refused(saved, changes):
    edited(saved, **changes)

    with pytest.raises(BadCheckpoint, match=str(saved)):
        checkpoints.load(saved)


@pytest.mark.parametrize(
    "write",
    [
        lambda file: checkpoints.write_tensors({"a": torch.ones(3)}, file),
        lambda file: checkpoints.write_json({}, file),
    ],
)
def test_a_full_disk_is_told_as_the_system_does(tmp_path, write):
    (tmp_path / "file.partial").symlink_to("/dev/full")

    with pytest.raises(OSError, match="No space left") as full:
        write(tmp_path / "file")

    assert full.value.errno == errno.ENOSPC
