import pytest
import torch

from ml.configs.personal import BprMfConfig
from ml.configs.similar import VisrecConfig
from ml.errors import OutOfMemory, TrainingDiverged
from ml.models.bpr_mf import BprMf
from ml.models.visrec import Visrec
from ml.training import resume
from ml.training.loop import READ_EVERY, TrainConfig, fit
from tests.ml.worlds import data_for, exhaust, small


def test_each_epoch_is_reported():
    epochs = exhaust(fit(small("bpr-mf"), data_for("bpr-mf"), TrainConfig(epochs=3)))

    assert [(epoch.number, epoch.of) for epoch in epochs] == [(1, 3), (2, 3), (3, 3)]
    assert all(set(epoch.losses) == {"all"} and epoch.samples_per_second > 0 for epoch in epochs)
    assert epochs[-1].losses["all"] < epochs[0].losses["all"]


def test_the_seed_decides_the_weights():
    one, same, other = small("dvbpr"), small("dvbpr"), small("dvbpr")
    for model, seed in ((one, 1), (same, 1), (other, 2)):
        torch.rand(seed)  # whatever random numbers the caller has drawn
        exhaust(fit(model, data_for("dvbpr"), TrainConfig(epochs=1, seed=seed)))

    assert torch.equal(one.encoder.last.weight, same.encoder.last.weight)
    assert not torch.equal(one.encoder.last.weight, other.encoder.last.weight)


def test_the_callers_own_random_state_is_restored():
    torch.manual_seed(5)
    before = torch.rand(3)
    torch.manual_seed(5)

    exhaust(fit(small("bpr-mf"), data_for("bpr-mf"), TrainConfig(epochs=1)))

    assert torch.equal(torch.rand(3), before)


class Parted(BprMf):
    def objectives(self, batch):
        for optimizer_name, loss in super().objectives(batch):
            yield optimizer_name, loss, {"third": loss / 3, "rest": loss * 2 / 3}


def test_the_parts_of_a_loss_are_reported_beside_it_and_change_no_step():
    whole, parted = small("bpr-mf"), Parted(small("bpr-mf").config)
    data, config = data_for("bpr-mf"), TrainConfig(epochs=2)

    [_, one], [_, other] = exhaust(fit(whole, data, config)), exhaust(fit(parted, data, config))

    assert set(other.losses) == {"all", "all/third", "all/rest"}
    assert other.losses["all"] == one.losses["all"] == pytest.approx(3 * other.losses["all/third"])


class Restless(BprMf):
    def objectives(self, batch):
        for value in (2.0, 4.0):  # two steps a batch
            for optimizer_name, loss in super().objectives(batch):
                yield optimizer_name, 0 * loss + value


def test_the_loss_of_an_optimizer_that_steps_twice_is_the_mean_of_both():
    (epoch,) = exhaust(fit(Restless(small("bpr-mf").config), data_for("bpr-mf"), TrainConfig(epochs=1)))

    assert epoch.losses == {"all": pytest.approx(3.0)}


class Diverging(BprMf):
    def objectives(self, batch):
        for optimizer_name, loss in super().objectives(batch):
            yield optimizer_name, loss / 0


def test_a_loss_that_is_no_number_stops_the_training():
    model = Diverging(BprMfConfig())

    with pytest.raises(TrainingDiverged, match="bpr-mf, all: loss inf at epoch 1, batch 1"):
        exhaust(fit(model, data_for("bpr-mf"), TrainConfig(epochs=1)))


class DivergingLater(BprMf):
    made = 0

    def objectives(self, batch):
        self.made += 1
        for optimizer_name, loss in super().objectives(batch):
            yield optimizer_name, loss / (self.made != 5)


def test_a_loss_that_is_no_number_is_noticed_within_the_epoch_and_before_anything_is_saved(tmp_path):
    model = DivergingLater(BprMfConfig(batch_size=1))  # 96 batches an epoch

    with pytest.raises(TrainingDiverged, match="bpr-mf, all: loss inf at epoch 1, batch 5"):
        exhaust(fit(model, data_for("bpr-mf"), TrainConfig(epochs=1), folder=tmp_path))

    assert model.made == READ_EVERY
    assert list(tmp_path.iterdir()) == []


class TooLarge(BprMf):
    def objectives(self, batch):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB.")


def test_a_batch_that_does_not_fit_names_the_setting():
    with pytest.raises(OutOfMemory, match=r"^bpr-mf: .* the GPU's memory; lower batch_size \(now 512\)$"):
        exhaust(fit(TooLarge(BprMfConfig(batch_size=512)), data_for("bpr-mf"), TrainConfig(epochs=1)))


def test_seconds_end_the_training_in_the_midst_of_it():
    epochs = exhaust(fit(small("bpr-mf"), data_for("bpr-mf"), TrainConfig(seconds=0.5)))

    assert len(epochs) > 1
    assert sum(epoch.seconds for epoch in epochs) < 30  # on the busiest machine; without an end it would be for ever


def test_whichever_comes_first_of_epochs_and_seconds_ends_it():
    assert len(exhaust(fit(small("bpr-mf"), data_for("bpr-mf"), TrainConfig(epochs=2, seconds=60)))) == 2


class Watched(Visrec):
    def objectives(self, batch):
        yield from super().objectives(batch)
        self.rates.append(self.optimizer.param_groups[0]["lr"])

    def optimizers(self):
        self.rates, optimizers = [], super().optimizers()
        self.optimizer = optimizers["network"]
        return optimizers


def test_the_learning_rate_follows_the_models_lr_factor():
    model = Watched(VisrecConfig(batch_size=16))

    exhaust(fit(model, data_for("visrec"), TrainConfig(epochs=10)))

    batches = len(model.rates)
    assert model.rates == pytest.approx(
        [model.config.learning_rate * model.lr_factor(n / batches) for n in range(batches)]
    )
    assert model.rates[-1] < 0.05 * max(model.rates)


def test_what_the_check_raises_ends_the_training_in_the_midst_of_an_epoch(tmp_path):
    model, data, checks = small("bpr-mf", batch_size=16), data_for("bpr-mf"), []

    def check():
        checks.append("batch or state")
        if len(checks) == 6 + 1 + 2:  # before the second batch of the second epoch
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        exhaust(fit(model, data, TrainConfig(epochs=3), folder=tmp_path, check=check))

    assert resume.last_epoch(tmp_path) == 1


@pytest.mark.parametrize("given", [{"epochs": -1}, {"seconds": 0}])
def test_a_training_without_epochs_or_seconds_is_refused(given):
    with pytest.raises(ValueError, match="epochs is -1;|seconds is 0;"):
        TrainConfig(**given)
