import os
import signal
from dataclasses import replace
from pathlib import Path

import pytest

from ml.errors import BadData, ProcessLost
from ml.training import cards
from ml.training.checkpoints import load
from ml.training.loop import Epoch, TrainConfig, fit
from ml.training.resume import last_epoch
from tests.ml.worlds import data_for, exhaust, small

CONFIG = TrainConfig(epochs=2)


class Cancelled(Exception):
    pass


def children() -> list[int]:
    return [int(pid) for file in Path("/proc/self/task").glob("*/children") for pid in file.read_text().split()]


def test_without_several_cards_and_for_methods_that_cannot_share_there_is_one_process(monkeypatch):
    assert cards.count_cards(small("bpr-mf")) == 1
    monkeypatch.setattr("torch.cuda.device_count", lambda: 4)
    assert cards.count_cards(small("bpr-mf")) == 1
    assert cards.count_cards(small("vbpr")) == 4


def test_a_training_alone_is_saved_with_a_line_for_each_epoch(tmp_path):
    model = small("vbpr")

    epochs = cards.train_in(tmp_path, model, data_for("vbpr"), CONFIG, progress=False)

    assert list(cards._Reports(tmp_path / cards.EPOCHS).read()) == epochs and epochs[-1].number == 2
    assert load(tmp_path).E.equal(model.E)


def test_a_line_that_is_not_complete_is_read_later(tmp_path):
    file = tmp_path / "epochs.jsonl"
    line = '{"number": 1, "of": 2, "losses": {"all": 0.5}, "seconds": 1.0, "samples_per_second": 9.0}\n'
    file.write_text(line + line[:20])
    reports = cards._Reports(file)

    assert list(reports.read()) == [Epoch(1, 2, {"all": 0.5}, 1.0, 9.0)]
    file.write_text(line + line.replace("1", "2", 1))
    assert [epoch.number for epoch in reports.read()] == [2]


@pytest.mark.slow
def test_two_processes_train_the_model_of_the_caller(tmp_path, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    shared, alone, data, before = small("vbpr"), small("vbpr"), data_for("vbpr"), children()

    epochs = exhaust(cards.fit_on_cards(shared, data, CONFIG, folder=tmp_path, processes=2))
    single = exhaust(fit(alone, data, CONFIG))

    assert [epoch.number for epoch in epochs] == [1, 2] and last_epoch(tmp_path) == 2
    assert [epoch.losses["all"] for epoch in epochs] == pytest.approx(
        [epoch.losses["all"] for epoch in single], rel=0.001
    )
    assert shared.user_vectors().shape == alone.user_vectors().shape and not shared.training
    assert children() == before


@pytest.mark.slow
def test_what_the_processes_raise_is_raised(tmp_path):
    model = small("deepstyle")
    data = replace(data_for("deepstyle"), categories=None)
    with pytest.raises(BadData, match="deepstyle"):
        exhaust(cards.fit_on_cards(model, data, CONFIG, folder=tmp_path, processes=1))


def test_a_process_that_is_killed_ends_the_other(tmp_path, monkeypatch):
    monkeypatch.setattr(cards, "LIMIT", 0.1)
    before = set(children())

    def kill_first():
        os.kill(min(set(children()) - before), signal.SIGKILL)

    with pytest.raises(ProcessLost, match=r"^process \d of 2 ended with -9, so all have"):
        exhaust(
            cards.fit_on_cards(small("vbpr"), data_for("vbpr"), CONFIG, folder=tmp_path, processes=2, check=kill_first)
        )

    assert set(children()) == before


def test_what_the_check_raises_ends_all(tmp_path):
    before = children()

    def cancel():
        raise Cancelled

    with pytest.raises(Cancelled):
        exhaust(cards.fit_on_cards(small("vbpr"), data_for("vbpr"), CONFIG, folder=tmp_path, processes=2, check=cancel))

    assert children() == before
