from dataclasses import replace

import pytest
import torch

from ml.benchmark import runs as runs_module
from ml.benchmark.runs import Runs, fingerprint, report_progress, stamp_images
from ml.errors import BadCheckpoint
from ml.models.cae import Cae
from ml.models.factory import create
from ml.training.loop import TrainConfig
from tests.ml.worlds import toy_images


@pytest.fixture
def runs(tmp_path) -> Runs:
    return Runs(TrainConfig(seed=1), tmp_path / "results", tmp_path / "models")


def test_a_fingerprint_depends_on_the_parts_alone():
    assert fingerprint({"a": 1, "b": (2,)}) == fingerprint({"b": [2], "a": 1}) != fingerprint({"a": 1})


def test_a_stamp_changes_with_the_file(tmp_path):
    file = tmp_path / "a.jpg"

    assert stamp_images([file]) == [None]
    file.write_bytes(b"one")
    before = stamp_images([file])
    file.write_bytes(b"longer")
    assert stamp_images([file]) != before


def test_a_key_changes_with_method_config_seed_and_data(runs):
    keys = {
        runs.compute_key(create("pixels"), "data"),
        runs.compute_key(create("hog"), "data"),
        runs.compute_key(create("pixels", dimensions=8), "data"),
        runs.compute_key(create("pixels"), "other data"),
        replace(runs, training=TrainConfig(seed=2)).compute_key(create("pixels"), "data"),
    }

    assert len(keys) == 5
    assert runs.compute_key(create("pixels"), "data") in keys


def test_a_saved_training_is_loaded_and_not_repeated(runs):
    images = toy_images(20, 32)
    trained = runs.train(create("pixels", dimensions=4), "run", lambda: images)

    again = runs.train(create("pixels", dimensions=4), "run", lambda: pytest.fail("trained again"))

    assert again.seconds == trained.seconds and again.epochs == 0
    assert torch.equal(again.model.embed(images.batch([0])), trained.model.embed(images.batch([0])))
    assert runs.find_training(trained.model, "another run") is None


def test_a_result_is_found_for_its_run_alone(runs):
    runs.save_result("hog", "run", {"metrics": {"a": 1.0}})

    assert runs.find_result("hog", "run") == {"metrics": {"a": 1.0}}
    assert runs.find_result("hog", "another run") is None
    assert Runs(TrainConfig()).find_result("hog", "run") is None


def test_a_damaged_result_says_what_to_do(runs):
    runs.save_result("hog", "run", {})
    (runs.results / "hog.json").write_text("{")

    with pytest.raises(BadCheckpoint, match="delete it, and it is measured again"):
        runs.find_result("hog", "run")


def test_progress_is_printed_where_it_is_shown(capsys):
    report_progress("one", True)
    report_progress("two", False)

    assert capsys.readouterr().err == "one\n"


class Killed(Cae):
    """It ends as its third epoch begins."""

    begun = 0

    def batches(self, *arguments):
        self.begun += 1
        if self.begun == 3:
            raise KeyboardInterrupt
        return super().batches(*arguments)


def test_a_training_that_was_killed_goes_on_after_its_last_saved_epoch(tmp_path, monkeypatch):
    monkeypatch.setattr(runs_module, "SAVE_EVERY", 0)
    images, results = toy_images(12, 224), tmp_path / "results"
    runs = Runs(TrainConfig(seed=1, epochs=4), results)
    whole = Runs(TrainConfig(seed=1, epochs=4)).train(create("cae", batch_size=4), "run", lambda: images)
    Runs(TrainConfig(epochs=1), results)._prepare_work("cae", "an older run")
    with pytest.raises(KeyboardInterrupt):
        runs.train(Killed(create("cae", batch_size=4).config), "run", lambda: images)
    assert [folder.name for folder in (results / "cae.training").iterdir()] == ["run"]

    resumed = runs.train(create("cae", batch_size=4), "run", lambda: images)

    assert resumed.losses == whole.losses and resumed.epochs == 4
    assert all(map(torch.equal, whole.model.state_dict().values(), resumed.model.state_dict().values()))
    assert not (results / "cae.training").exists()


def test_a_training_that_was_killed_before_its_losses_were_written_begins_anew(tmp_path, monkeypatch):
    monkeypatch.setattr(runs_module, "SAVE_EVERY", 0)
    images, runs = toy_images(12, 224), Runs(TrainConfig(seed=1, epochs=4), tmp_path / "results")
    with pytest.raises(KeyboardInterrupt):
        runs.train(Killed(create("cae", batch_size=4).config), "run", lambda: images)
    losses = tmp_path / "results" / "cae.training" / "run" / runs_module.LOSSES
    losses.write_text('{"losses": []}')  # the first epoch's are lost, too

    again = runs.train(create("cae", batch_size=4), "run", lambda: images)

    assert again.epochs == len(again.losses) == 4
