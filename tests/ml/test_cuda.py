"""What only a CUDA card can show; `make gpu` runs it, without any service. Skipped where there is no card."""

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from ml.data import images as images_module
from ml.data.batching import load
from ml.data.images import ImageArray
from ml.runtime import seeded
from ml.training.loop import TrainConfig, fit
from ml.training.steps import take_steps
from tests.ml.worlds import CONTRACT, data_for, exhaust, small

pytestmark = [
    pytest.mark.cuda,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA card"),
]
CUDA = torch.device("cuda")
TRAINED = [name for name in CONTRACT if name not in ("squeezenet1_1", "inception-bpr") and small(name).optimizers()]


def random_images() -> ImageArray:
    return ImageArray(np.random.default_rng(0).integers(256, size=(50, 8, 6, 3), dtype=np.uint8))


@pytest.mark.parametrize("share", [1.0, 0.0])
def test_images_on_the_card_are_those_of_the_array_whether_they_stay_there_or_not(share, monkeypatch):
    monkeypatch.setattr(images_module, "RESIDENT_SHARE", share)
    images, chosen = random_images(), torch.tensor([49, 3, 3])

    batch = images.batch(chosen, CUDA)

    assert batch.device.type == "cuda"
    assert_close(batch.cpu(), images.batch(chosen))


@pytest.mark.parametrize("method", TRAINED)
def test_a_step_waits_for_nothing(method):
    model, data = small(method).to(CUDA), data_for(method)
    with seeded(0, 0) as generator:
        model.on_fit_start(data, generator)
        model.to(CUDA).train()
        optimizers = model.optimizers()
        loaded = load(next(iter(model.batches(data, generator))), CUDA)
        exhaust(take_steps(model, optimizers, loaded))  # libraries set themselves up in a first step
        torch.cuda.set_sync_debug_mode("error")
        try:
            losses = exhaust(take_steps(model, optimizers, loaded))
        finally:
            torch.cuda.set_sync_debug_mode("default")

    assert losses


@pytest.mark.parametrize("method", TRAINED)
def test_a_training_on_the_card_resumes_near_where_an_uninterrupted_one_ends(method, tmp_path):
    data, config = data_for(method), TrainConfig(epochs=2)
    whole, resumed = small(method), small(method)

    *_, last = fit(whole, data, config)
    next(fit(small(method), data, config, folder=tmp_path))
    *_, again = fit(resumed, data, config, folder=tmp_path)

    assert whole.device.type == "cuda"
    assert again.number == last.number == 2
    for name, loss in last.losses.items():
        assert again.losses[name] == pytest.approx(loss, rel=0.05), name
