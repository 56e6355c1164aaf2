import pytest
import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode

from ml.data.batching import load
from ml.errors import TrainingDiverged
from ml.runtime import seeded
from ml.training.steps import Losses, take_steps
from tests.ml.synchronisations import Synchronisations
from tests.ml.worlds import CONTRACT, data_for, small


def begin(method: str):
    """A model after on_fit_start, its optimizers and two batches."""
    model, data = small(method), data_for(method)
    with seeded(0, 0) as generator:
        model.on_fit_start(data, generator)
        model.train()
        optimizers = model.optimizers()
        parts = zip(range(2), model.batches(data, generator), strict=False) if optimizers else ()
        return model, optimizers, [batch for _, batch in parts]


@pytest.mark.parametrize("method", CONTRACT)
def test_a_step_reads_nothing_on_the_host(method):
    model, optimizers, batches = begin(method)

    with seeded(0, 1), Synchronisations() as synchronisations, synchronisations.optimizers_apart():
        losses = [loss for batch in batches for loss in take_steps(model, optimizers, load(batch, model.device))]

    assert synchronisations.counts == {}
    assert bool(losses) == bool(optimizers)


# A fake of lightgcn's sparse graph cannot be made without a card.
@pytest.mark.parametrize("method", [name for name in CONTRACT if name != "lightgcn"])
def test_objectives_compute_on_a_gpu_without_reading_from_it(method):
    model, _, batches = begin(method)
    batches = [load(batch, model.device) for batch in batches]

    with FakeTensorMode(allow_non_fake_inputs=True):  # of each tensor no values, but device and shape
        for module in model.modules():
            for name, tensor in vars(module).items():
                if isinstance(tensor, Tensor):
                    setattr(module, name, on_gpu(tensor))
            for name, parameter in module.named_parameters(recurse=False):
                module.register_parameter(name, nn.Parameter(on_gpu(parameter), parameter.requires_grad))
            for name, buffer in module.named_buffers(recurse=False):
                module.register_buffer(name, on_gpu(buffer))
        losses = [loss for batch in batches for _, loss, *_ in model.objectives(tuple(map(on_gpu, batch)))]

    assert all(loss.device.type == "cuda" for loss in losses)


def on_gpu(tensor: Tensor) -> Tensor:
    return torch.empty_strided(tensor.size(), tensor.stride(), dtype=tensor.dtype, device="cuda")


def test_what_waits_for_a_gpu_is_counted():
    values = torch.arange(4.0)

    with Synchronisations() as synchronisations:
        values.sum().item()
        values[values > 1].unique()
        bool(values[0] == 0)

    assert sum(synchronisations.counts.values()) == 4


def test_without_an_update_a_step_leaves_gradients_and_weights():
    model, optimizers, (batch,) = begin("bpr-mf")
    before = model.v.detach().clone()

    losses = dict(take_steps(model, optimizers, load(batch, model.device), update=False))

    assert set(losses) == {"all"} and not losses["all"].requires_grad
    assert torch.equal(model.v, before) and model.v.grad.any()


def test_losses_are_read_together_and_each_once():
    losses = Losses("vae", 3)
    for batch, value in enumerate((1.0, 2.0, 6.0)):
        losses.add("network", batch, torch.tensor(value))
        losses.add("network/kl", batch, torch.tensor(-value))
    losses.read()
    losses.add("network", 4, torch.tensor(7.0))

    assert losses.means == {"network": 3.0, "network/kl": -3.0}
    losses.read()
    assert losses.means == {"network": 4.0, "network/kl": -3.0}


def test_a_loss_is_not_read_when_it_is_added():
    Losses("vae", 1).add("network", 1, torch.empty((), device="meta"))  # which has no value that could be read


def test_the_first_loss_that_is_no_number_is_named():
    losses = Losses("vae", 3)
    for batch, value in enumerate((1.0, torch.inf, torch.nan), start=7):
        losses.add("network", batch, torch.tensor(value))

    with pytest.raises(TrainingDiverged, match=r"^vae, network: loss inf at epoch 3, batch 8$"):
        losses.read()
